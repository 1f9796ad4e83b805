"""What a line that is no request tells: an event, a part of a stack trace, how long something took. Knows no pane or topic."""

import re

from streams.core import events, samples, stacks
from streams.core.events import frames
from streams.core.events.any_of import any_of
from streams.core.events.frames import Piece, Role
from streams.core.masking import mask
from streams.core.traces import HELD, Line, Trace
from streams.core.values import Event, EventKind, Sample

OPENER = "Traceback (most recent call last)"
_STRAY = Line("", piece=Piece(Role.MORE))
_may_tell = any_of((*events.NEEDLES, *samples.NEEDLES, OPENER))
_HEAD = re.compile(
    r"([A-Z], \[[0-9T:. -]++(?: ?#[0-9]++)?+\] ++[A-Z]++ -- [^:\n]*+: ?+)?+"  # Ruby's Logger
    r"((?:\[[A-Za-z0-9_-]{4,60}\](?: |$))*+)"  # tags, such as a request's id
).match


def look(text: str, provider: str, trace: Trace | None) -> Line | Sample | None:
    """Return what a line that is not blank tells by itself, or to the open trace of its instance; None for most."""
    if trace is None:
        if text[0] in " \t" and frames.is_stray(text):
            return _STRAY
        if not _may_tell(text):
            return None
        piece = frames.read(text) if OPENER in text else None
    else:
        piece = _piece(text, trace)
    if sample := samples.recognise(text):
        return sample
    if piece is not None:
        return Line(text, piece=piece)
    event = events.recognise(text, provider)
    if event is None and trace is not None and not trace.event.about and text.startswith("  "):
        named = events.recognise(text.strip(), provider)  # within a logger's message
        event = named if named is not None and named.about and named.event in HELD else None
    if event is None and "\n" in text and OPENER in text:
        event = Event(EventKind.APP_ERROR, "", mask(text))
    if event is not None and ("\n" in text or "tra" in text or "stack" in text or text[0] == "{"):
        event = stacks.unfolded(event, text)
    return None if event is None and trace is None else Line(text, event)


def beside(text: str, provider: str) -> Line | None:
    """Return what a line that is part of a request tells besides: Rails tells an error and its request in one line."""
    event = events.recognise(text, provider)
    return None if event is None else Line(text, event)


def _piece(text: str, trace: Trace) -> Piece | None:
    """Return what a line is to an open trace: as it is, or behind what a logger writes before each line."""
    if found := frames.read(text, trace.speech):
        return found
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
