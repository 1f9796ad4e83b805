"""Finds a request in a document of named fields by ordered tables of the names in use. Knows no notation.

The tables (``field_names``, ``duration_names``) are the knowledge; of two names that a document has, the earlier row wins.
"""

from collections.abc import Callable
from typing import Any

from streams.core import regex
from streams.core.parsing import request_line
from streams.core.parsing.duration_names import DURATIONS, LEAST_NS, LOGGERS
from streams.core.parsing.durations import spelt_ms
from streams.core.parsing.field_names import AGENTS, CLIENTS, CONTAINERS, LINES, METHODS, REFUSED, STAMPS, STATUSES, TARGETS
from streams.core.parsing.format import Fields
from streams.core.parsing.naming import Document, Names, Wanted, plain
from streams.core.parsing.stamps import any_ms

Read = Callable[[Any], Any]

_METHOD = regex.compiled(r"[A-Z][A-Z-]{1,19}").fullmatch
_LOWER_METHODS = {"get", "head", "post", "put", "delete", "patch", "options", "trace", "connect"}  # hapi writes them so
_STATUS = regex.compiled(r"([0-9]{1,3}|-1)(?: [A-Za-z][A-Za-z' -]{1,40})?+").fullmatch
_FULL_URL = regex.compiled(r"(?:https?|wss?)://[^/?#\n]*+").match
_LINE_OF_URL = regex.compiled(r"([A-Z]{3,20}) ((?:https?)://[^ \n]++)").fullmatch
_MOST_CLIENT_CHARS = 200
_QUERIES = ("queryString", "csUriQuery")
_METHODLESS = ("clientip", "upstreamtime", "responsetime")  # nginx, as Logstash's users write it
_UNFINISHED = ("reqId", "err")  # fastify tells an error before the end of its request


def find(document: Document) -> Fields | None:
    """Return the request of a document, None when it has no method, target and status."""
    found = _read(document)
    status = found.get("status")
    if status is None or "refused" in found:
        return None
    method, target = found.get("method"), found.get("target")
    if target is None or (method is None and not all(name in document for name in _METHODLESS)):
        line = found.get("line")
        if line is None:
            return None
        method, target = _split(line)
        if method is None and "remote_addr" not in document:
            return None  # a server's line counts with whatever was asked, another's not
    elif "query" in found and "?" not in target:
        target += found["query"]
    took_ms = found.get("duration")
    if took_ms is None and all(name in document for name in _UNFINISHED):
        return None
    return Fields(found.get("client"), method, target, status, took_ms, found.get("stamp"), found.get("agent"))


def stamp(document: Document) -> str | float | None:
    """Return the stamp of a document, None when it has none."""
    return next(
        (readable for _, row, value in _NAMES.find(document)[0] if row.field == "stamp" if (readable := _stamp(value))), None
    )


def _read(document: Document) -> dict[str, Any]:
    """Read each field from the first of its names that holds something readable."""
    hits, beside = _NAMES.find(document)
    found: dict[str, Any] = {}
    if not any(row.field == "status" for _, row, _ in hits):
        return found  # most documents are no requests and end here
    for _, row, value in hits:
        field = row.field
        if field in found or (row.beside and row.beside not in beside):
            continue
        if field == "duration":
            readable: Any = spelt_ms(_whole(value), row.unit_ms or _logged_ms(value, document))
        else:
            readable = row.read(value)
        if readable is not None:
            found[field] = readable
    return found


def _whole(value: Any) -> Any:
    """Return the seconds of a duration in parts, as Google's and Rust's notations have it; else the value."""
    if not isinstance(value, dict):
        return value
    seconds = _seconds(value.get("seconds", value.get("secs", 0)), value.get("nanos", 0))
    return None if seconds is None else f"{seconds}s"


def _seconds(whole: Any, nanos: Any) -> str | None:
    whole, nanos = str(whole), str(nanos)
    digits = whole.isdecimal() and whole.isascii() and nanos.isdecimal() and nanos.isascii()
    return f"{whole}.{nanos:>09}" if digits and len(whole) <= 12 and len(nanos) <= 9 else None


def _logged_ms(value: Any, document: Document) -> float:
    """Return what 1 is in a bare number that the document's logger made of a duration."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        level = document.get("level", document.get("severity"))
        for names, spelt, in_order, whole_ms, fraction_ms in _LOGGERS:
            fits = isinstance(level, str) and spelt(level) and all(name in document for name in names)
            if fits and (not in_order or list(document) == sorted(document)):
                return fraction_ms if isinstance(value, float) else whole_ms if value >= LEAST_NS else 1.0
    return 1.0


def _split(line: str) -> tuple[str | None, str | None]:
    found = _LINE_OF_URL(line)
    return (found[1], _target(found[2])) if found else request_line.split(line)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _method(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    return value if _METHOD(value) else value.upper() if value in _LOWER_METHODS else None


def _target(value: Any) -> str | None:
    """Return a target; of a full URL what the server was asked for."""
    if not isinstance(value, str) or not value or ("::" in value and "/" not in value):
        return None  # Rust's tracing calls a module its target
    host = _FULL_URL(value)
    if host is None:
        return value
    rest = value[host.end() :]
    return rest if rest.startswith("/") else f"/{rest}"


def _path(value: Any) -> str | None:
    return value if isinstance(value, str) and value.startswith("/") and " " not in value else None


def _query(value: Any) -> str | None:
    return value if isinstance(value, str) and value.startswith("?") else None


def _status(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and -1 <= value < 1_000:
        return str(int(value))
    found = _STATUS(value) if isinstance(value, str) else None
    return found and found[1]


def _client(value: Any) -> str | None:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str):
        return None
    first = value[:_MOST_CLIENT_CHARS].partition(",")[0].strip()
    if first.startswith("["):
        first = first[1:].partition("]")[0]  # [2001:db8::1]:4711
    elif first.count(":") == 1:
        first = first.partition(":")[0]  # 203.0.113.9:4711
    return first if first not in {"", "-", "unknown"} else None


def _agent(value: Any) -> str | None:
    return _text(value[0] if isinstance(value, list) and value else value)


def _stamp(value: Any) -> str | float | None:
    if isinstance(value, str):
        value = value.strip("[]")
    elif isinstance(value, dict):
        value = _seconds(value.get("epochSecond"), value.get("nanoOfSecond", 0))
    if not isinstance(value, str | int | float) or isinstance(value, bool) or not value:
        return None
    return value if any_ms(value) is not None else None


def _matching(pattern: str) -> Read:
    matches = regex.compiled(pattern).fullmatch
    return lambda value: value if isinstance(value, str) and len(value) <= _MOST_CLIENT_CHARS and matches(value) else None


_READERS: tuple[tuple[str, tuple[str, ...], Read], ...] = (
    ("status", STATUSES, _status),
    ("method", METHODS, _method),
    ("target", TARGETS, _target),
    ("target", ("request", "event"), _path),  # Apache's %U beside %m; authentik
    ("line", LINES, _text),
    ("query", _QUERIES, _query),
    ("client", CLIENTS, _client),
    ("stamp", STAMPS, _stamp),
    ("agent", AGENTS, _agent),
    *(("refused", (path,), _matching(pattern)) for path, pattern in REFUSED),
)


_NAMES = Names(
    (
        *(Wanted(field, path, read) for field, paths, read in _READERS for path in paths),
        *(Wanted("duration", path, _whole, unit_ms, plain(beside)) for path, unit_ms, beside in DURATIONS),
    ),
    CONTAINERS,
)
_LOGGERS = tuple(
    (names, regex.compiled(spelt).fullmatch, in_order, whole, fraction)
    for names, spelt, in_order, whole, fraction, _ in LOGGERS
)
