"""Stack traces told over several lines: follows the open one of an instance. Knows no words, envelope or clock.

An error is told once its trace has ended, with its first and its top frame: at a line that is none of it, when it grew
too long, or when nothing more came for a while. Values only, so that an open trace survives a crash.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from streams.core import regex
from streams.core.events import below, frames
from streams.core.events.frames import Piece, Role, Speech, is_own
from streams.core.events.servers import body, is_whole
from streams.core.masking import mask
from streams.core.values import Event, EventKind

AGE_MS = 2_000  # a trace to which nothing was added for so long has ended
LINES = 2_000  # a trace of more has ended, too
FOLDED_LINES = 250  # of an error that is all in one line: more do not fit, unless they are shorter than frames are
# What an error can be; all else happens at once, and interrupts no trace.
HELD = frozenset({EventKind.APP_ERROR, EventKind.DB_CONNECTION, EventKind.TIMEOUT, EventKind.EXTERNAL_API})
_NAMED = regex.compiled(r"(?: *+\| )?+([A-Za-z_][A-Za-z0-9_.]{0,120})(?:$|:(?: |$))").match  # as Python names an error


class Place(Struct, frozen=True, gc=False):
    """Where a line stands: in a record, in time, or in a file."""

    id: str = ""
    at_ms: int | None = None  # by its own stamp
    seen_ms: int = 0  # by the clock when it came
    pane_ms: int = 0
    region: str = ""
    line: int | None = None


_NOWHERE = Place()


class Told(Struct, frozen=True, gc=False):
    """An event that can be told now, and the line that names it."""

    event: Event
    place: Place
    started_line: int | None = None  # where its trace began, if that was another line


class Trace(Struct, frozen=True, gc=False):
    """An error whose frames may still come."""

    event: Event
    place: Place
    began: Place
    last: Place
    lines: int = 1
    named: bool = True  # a line has named the error; else it is known by its beginning alone
    doubtful: bool = False  # it is an error only if frames follow
    goes_on: bool = False  # what the error says comes in the next line
    chained: bool = False  # another error is announced
    before: Told | None = None  # what a logger said just before: one with this if frames follow
    speech: Speech = Speech.ANY
    first: str | None = None
    top: str | None = None
    own: bool = False  # whether ``top`` is the app's own code
    held: str = ""  # a function whose place is still to come


class Line(Struct, frozen=True, gc=False):
    """A line as far as traces care: what it says by itself, and what it is to an open trace."""

    text: str
    event: Event | None = None
    piece: Piece | None = None


class Followed(Struct, frozen=True, gc=False):
    """What a line did: the trace that is open now, events that can be told, and whether the line was a part."""

    trace: Trace | None
    told: tuple[Told, ...] = ()
    part: bool = False


def follow(trace: Trace | None, line: Line, place: Place) -> Followed:
    """Take a line in that is no request."""
    if trace is None:
        return _begin(line, place)
    if _aged(trace, place):
        began = _begin(line, place)
        return structs.replace(began, told=(*ended(trace), *began.told))
    if line.event is not None and line.event.event not in HELD and line.piece is None:
        return Followed(trace, (Told(line.event, place),))
    grown = _grown(trace, line, place)
    if grown is None:
        before = Told(trace.event, trace.place) if _may_be_one(trace, line) else None
        began = _begin(line, place, before)
        return began if before else structs.replace(began, told=(*ended(trace), *began.told))
    if line.event is not None and grown.place is not place:
        grown = _caused(structs.replace(grown, doubtful=False), line.event)
    grown = structs.replace(grown, lines=grown.lines + 1, last=place)
    part = grown.place is not place
    return Followed(None, ended(grown), part) if grown.lines >= LINES else Followed(grown, (), part)


def is_over(trace: Trace, clock_ms: int) -> bool:
    """Tell whether nothing was added for so long that nothing more will be."""
    return clock_ms - trace.last.seen_ms >= AGE_MS


def ended(trace: Trace) -> tuple[Told, ...]:
    """Return what an open trace tells in the end: the error, and before it a logger's line that turned out not to be of it."""
    if (trace := _placed(trace)).doubtful and trace.first is None:
        return () if trace.before is None else (trace.before,)
    event, began, lines, before = trace.event, trace.began, trace.lines, trace.before
    if before is not None and trace.first is not None:  # frames followed: one error in two lines
        kind = before.event.event if event.event is EventKind.APP_ERROR else event.event
        event = structs.replace(event if trace.named else before.event, event=kind, about=event.about or before.event.about)
        began, lines, before = before.place, lines + before.event.lines, None
    started = None if began.line == trace.place.line else began.line
    event = structs.replace(event, lines=lines, **_frames(trace))
    error = Told(event, trace.place, started)
    return (error,) if before is None else (before, error)


def folded(event: Event, lines: Sequence[str]) -> Event:
    """Return an event with the frames that a text of several lines tells."""
    trace = Trace(event, _NOWHERE, _NOWHERE, _NOWHERE)
    for text in lines[:FOLDED_LINES]:
        piece = frames.read(text, trace.speech)
        if piece is not None and piece.role is Role.OPENER:
            trace = structs.replace(trace, speech=piece.speech, top=None, own=False)
        elif piece is not None:
            trace = _pieced(trace, piece, Line(text), _NOWHERE) or trace
    trace = _placed(trace)
    return event if trace.first is None else structs.replace(event, **_frames(trace))


def _begin(line: Line, place: Place, before: Told | None = None) -> Followed:
    event, piece = line.event, line.piece
    if piece is not None and piece.role is Role.OPENER:
        unnamed = Event(EventKind.APP_ERROR, "", mask(line.text))
        return Followed(structs.replace(_opened(unnamed, place), named=False, speech=piece.speech), (), part=True)
    if piece is not None and piece.role is Role.DOUBT:
        worded = _opened(Event(EventKind.APP_ERROR, piece.text, mask(line.text)), place, before)
        return Followed(structs.replace(worded, doubtful=True), (), part=True)
    if event is None:
        return Followed(None, (), part=piece is not None)
    return Followed(_opened(event, place, before)) if event.event in HELD else Followed(None, (Told(event, place),))


def _opened(event: Event, place: Place, before: Told | None = None) -> Trace:
    first, top = event.first_frame, event.top_frame
    own, said = top is not None and is_own(top), event.evidence.rstrip()
    goes_on, speech = below.goes_on(said, located=first is not None), below.speech(said)
    return Trace(event, place, place, place, before=before, goes_on=goes_on, speech=speech, first=first, top=top, own=own)


def _aged(trace: Trace, place: Place) -> bool:
    """Tell by the stamps of two lines whether they are too far apart to be one trace, however they were cut into records."""
    return place.at_ms is not None and trace.last.at_ms is not None and place.at_ms - trace.last.at_ms >= AGE_MS


def _may_be_one(trace: Trace, line: Line) -> bool:
    """Tell whether a logger's line and an error by its class may be one: what follows will tell. Servers' lines are whole."""
    begun = trace.lines == 1 and trace.first is None and trace.before is None and not trace.event.about
    named = line.piece is not None and line.piece.role is Role.DOUBT if line.event is None else line.event.about
    return begun and bool(named) and not is_whole(line.text) and not is_whole(trace.event.evidence)


def _grown(trace: Trace, line: Line, place: Place) -> Trace | None:
    """Return the trace with a line added, None when it is none of it."""
    text, event = body(line.text), line.event
    if line.piece is not None and line.piece.role is not Role.DOUBT:
        return _pieced(trace, line.piece, line, place)
    if not trace.named and trace.first is not None and (found := _NAMED(text)):
        named = event or Event(EventKind.APP_ERROR, found[1], mask(text))
        return structs.replace(trace, event=structs.replace(named, about=found[1]), place=place, named=True)
    if trace.goes_on and not text.startswith(("[", "{")):  # Rust, Prisma, Rails: what it says comes below
        said = structs.replace(trace.event, evidence=mask(f"{trace.event.evidence.rstrip()} {text.strip()}"))
        return structs.replace(trace, event=said, goes_on=trace.first is None and below.still(said.evidence, trace.lines))
    if event is not None and text.lstrip().startswith("** (") and not trace.event.about:
        return structs.replace(trace, event=event, place=place)  # Elixir: of the same message
    if not text.startswith(("  ", "\t")):
        more = event is None and trace.first is None and below.is_message(trace.event.evidence, text, trace.lines)
        return trace if more else None
    return trace if event is None else _renamed(trace, event, place)


def _renamed(trace: Trace, event: Event, place: Place) -> Trace:
    """An error told within a logger's message gives it its name, if it has none yet."""
    if trace.event.about or not event.about or trace.first is not None:
        return trace
    return structs.replace(trace, event=event, place=place)


def _caused(trace: Trace, cause: Event) -> Trace:
    """An app's error that a database caused is the database's failure, by the app's own name for it."""
    if cause.event is not EventKind.DB_CONNECTION or trace.event.event is not EventKind.APP_ERROR:
        return trace
    return structs.replace(trace, event=structs.replace(trace.event, event=cause.event))


def _pieced(trace: Trace, piece: Piece, line: Line, place: Place) -> Trace | None:
    if piece.role is Role.OPENER:
        return _reopened(trace, line, place)
    chained = trace.chained or (piece.role is Role.MORE and piece.speech is Speech.PYTHON)
    trace = structs.replace(trace, goes_on=line.text == "Caused by:", chained=chained, speech=piece.speech or trace.speech)
    match piece.role:
        case Role.NAME:
            return structs.replace(_placed(trace), held=piece.text)
        case Role.PLACE:
            return _framed(structs.replace(trace, held=""), f"{trace.held} {piece.text}".strip())
        case Role.FRAME:
            return _framed(_placed(trace), piece.text)
    return trace


def _reopened(trace: Trace, line: Line, place: Place) -> Trace | None:
    """A traceback after a logger's line, or after an error in whose handling another one happened; else it is a new one."""
    if trace.chained:
        return structs.replace(trace, top=None, own=False, named=False, chained=False)
    if trace.first is not None:
        return trace if line.text.startswith(" ") else None  # within a group of errors
    if trace.before is not None or is_whole(trace.event.evidence) is not is_whole(line.text):
        return None
    before = Told(structs.replace(trace.event, lines=trace.lines), trace.began)
    unnamed = Event(EventKind.APP_ERROR, "", mask(line.text))
    return Trace(unnamed, place, place, place, lines=0, named=False, before=before, speech=Speech.PYTHON)


def _placed(trace: Trace) -> Trace:
    """A function whose place nobody told is a frame all the same, where functions are told so."""
    if not trace.held:
        return trace
    frame, trace = trace.held, structs.replace(trace, held="")
    return trace if trace.speech is Speech.ANY else _framed(trace, frame)


def _framed(trace: Trace, frame: str) -> Trace:
    own = is_own(frame)
    last_counts = trace.speech is Speech.PYTHON
    better = trace.top is None or (own and not trace.own) or (last_counts and own is trace.own)
    first = frame if trace.first is None else trace.first
    return structs.replace(trace, first=first, top=frame if better else trace.top, own=own if better else trace.own)


def _frames(trace: Trace) -> dict[str, str | None]:
    named = {"first_frame": trace.first, "top_frame": trace.top}
    return {name: None if frame is None else mask(frame) for name, frame in named.items()}
