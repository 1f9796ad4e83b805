"""Finds a request in a document of named fields by ordered tables of the names in use. Knows no notation.

The tables (``field_names``, ``duration_names``) are the knowledge; of two names that a document has, the earlier row wins.
"""

from collections.abc import Container, Sequence
from typing import Any

from msgspec import Struct, structs

from streams.core import regex
from streams.core.parsing import field_values, request_line, sentences
from streams.core.parsing.alike import Alike
from streams.core.parsing.duration_names import DURATIONS, LEAST_NS, LOGGERS, PRECISE, WRITERS
from streams.core.parsing.durations import spelt_ms
from streams.core.parsing.field_names import (
    ADDRESSES,
    AGENTS,
    CLIENTS,
    CONTAINERS,
    LINES,
    METHODS,
    MODULES,
    STAMPS,
    STATUSES,
    TARGETS,
)
from streams.core.parsing.format import Fields
from streams.core.parsing.naming import Document, Names, Wanted, plain
from streams.core.parsing.outgoing import CALLS, REFUSED

_LINE_OF_URL = regex.compiled(r"([A-Z]{3,20}) ((?:https?)://[^ \n]++)").fullmatch
_QUERIES = ("queryString", "csUriQuery")
_METHODLESS = (
    ("clientip", "upstreamtime", "responsetime"),  # nginx, as Logstash's users write it
    ("api", "remotehost", "requestPath"),  # MinIO's audit tells the call in place of the method, as its trace does
)
# Cloudflare's firewall_events tell a request that http_requests tell, too: what was done with it, and by which rule.
_FIREWALL = (("action", "clientRequestPath"), ("ruleId", "clientRequestPath"))
_LEVELS = ("level", "severity")
_CALLED = (("correlationId", "gofrVersion"),)  # GoFr's calls to others; of its own requests it says trace_id
_UNFINISHED = ("reqId", "err")  # fastify tells an error before the end of its request


def find(document: Document) -> Fields | None:
    """Return the request of a document, None when it has no method, target and status."""
    found = _read(document)
    status = found.get("status")
    if status is None or "refused" in found or ("call" in found and "elsewhere" in found):
        return None
    if "method" not in found or "target" not in found:
        found |= sentences.told(document, found.get("client"))
    method, target = found.get("method"), found.get("target")
    if target is None or (method is None and not any(all(name in document for name in names) for names in _METHODLESS)):
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


_JUDGED = ("refused", "call")  # what may tell, by its value, that a document is no request


class Place(Struct, frozen=True, gc=False):
    """Under which of its names a document says a field; ``alone``: no other name may say it as well."""

    name: str
    row: Wanted
    alone: bool


class Known(Struct, frozen=True, gc=False):
    """Where documents with the same names say each field.

    ``nested`` are the names that may hold some of them inside, ``refused`` those whose values may tell that it is none.
    """

    places: dict[str, Place]
    nested: tuple[str, ...]
    refused: tuple[Place, ...]


def known(names: Sequence[str]) -> Known | None:
    """Return where documents with these names say what ``find`` would read; None where that depends on more than names."""
    hits, beside = _NAMES.find({name: name for name in names})
    places: dict[str, Place] = {}
    refused: list[Place] = []
    for _, row, name in hits:
        if row.beside and row.beside not in beside:
            continue
        if row.field in _JUDGED:
            refused.append(Place(name, row, alone=True))
        else:
            first = places.get(row.field)
            places[row.field] = Place(name, row, alone=True) if first is None else structs.replace(first, alone=False)
    asked = {"status", "method", "target"} <= places.keys() and "query" not in places
    if not asked or all(name in names for name in _UNFINISHED):
        return None
    return Known(places, tuple(name for name in names if _NAMES.goes_on(name)), tuple(refused))


def durations_ms(row: Wanted, values: Sequence[Any], alike: Alike) -> list[float | None]:
    """Return the durations of documents with the same names, as ``find`` does each."""
    if (
        row.read is not field_values.whole
        or any(name in alike.names for name, _, _ in WRITERS)
        or not {int, float} >= set(map(type, values))
    ):
        pairs = zip(values, alike.documents, strict=True)
        return [spelt_ms(row.read(value), row.unit_ms or _logged_ms(value, document)) for value, document in pairs]
    if row.unit_ms:
        return [value * row.unit_ms for value in values]
    said = _level_name(alike.names)
    levels = alike.column(said) if said else [None] * len(values)
    kinds = list(map(str, levels))  # what is no text is spelt as no logger spells a level
    if len(set(kinds)) == len(set(map(type, values))) == 1 and max(values) < LEAST_NS:
        unit_ms = _unit_ms(values[0], levels[0], alike.names)
        return [value * unit_ms for value in values]
    known: dict[tuple[str, bool, bool], float] = {}
    took_ms = []
    for value, level, kind in zip(values, levels, kinds, strict=True):
        logged = kind, isinstance(value, float), value >= LEAST_NS
        if logged not in known:
            known[logged] = _unit_ms(value, level, alike.names)
        took_ms.append(value * known[logged])
    return took_ms


def is_in_doubt(alike: Alike) -> bool:
    """Tell whether what a duration is may depend on the order of names in each document."""
    ordered = [spelt for needed, spelt, in_order, _, _ in _LOGGERS if in_order and set(needed) <= set(alike.names)]
    said = _level_name(alike.names)
    levels = set(map(str, alike.column(said))) if ordered and said else set[str]()
    return any(spelt(level) for spelt in ordered for level in levels)


def stamp(document: Document) -> str | float | None:
    """Return the stamp of a document, None when it has none."""
    return next(
        (
            readable
            for _, row, value in _NAMES.find(document)[0]
            if row.field == "stamp"
            if (readable := field_values.stamp(value))
        ),
        None,
    )


def is_refused(document: Document, but: Sequence[str]) -> bool:
    """Tell whether a document says that its text is of a call to others, under other names than those of the text."""
    hits, _ = _NAMES.find(document)
    return any(row.field == "refused" and row.path not in but and row.read(value) for _, row, value in hits)


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
            readable: Any = spelt_ms(row.read(value), row.unit_ms or _logged_ms(value, document))
        else:
            readable = row.read(value)
        if readable is not None:
            found[field] = readable
    return found


def _logged_ms(value: Any, document: Document) -> float:
    """Return what 1 is in a bare number that the document's logger made of a duration."""
    for name, said, unit_ms in WRITERS:
        if document.get(name) == said:
            return unit_ms
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _unit_ms(value, document.get(_level_name(document)), tuple(document))
    return 1.0


def _level_name(names: Container[str]) -> str:
    """Return under which of its names a document has its level, "" for none."""
    return next((name for name in _LEVELS if name in names), "")


def _unit_ms(value: float, level: Any, names: Sequence[str]) -> float:
    """Return what 1 is in a number of a logger that spells a level so and gives a document these names."""
    for needed, spelt, in_order, whole_ms, fraction_ms in _LOGGERS:
        fits = isinstance(level, str) and spelt(level) and all(name in names for name in needed)
        if fits and (not in_order or list(names) == sorted(names)):
            return fraction_ms if isinstance(value, float) else whole_ms if value >= LEAST_NS else 1.0
    return 1.0


def _split(line: str) -> tuple[str | None, str | None]:
    found = _LINE_OF_URL(line)
    return (found[1], field_values.target(found[2])) if found else request_line.split(line)


_READERS: tuple[tuple[str, tuple[str, ...], field_values.Read], ...] = (
    ("status", STATUSES, field_values.status),
    ("method", METHODS, field_values.method),
    ("target", TARGETS, field_values.target),
    ("target", MODULES, field_values.located),
    ("target", ("request", "event"), field_values.path),  # Apache's %U beside %m; authentik
    ("line", LINES, field_values.text),
    ("query", _QUERIES, field_values.query),
    ("client", CLIENTS, field_values.client),
    ("client", ADDRESSES, field_values.address),
    ("stamp", STAMPS, field_values.stamp),
    ("agent", AGENTS, field_values.agent),
    *(("refused", (path,), field_values.matching(pattern)) for path, pattern in REFUSED),
    ("call", ("msg", "message"), field_values.matching(CALLS)),
    ("elsewhere", TARGETS, field_values.elsewhere),
)
_SOMETHING = field_values.matching(r".+")


_NAMES = Names(
    (
        *(Wanted(field, path, read) for field, paths, read in _READERS for path in paths),
        *(Wanted("refused", path, _SOMETHING, beside=plain(beside)) for path, beside in (*_FIREWALL, *_CALLED)),
        *(
            Wanted("duration", path, read, unit_ms, plain(beside))
            for rows, read in ((PRECISE, field_values.precise), (DURATIONS, field_values.whole))
            for path, unit_ms, beside in rows
        ),
    ),
    CONTAINERS,
)
_LOGGERS = tuple(
    (names, regex.compiled(spelt).fullmatch, in_order, whole, fraction)
    for names, spelt, in_order, whole, fraction, _ in LOGGERS
)
