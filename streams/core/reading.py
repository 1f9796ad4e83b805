"""Reads one line: what the batch path says of a column, said of a single line. Knows no envelope, pane or topic."""

from msgspec import structs

from streams.core import parsing, probed, stamps, telling
from streams.core.envelopes import containers
from streams.core.events.sign import External
from streams.core.joins import Fragment, Joins
from streams.core.lines import ANSI
from streams.core.parsing import parts, pretty, w3c
from streams.core.parsing.format import Fields, Format, Row
from streams.core.traces import Line as Seen
from streams.core.traces import Place, Told
from streams.core.values import Line, Parsed, Reading, Reason, Request, Skipped

# A request told over several lines is a row like any other once it is complete; no text is ever recognised as one.
JOINED = Format("joined", match=lambda _: None, why="made by joins, never matched", unit_ms=1.0, stamp_ms=int)
# Short lines that are neither a request nor a part of one, and begin no block: checks and errors repeat word for word.
# Changes no result.
_NEITHER: dict[str, Skipped] = {}
_KNOWN_LINES, _KNOWN_CHARS = 4_096, 300
neither = _NEITHER.get  # of a text as it is: why no format takes it, None where that is not known
_EMPTY, _UNRECOGNISED, _PART = Skipped(Reason.EMPTY), Skipped(Reason.UNRECOGNISED), Skipped(Reason.PART)


def parse(
    line: Line,
    joins: Joins,
    number: int = 0,
    chars: int = 16_384,
    own: tuple[Format, ...] = (),
    external: tuple[External, ...] = (),
) -> Parsed:
    """Read a line; ``joins`` holds what its instance has open, ``number`` is the caller's line number.

    What a line says by itself is returned. An error is told once its stack trace has ended, which the line after it may
    do: ``joins.told`` is what can be told now. ``own`` are the user's own formats, ``external``
    the user's own services.
    """
    joins.told = ()
    at_ms = None if line.stamp is None else stamps.ms(line.stamp)
    place = Place(at_ms=at_ms, region=line.region, line=number)
    if line.provider == probed.PROVIDER:
        return _probed(line.text[:chars], joins, place)
    return _said(cleaned(line.text, chars)[0], line.provider, joins, place, own, external)


def _probed(text: str, joins: Joins, place: Place) -> Reading | Skipped:
    found = probed.read(text)
    if isinstance(found, Reading) and found.event is not None:
        joins.told = (Told(found.event, place),)
    return found


def _said(
    text: str, provider: str, joins: Joins, place: Place, own: tuple[Format, ...], external: tuple[External, ...]
) -> Parsed:  # fmt: skip
    part = what(text)
    if isinstance(part, tuple):
        return parsing.request(part[0], part[1].groups(), place.at_ms)
    if not isinstance(part, Skipped):
        if besides := telling.beside(text, provider):
            joins.follow(besides, place)
        return joined(part, place.at_ms, joins, place.line or 0)
    if in_block := _in_block(text, joins, place):
        return in_block
    if told := w3c.row(joins.heading, text):
        return parsing.request(w3c.HEADED, told.groups(), place.at_ms)
    if found := recognise_own(text, own):
        return parsing.request(found[0], found[1].groups(), place.at_ms)
    seen = None if part is _EMPTY else telling.look(text, provider, joins.trace, external)
    return (joins.follow(seen, place) if isinstance(seen, Seen) else seen) or part


def _in_block(text: str, joins: Joins, place: Place) -> Request | Skipped | None:
    followed = pretty.follow(joins.block, text)
    if followed is None:
        return None
    block = followed.block
    joins.block = block if block is None or block.at_ms is not None else structs.replace(block, at_ms=place.at_ms)
    if followed.said is None:
        return _PART if followed.part else None
    return joined(followed.said, place.at_ms, joins, place.line or 0)


def cleaned(raw: str, chars: int) -> tuple[str, bool]:
    """Return a message without line end, ANSI colours and its process's name, cut to ``chars``; and whether it was cut."""
    text = raw.rstrip("\r\n")
    if "\x1b" in text:
        text = ANSI.sub("", text)
    text = containers.unnamed(text)
    return text[:chars], len(text) > chars


def what(text: str) -> tuple[Format, Row] | Fragment | Skipped:
    """Return what a message is: a request and its format, a part of one, or neither; the latter is remembered."""
    known = _NEITHER.get(text)
    if known is not None:
        return known
    found = parsing.recognise(text) or fragment(text)
    if isinstance(found, Skipped) and len(text) <= _KNOWN_CHARS and pretty.follow(None, text) is None:
        if len(_NEITHER) >= _KNOWN_LINES:
            _NEITHER.clear()
        _NEITHER[text] = found
    return found


def fragment(text: str) -> Fragment | Skipped:
    """Read a message that no format knows: a part of a request told over several lines, or nothing."""
    if not text or text.isspace():
        return _EMPTY
    return parts.fragment(text) or _UNRECOGNISED


def recognise_own(text: str, own: tuple[Format, ...]) -> tuple[Format, Row] | None:
    """Return the first of the user's own formats that takes a message which nothing else takes."""
    return next(((fmt, row) for fmt in own if (row := fmt.match(text))), None)


def joined(part: Fragment, at_ms: int | None, joins: Joins, number: int = 0) -> Request | Skipped:
    """Join a part to the open requests of its instance; a request when this completes it."""
    found = joins.take(part, at_ms, number)
    return found if isinstance(found, Request) else Skipped(found)


def row(request: Request) -> Row:
    """Return a joined request as a row of texts; its last one is the stamp in ms, for lines without an envelope."""
    status = None if request.status is None else str(request.status)
    return Fields(request.client_ip, request.method, request.target, status, request.duration_ms, request.at_ms, request.agent)
