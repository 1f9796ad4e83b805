"""Reads many documents of a logger at once: those with the same names on one level. Knows no name and no notation of a value.

Which of its names say what a request was depends on the names alone, mostly, and a logger writes the same names line by
line. So they are looked up once for all documents that have them, and the values are read by the column. What depends on
more (a field inside a field, a value that is not readable where another name may have one) is read by itself.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import repeat
from typing import Any

import orjson

from streams.core import regex
from streams.core.documents import document_of
from streams.core.parsing import alike, field_values, fields, runs
from streams.core.parsing.alike import Alike
from streams.core.parsing.field_values import EARLIEST_S, MOST_CLIENT_CHARS, NOBODY, Read
from streams.core.parsing.fields import Known
from streams.core.parsing.format import Match, Run, Table, Taken, Texts
from streams.core.parsing.naming import Document
from streams.core.parsing.stamps import LATEST_NS, iso_ms

# Of the shapes that are typed: the lines of nginx, Traefik and Cloudflare. Those of pino and Caddy are not on one level.
_TYPED = frozenset(("request_time", "DownstreamStatus", "EdgeResponseStatus"))
_SPELT = "properties"  # may hold a document as text
_REQUIRED = ("method", "target", "status")
_FIELDS = ("client", "method", "target", "status", "agent", "duration", "stamp")  # in the order of a row
_ODD_IN_CLIENTS = ', [:"'
_SAMPLES = 8  # documents by which it is known whether any can be read by the column
_INNER = frozenset((dict, list))
_ALIKE = ({str}, {int})  # equal values of one of these are the same, as 1 and True are not
Columns = dict[str, Sequence[Any]]
_ISO = regex.compiled(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?+(?:Z|[+-][0-9]{2}:?+[0-9]{2})?+\n)*+"
).fullmatch
_SECOND = 19  # characters of a stamp up to its second

_known = lru_cache(maxsize=512)(lambda names: None if _SPELT in names or not _TYPED.isdisjoint(names) else fields.known(names))


def run(match: Match) -> Run:
    """Return what reads many lines as ``match`` does each."""

    def read(texts: Sequence[str]) -> Taken | None:
        if (shaped := _shaped(texts)) is not None:
            return shaped
        if all(_known(tuple(_document(text))) is None for text in texts[:: max(1, len(texts) // _SAMPLES)]):
            return None
        documents = _documents(texts)
        names = list(map(tuple, documents))
        if names.count(names[0]) == len(names) and (table := _table(Alike(names[0], documents))) is not None:
            return Taken(table)
        rows: list[Texts | None] = [None] * len(texts)
        alone = _together(names, documents, rows)
        for number in alone:
            row = match(texts[number])
            rows[number] = None if row is None else row.groups()
        refused = [number for number, each in enumerate(rows) if each is None] if alone else []
        taken = [each for each in rows if each is not None] if refused else rows
        return Taken(tuple(zip(*taken, strict=True)) or ((),) * len(_FIELDS), refused)

    return read


def _shaped(texts: Sequence[str]) -> Taken | None:
    """Read documents that all seem to have the same names by their shape; None where one is something else."""
    names = tuple(_document(texts[0]))
    if _known(names) is None or names != tuple(_document(texts[-1])) or not all(map(str.startswith, texts, repeat("{"))):
        return None
    shaped = _by_shape(names)
    return None if shaped is None else shaped(texts)


@lru_cache(maxsize=128)
def _by_shape(names: tuple[str, ...]) -> Run | None:
    """Return what reads documents of known names by their shape, which takes them in any order."""
    known = _known(names)
    shape = None if known is None else alike.shape(names)

    def table(rows: Sequence[Any]) -> Table | None:
        several, took = Alike(names, rows=rows), None if known is None else known.places.get("duration")
        odd = took is not None and (fields.is_in_doubt(several) or alike.too_large(several.column(took.name)))
        return None if odd else _table(several)

    return None if shape is None else runs.documents(shape, table)


def _table(several: Alike) -> Table | None:
    """Return the table of documents with the same names; None where one is to be read by itself."""
    known = _known(several.names)
    columns = None if known is None else _columns(known, several)
    if known is None or columns is None or _unsure(known, columns):
        return None
    return tuple(map(columns.__getitem__, _FIELDS))


def _together(names: Sequence[tuple[str, ...]], documents: Sequence[Document], rows: list[Texts | None]) -> list[int]:
    """Put in the rows of documents that are read by the column; return the numbers of all others."""
    groups: dict[tuple[str, ...], list[int]] = {}
    alone: list[int] = []
    for number, each in enumerate(names):
        groups.setdefault(each, []).append(number)
    for each, numbers in groups.items():
        known = _known(each)
        columns = None if known is None else _columns(known, Alike(each, [documents[number] for number in numbers]))
        if known is None or columns is None:
            alone += numbers
            continue
        for number, row in zip(numbers, zip(*map(columns.__getitem__, _FIELDS), strict=True), strict=True):
            rows[number] = row
        alone += [numbers[place] for place in _unsure(known, columns)]
    return sorted(alone)


def _documents(texts: Sequence[str]) -> list[Document]:
    if all(map(str.startswith, texts, repeat("{"))) and all(map(str.endswith, texts, repeat("}"))):
        with suppress(ValueError):  # one is no document
            return list(map(orjson.loads, texts))
    return list(map(_document, texts))


def _document(text: str) -> Document:
    """Return the document that a text is, an empty one for anything else."""
    return (text[:1] == "{" and text[-1:] == "}" and document_of(text)) or {}


def _columns(known: Known, several: Alike) -> Columns | None:
    """Return the columns of documents with the same names, by field; None where one has fields inside a field."""
    if any(not _INNER.isdisjoint(map(type, several.column(name))) for name in known.nested):
        return None
    said = {name: _different(several.column(name)) for name in {place.name for place in known.refused}}
    if any(any(map(place.row.read, said[place.name])) for place in known.refused):
        return None
    nothing: Sequence[None] = (None,) * len(several)
    return {field: nothing if field not in known.places else _column(known, field, several) for field in _FIELDS}


def _unsure(known: Known, columns: Columns) -> set[int]:
    """Return the rows of which a field is not readable that must be, or that another name may say."""
    asked = [field for field, place in known.places.items() if field in columns and (field in _REQUIRED or not place.alone)]
    several = [columns[field] for field in asked if None in columns[field]]
    return {number for column in several for number, value in enumerate(column) if value is None}


def _column(known: Known, field: str, several: Alike) -> Sequence[Any]:
    place = known.places[field]
    values = several.column(place.name)
    if field == "duration":
        return fields.durations_ms(place.row, values, several)
    kinds = set(map(type, values))
    read = place.row.read
    if read in _AS_THEY_ARE and kinds == {str} and _AS_THEY_ARE[read](values):
        return values
    if field == "stamp" and {int, float} >= kinds and EARLIEST_S <= min(values) <= max(values) < LATEST_NS:
        return values
    return _read(read, values)


def _read(read: Read, values: Sequence[Any]) -> list[Any]:
    """Read each value; texts and numbers that come again are read once."""
    different = _different(values)
    if different is values:
        return list(map(read, values))
    readable = {value: read(value) for value in different}
    return list(map(readable.__getitem__, values))


def _different(values: Sequence[Any]) -> Collection[Any]:
    """Return values without repeats, if equal ones are the same."""
    return set(values) if set(map(type, values)) in _ALIKE else values


def _targets(values: Sequence[str]) -> bool:
    return all(map(str.startswith, values, "/" * len(values))) and " " not in "".join(values)


def _clients(values: Sequence[str]) -> bool:
    joined = "".join(values)
    odd = any(map(joined.__contains__, _ODD_IN_CLIENTS)) or not joined.isascii() or not joined.isprintable()
    return not odd and NOBODY.isdisjoint(values) and max(map(len, values)) <= MOST_CLIENT_CHARS


def _agents(values: Sequence[str]) -> bool:
    return "" not in values


def _stamps(values: Sequence[str]) -> bool:
    """Tell whether all are stamps of ISO 8601; those of one second are all readable or none is."""
    if _ISO("\n".join((*values, ""))) is None:
        return False
    return all(iso_ms(second) is not None for second in {value[:_SECOND] for value in values})


# When texts are what reading each of them would give.
_AS_THEY_ARE: dict[Read, Callable[[Sequence[str]], bool]] = {
    field_values.target: _targets,
    field_values.located: _targets,
    field_values.path: _targets,
    field_values.client: _clients,
    field_values.agent: _agents,
    field_values.stamp: _stamps,
}
