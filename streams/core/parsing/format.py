"""What a request format is. Knows no single format, app or topic."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, Protocol, cast

from msgspec import Struct, structs

from streams.core import regex

Number = str | float | None  # as written: a text, or a number of a JSON document
Table = tuple[Sequence[Any], ...]  # rows turned to seven columns, in the order of ``Row.groups``
Texts = tuple[str | None, str | None, str | None, str | None, str | None, Number, Number]


class Row(Protocol):
    """A recognised line: a ``re.Match`` of seven groups, or a typed JSON document with the same method."""

    def groups(self) -> Texts:
        """Return (client_ip, method, target, status, agent, duration, stamp) as the line writes them.

        None, '' or '-' where the line does not say. The status is text, also from JSON. The agent is the client's
        User-Agent. The duration is a number in the format's unit, the stamp in the format's notation.
        """
        ...


class Fields(Struct, frozen=True, gc=False):
    """A row that a tolerant format has put together itself."""

    client_ip: str | None
    method: str | None
    target: str | None
    status: str | None
    duration: Number
    stamp: Number
    agent: str | None = None

    def groups(self) -> Texts:
        """Return the seven fields."""
        return self.client_ip, self.method, self.target, self.status, self.agent, self.duration, self.stamp


DIGITS = "0123456789"
ADDRESS = f"{DIGITS}abcdef:"  # what an address of the internet can begin with
UNKNOWN = ("", "-", None)  # how a line writes what it does not know
LINE_ENDS = ("\n", "\r")
Match = Callable[[str], Row | None]


class Taken(Struct, frozen=True, gc=False):
    """What a format reads of many lines at once: the table of those that it takes, the numbers of those that it refuses."""

    table: Table
    refused: Sequence[int] = ()


Run = Callable[[Sequence[str]], Taken | None]


class Format(Struct, frozen=True):
    """One request format: how to recognise a message, and how to read what it wrote.

    A format is strict: it answers only for a whole message (``fullmatch``) that is surely its own, in time linear in the
    length, and no message belongs to two formats. What it refuses, a later and more tolerant format may take.
    """

    name: str
    match: Match
    why: str  # the reason for its place in the table
    unit_ms: float = 0.0  # what 1 in the duration column is in ms; 0: the format has no duration
    stamp_ms: Callable[[str | float], int | None] | None = None  # reads the line's own stamp; None: it has none
    needle: str = ""  # what every message of this format contains: most lines are turned away by it
    searches: bool = False  # it finds its request inside a text, an envelope too: that has to come off first
    begins: str = ""  # the characters that its messages can begin with; none: any. Its pattern holds to them
    run: Run | None = None  # reads many lines at once, as ``match`` would each; None of them: they are to be asked one by one


def says(*fields: str | None) -> bool:
    """Tell whether a row's method, target or status is written: a line without any of them is no request."""
    return any(field not in UNKNOWN for field in fields)


def fullmatch(pattern: str) -> Match:
    """Compile a verbose pattern with the seven groups of ``Row.groups`` into its matcher (pattern spaces are ignored)."""
    compiled = regex.compiled(pattern, re.VERBOSE)
    if compiled.groups != 7:
        raise ValueError(f"a format has 7 groups, this pattern has {compiled.groups}")
    return cast("Match", compiled.fullmatch)  # seven groups: typeshed knows only "a tuple of texts"


def otherwise(tolerant: Match, strict: tuple[Format, ...]) -> Match:
    """Let a tolerant format refuse what strict ones take.

    So no line belongs to two formats, and an instance does not stay with the slow format for one odd line.
    """
    return _unless(_taking(strict), tolerant)


def yielding(tolerant: tuple[Format, ...], strict: tuple[Format, ...]) -> tuple[Format, ...]:
    """Let formats refuse what strict ones of another family take; a text that is asked of all of them is asked once."""
    taken = lru_cache(maxsize=1)(_taking(strict))
    return tuple(structs.replace(fmt, match=_unless(taken, fmt.match)) for fmt in tolerant)


def _taking(formats: tuple[Format, ...]) -> Callable[[str], bool]:
    """Return what tells whether one of some formats takes a text; neighbours with one needle are turned away together."""
    several = tuple((needle, tuple(rows)) for needle, rows in groupby(formats, key=lambda row: row.needle))

    def taken(text: str) -> bool:
        return any(
            needle in text and any(fmt.match(text) for fmt in rows if not fmt.begins or text[:1] in fmt.begins)
            for needle, rows in several
        )

    return taken


def _unless(taken: Callable[[str], bool], tolerant: Match) -> Match:
    return clean(lambda text: None if taken(text) else tolerant(text))


def clean(match: Match) -> Match:
    """Let a format refuse a message with colours or a line end: what it says is read when they are gone."""

    def matched(text: str) -> Row | None:
        return None if "\x1b" in text or text[-1:] in LINE_ENDS else match(text)

    return matched
