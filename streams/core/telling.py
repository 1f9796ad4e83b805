"""What a line that is no request tells: an event, a part of a stack trace, how long something took. Knows no pane or topic."""

from functools import lru_cache

from streams.core import events, regex, samples, stacks
from streams.core.events import errors, frames, servers
from streams.core.events.any_of import any_of
from streams.core.events.frames import Piece, Role
from streams.core.events.sign import External
from streams.core.masking import mask
from streams.core.traces import HELD, Line, Trace
from streams.core.values import Event, EventKind, Sample

OPENER = "Traceback (most recent call last)"
_TOLD_CHARS = max(events.READ_CHARS, samples.READ_CHARS)  # what stands behind is read in a traceback alone
STRAY = Line("", piece=Piece(Role.MORE))
_may_tell = any_of((*events.NEEDLES, *samples.NEEDLES, OPENER))
_HEAD = regex.compiled(
    r"([A-Z], \[[0-9T:. -]++(?: ?#[0-9]++)?+\] ++[A-Z]++ -- [^:\n]*+: ?+"  # Ruby's Logger
    r"|[0-9][0-9T:.-]{18,28}Z (?:pid=)?+[0-9]++ (?:tid=|TID-)[^ \n]++ (?:[a-z]++=[^ \n]++ )*+[A-Z]++: "  # Sidekiq's
    r"|\[[0-9][0-9 ,:-]{18,24}: WARNING/[A-Za-z0-9_-]++\] )?+"  # Celery's, of what a job printed
    r"((?:\[[A-Za-z0-9_-]{4,60}\](?: |$))*+)"  # tags, such as a request's id
).match


def look(text: str, provider: str, trace: Trace | None, external: tuple[External, ...] = ()) -> Line | Sample | None:
    """Return what a line that is not blank tells by itself, or to the open trace of its instance; None for most."""
    if trace is None and not external and len(text) <= events.REPEATED_CHARS:
        return _remembered(text, provider)
    return _look(text, provider, trace, external)


def _look(text: str, provider: str, trace: Trace | None, external: tuple[External, ...]) -> Line | Sample | None:
    if trace is None:
        if text[0] in " \t" and frames.is_stray(text):
            return STRAY
        if not external and not _may_tell(text[:_TOLD_CHARS]) and (len(text) <= _TOLD_CHARS or OPENER not in text):
            return None
        piece = frames.read(text) if OPENER in text else None
    else:
        piece = _piece(text, trace)
    if piece is not None:
        cause = events.recognise(text.strip(), provider) if piece.role is Role.MORE else None  # want of memory is told at once
        return Line(text, cause, None if cause is not None and cause.event is EventKind.OOM else piece)
    text = text if trace is None or trace.named else _unheaded(text, trace)
    if sample := samples.recognise(text):
        return sample
    event = _failing(text, external) or events.recognise(text, provider) or _within(text, provider, trace)
    if event is None:
        return _doubtful(text, trace)
    return Line(text, stacks.unfolded(event, text) if _may_hold_a_stack(text) else event)


@lru_cache(events.REMEMBERED)
def _remembered(text: str, provider: str) -> Line | Sample | None:
    """Look at a line by itself; checks and errors repeat word for word."""
    return _look(text, provider, None, ())


def _within(text: str, provider: str, trace: Trace | None) -> Event | None:
    """Return what is told further inside a message: an error within a logger's, a traceback behind real line ends."""
    if "\n" in text and OPENER in text:
        return Event(EventKind.APP_ERROR, "", mask(text))
    if trace is None or trace.event.about or not text.startswith("  "):
        return None
    event = events.recognise(text.strip(), provider)
    return event if event is not None and event.about and event.event in HELD else None


def _may_hold_a_stack(text: str) -> bool:
    return text[0] == "{" or "\n" in text or "tra" in text or "stack" in text


def _untagged(text: str, trace: Trace) -> str:
    """Return a line of an error's own message without the tag that Rails writes before each of its lines."""
    head = _HEAD(text)
    own = head is not None and head[1] is None and head[2] and head[2].strip() in trace.event.evidence
    return text[head.end() :] if head is not None and own else text


def _unheaded(text: str, trace: Trace) -> str:
    """Return a line of a traceback that has a logger's head before each line, as its first one, without that."""
    head, began = _HEAD(text), _HEAD(trace.event.evidence)
    own = head is not None and head[1] and began is not None and began[1]
    return text[head.end(1) :] if head is not None and own else text


def _doubtful(text: str, trace: Trace | None) -> Line | None:
    """Return what words that name an error are: an error if frames follow, in the same text or below."""
    about = errors.in_words(text)
    if about is None:
        return None if trace is None else Line(_untagged(text, trace))
    if "\n" in text:
        event = stacks.unfolded(Event(EventKind.APP_ERROR, about, mask(text)), text)
        if event.first_frame is not None:
            return Line(text, event)
    return Line(text if trace is None else _untagged(text, trace), piece=Piece(Role.DOUBT, about))


def _failing(text: str, external: tuple[External, ...]) -> Event | None:
    """Return that one of the user's own services fails, the first in their order."""
    service = next((service for service in external if service.match(text)), None)
    return None if service is None else Event(EventKind.EXTERNAL_API, service.name, mask(text))


def beside(text: str, provider: str) -> Line | None:
    """Return what a line that is part of a request tells besides: Rails tells an error and its request in one line."""
    event = events.recognise(text, provider)
    return None if event is None else Line(text, event)


def _piece(text: str, trace: Trace) -> Piece | None:
    """Return what a line is to an open trace: as it is, or behind what a logger writes before each line."""
    if found := frames.read(text, trace.speech):
        return found
    if (inner := servers.body(text)) != text:
        return frames.read(inner, trace.speech) if servers.is_whole(trace.event.evidence) else None
    head = _HEAD(text)
    if head is None or not head.end():
        return None
    logger, tags = head.groups()
    body = text[head.end() :]
    if body and not body.isspace():
        return frames.read(body, trace.speech)
    if logger is None or (trace.event.about and trace.first is None and tags.strip() in trace.event.evidence):
        return Piece(Role.MORE)  # a blank line of the message; else a message that begins with one
    return None
