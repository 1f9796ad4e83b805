"""The extended log file format of W3C: IIS and others whose ``#Fields`` line names the columns. Knows no envelope.

The names hold for the lines behind them, so they are state of the instance (``streams.core.joins``). A line without them is
read when it fits one of the orders in which IIS writes as it was installed.
"""

from functools import lru_cache
from itertools import islice

from msgspec import Struct

from streams.core import regex
from streams.core.headings import Heading
from streams.core.joins import Fragment, Kind
from streams.core.parsing import request_line
from streams.core.parsing.durations import UNITS_MS
from streams.core.parsing.format import DIGITS, Fields, Format, Row, clean, says
from streams.core.parsing.stamps import iso_ms

_NEEDLE = " /"
_FIELDS = "#Fields:"
_DATED = regex.compiled(r"#Date:\s*+(([0-9]{4}-[0-9]{2}-[0-9]{2})\b(?: [0-9:]{8})?+)[^\n]*+").fullmatch
_MOST_COLUMNS, _MOST_CHARS = 100, 4_096
_COLUMNS = regex.compiled(r'"[^"]*+"|[^ ]++').finditer
_DATE = regex.compiled(r"[0-9]{4}([-./])[0-9]{2}\1[0-9]{2}").fullmatch
_CLOCK = regex.compiled(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?+").fullmatch
_STATUS = regex.compiled(r"[0-9]{1,3}|-").fullmatch
_NUMBER = regex.compiled(r"[0-9]++(?:\.[0-9]++)?+|-").fullmatch
_TOOK = regex.compiled(r"([0-9]++(?:\.[0-9]++)?+)(ms|s)?+|-").fullmatch
_PORT = regex.compiled(r"[0-9]{1,5}|-").fullmatch
_ADDRESS = regex.compiled(r"[0-9A-Fa-f:]*[.:][0-9A-Fa-f.:]*+(?:%[0-9A-Za-z]++)?+|-").fullmatch
_METHOD = regex.compiled(r"[A-Z][A-Z_-]*+|-").fullmatch
_TARGET = regex.compiled(r"(?:/|\*|https?://|-$)[^ \n]*+").fullmatch

# What a column must look like where its name says it; a line that does not is none of this layout.
_LOOKS = {
    "date": _DATE,
    "time": _CLOCK,
    "sc-status": _STATUS,
    "sc-substatus": _NUMBER,
    "sc-win32-status": _NUMBER,
    "sc-bytes": _NUMBER,
    "cs-bytes": _NUMBER,
    "time-taken": _TOOK,
    "s-port": _PORT,
    "c-ip": _ADDRESS,
    "s-ip": _ADDRESS,
    "cs-method": _METHOD,
    "cs-uri-stem": _TARGET,
}
# Servers of other protocols write this format, too: their layouts have one of these, or their commands for a method.
_NOT_HTTP = {"x-session", "x-fullpath", "cs-context"}
_COMMANDS = {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT", "USER", "PASS", "RETR", "STOR"}
# The standard counts seconds. IIS counts ms, and names one of these columns; seconds with a point are seconds anywhere.
_COUNTS_MS = {
    *("sc-win32-status", "sc-substatus", "s-sitename", "s-computername", "s-port", "cs-username", "s-action"),
    *("cs-version", "cs-host"),
}
_CLIENTS = ("c-ip", "x-client-ip", "cs(x-forwarded-for)", "x-forwarded-for", "c-dns")


class Layout(Struct, frozen=True):
    """The names of the columns, and what 1 in ``time-taken`` is."""

    names: tuple[str, ...]
    unit_ms: float

    def row(self, columns: list[str], date: str = "") -> Row | None:
        """Return the row of a line's columns; None when they do not fit. ``date`` is that of lines that tell none."""
        if len(columns) != len(self.names):
            return None
        told: dict[str, str] = {}
        for name, column in zip(self.names, columns, strict=True):
            if (looks := _LOOKS.get(name)) and not looks(column):
                return None
            told.setdefault(name, column)
        method, target = told.get("cs-method"), _target(told)
        if method in _COMMANDS:
            return None
        if "cs-method" not in told and (line := told.get("cs-request", told.get("request"))):
            method, target = request_line.split(line)
        if not says(method, target, told.get("sc-status")):
            return None  # HTTP.sys tells of connections, too: one that was idle asked for nothing
        client_ip = next((found for name in _CLIENTS if (found := told.get(name, "-")) != "-"), "-").split(",", 1)[0]
        return Fields(
            client_ip.split("%", 1)[0],  # IPv6 of a link names its interface
            method,
            target,
            told.get("sc-status"),
            self._ms(told.get("time-taken", "-")),
            _stamp(told, date),
            told.get("cs(user-agent)"),
        )

    def _ms(self, took: str) -> float | None:
        found = _TOOK(took)
        if found is None or found[1] is None:
            return None
        number, unit = found.groups()
        return round(float(number) * (UNITS_MS[unit] if unit else 1e3 if "." in number else self.unit_ms), 6)


def _target(told: dict[str, str]) -> str | None:
    if "cs-uri-stem" not in told:
        return request_line.path_of(told.get("cs-uri"))
    query = told.get("cs-uri-query", "-")
    return told["cs-uri-stem"] if query in {"", "-"} else f"{told['cs-uri-stem']}?{query.removeprefix('?')}"


def _stamp(told: dict[str, str], date: str) -> str | None:
    date = told.get("date", date).replace(".", "-")
    return f"{date}T{told['time']}" if date and "time" in told else None


@lru_cache(256)
def _layout(names: str) -> Layout:
    several = tuple(names.lower().split())
    return Layout(several, 1.0 if _COUNTS_MS.intersection(several) else 1e3)


# The orders of IIS as it is installed: 8.5 and later, 7, 6 with a time and without, 5 with all counters and without.
_URI = "cs-method cs-uri-stem cs-uri-query"
_WHO = f"{_URI} s-port cs-username c-ip cs(User-Agent)"
_ENDS = "sc-status sc-substatus sc-win32-status"
_INSTALLED = tuple(
    _layout(f"date time {names}")
    for names in (
        f"s-ip {_WHO} cs(Referer) {_ENDS} time-taken",
        f"s-ip {_WHO} {_ENDS} time-taken",
        f"s-ip {_WHO} {_ENDS}",
        f"s-sitename s-ip {_WHO} {_ENDS}",
        f"c-ip cs-username s-ip s-port {_URI} sc-status sc-bytes cs-bytes time-taken cs(User-Agent) cs(Referer)",
        f"c-ip cs-username s-ip s-port {_URI} sc-status cs(User-Agent)",
    )
)
_LEAST_COLUMNS = min(len(layout.names) for layout in _INSTALLED)


def fragment(text: str) -> Fragment | None:
    """Return the names of the columns, or the date of lines without one, when this line tells them."""
    if dated := _DATED(text):
        return Fragment(Kind.HEADED, id=dated[2])
    if not text.startswith(_FIELDS) or len(text) > _MOST_CHARS:
        return None
    names = text.removeprefix(_FIELDS).split()
    told = {name.lower() for name in names}
    if len(names) > _MOST_COLUMNS or told & _NOT_HTTP or not told & {"sc-status", "cs-method"}:
        names = []  # lines of this layout are no requests, nor are they of the one before
    return Fragment(Kind.HEADED, target=" ".join(names))


def told_ms(text: str) -> int | None:
    """Return when the lines behind a directive that tells it begin."""
    return iso_ms(dated[1]) if (dated := _DATED(text)) else None


def row(heading: Heading, text: str) -> Row | None:
    """Return the row of a line of the layout, and of the date, that an instance told last."""
    if not heading.names or text[:1] in {"#", "{"}:
        return None
    return _layout(heading.names).row(_columns(text), heading.date)


def _columns(text: str) -> list[str]:
    if "\t" in text:
        return text.split("\t", _MOST_COLUMNS)
    if '"' in text:
        return [found[0].strip('"') for found in islice(_COLUMNS(text), _MOST_COLUMNS + 1)]
    return text.split(None, _MOST_COLUMNS)


def _installed(text: str) -> Row | None:
    if not _DATE(text[:10]) or not _CLOCK(text[11:19]) or _NEEDLE not in text:
        return None
    columns = text.split(" ", _MOST_COLUMNS)
    if len(columns) < _LEAST_COLUMNS:
        return None
    return next((found for layout in _INSTALLED if (found := layout.row(columns))), None)


FORMATS = (
    Format("iis", clean(_installed), "a date, a time and IIS's own columns", 1.0, iso_ms, needle=_NEEDLE, begins=DIGITS),
)
# Lines of a layout that was told: no text is ever recognised as one without it.
HEADED = Format("w3c", match=lambda _: None, why="made with an instance's layout", unit_ms=1.0, stamp_ms=iso_ms)
