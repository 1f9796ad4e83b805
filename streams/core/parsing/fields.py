"""Finds a request in a document of named fields by ordered tables of the names in use. Knows no notation.

The tables (``field_names``) are the knowledge; of two names that a document has, the earlier row wins.
"""

import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from streams.core.parsing import request_line
from streams.core.parsing.durations import spelt_ms
from streams.core.parsing.field_names import AGENTS, CLIENTS, DURATIONS, METHODS, STAMPS, STATUSES, TARGETS
from streams.core.parsing.format import Fields

Document = dict[str, Any]
Path = tuple[str, ...]
Read = Callable[[Any], Any]

_METHOD = re.compile(r"[A-Za-z][A-Za-z-]{1,19}").fullmatch
_STATUS = re.compile(r"[0-9]{1,3}").fullmatch


def find(document: Document) -> Fields | None:
    """Return the request of a document, None when it has no method, target and status."""
    found = _read(document)
    status = found.get("status")
    if status is None:
        return None
    method, target = found.get("method"), found.get("target")
    if method is None or target is None:
        line = document.get("request")
        if not isinstance(line, str):
            return None
        method, target = request_line.split(line)
        if method is None and "remote_addr" not in document:
            return None  # a server's line counts with whatever was asked, another's not
    return Fields(found.get("client"), method, target, status, found.get("duration"), found.get("stamp"), found.get("agent"))


def stamp(document: Document) -> str | float | None:
    """Return the stamp of a document, None when it has none."""
    return next((found for path in STAMPS if (found := _stamp(at(document, path))) is not None), None)


def at(document: Document, path: Path) -> Any:
    """Return the value at a path, None when there is none."""
    value: Any = document
    for name in path:
        if type(value) is not dict:
            return None
        value = value.get(name)
    return value


def _read(document: Document) -> dict[str, Any]:
    """Read each field from the first of its names that holds something readable."""
    rows = [row for name in document if name in _INDEX for row in _INDEX[name]]
    rows.sort(key=itemgetter(0))
    found: dict[str, Any] = {}
    for _, field, path, beside, read in rows:
        if field != "status" and "status" not in found:
            break  # its rows come first: most documents are no requests and end here
        if field not in found and (not beside or at(document, beside) is not None):
            value = read(at(document, path))
            if value is not None:
                found[field] = value
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _method(value: Any) -> str | None:
    return value if isinstance(value, str) and _METHOD(value) else None


def _status(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1_000:
        return str(int(value))
    return value if isinstance(value, str) and _STATUS(value) else None


def _client(value: Any) -> str | None:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str):
        return None
    first = value.partition(",")[0].strip()
    return first if first not in {"", "-"} else None


def _agent(value: Any) -> str | None:
    return _text(value[0] if isinstance(value, list) and value else value)


def _stamp(value: Any) -> str | float | None:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) and value else None


def _duration(unit_ms: float) -> Read:
    return lambda value: spelt_ms(value, unit_ms)


_Row = tuple[int, str, Path, Path, Read]
_FIELDS: tuple[tuple[str, tuple[Path, ...], Read], ...] = (
    ("status", STATUSES, _status),
    ("method", METHODS, _method),
    ("target", TARGETS, _text),
    ("client", CLIENTS, _client),
    ("stamp", STAMPS, _stamp),
    ("agent", AGENTS, _agent),
)


def _index() -> dict[str, list[_Row]]:
    """Return the rows of all tables by the first name of their paths: a document asks only for the names it has."""
    rows: list[tuple[str, Path, Path, Read]] = [(field, path, (), read) for field, paths, read in _FIELDS for path in paths]
    rows += [("duration", path, beside, _duration(unit_ms)) for path, unit_ms, beside in DURATIONS]
    index: dict[str, list[_Row]] = {}
    for rank, (field, path, beside, read) in enumerate(rows):
        index.setdefault(path[0], []).append((rank, field, path, beside, read))
    return index


_INDEX = _index()
