"""Requests as ``name=value`` pairs in the order in which most Go programs write them. Knows no other order.

An instance writes the same names in the same order, line by line: many lines are read by a pattern of these names alone,
which costs half of what the pattern of all does.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from streams.core import numbers, regex
from streams.core.parsing import outgoing, runs
from streams.core.parsing.format import Row, Run, Table, Taken, Texts

# When, who and what, then how it went. No choice and no loop stands before the method, as each costs every line; any other
# name, and any other order, is for the tolerant format.
_QUOTED = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_CLIENT = r'(?:remote_addr|remote_ip|client_ip|ip)=([^ ":\[\],\n]++)(?::[0-9]{1,5})?+'  # an IPv6 address is for the tolerant
_STAMP, _TARGET = r'"?+([^ "\n]++)"?+', r'(/[^ "\n]*+)'
_IN_ORDER = (
    rf"(?:t(?:s|ime|imestamp)={_STAMP}\ )?+ (?:level=[A-Za-z]++\ )?+"
    rf'(?:caller=[^ "\n]++\ )?+ (?:msg=({_QUOTED}|[^ "\n]++)\ )?+ (?:request_id=[^ "\n]++\ )?+ (?:{_CLIENT}\ )?+'
    rf'method=([A-Z]++)\ (?:proto=[^ "\n]++\ )?+ (?:path|ur[il])={_TARGET}\ (?:proto=[^ "\n]++\ )?+'
    r"status=([0-9]{3})\ (?:(?:size|bytes)=[0-9]++\ )?+"
    r'(?:duration|latency|elapsed|took)="?+([0-9]++(?:\.[0-9]++)?+)([nuµ]?+s|ms)"?+'
    rf'(?:\ (?:size|bytes)=[0-9]++)?+ (?:\ {_CLIENT})?+ (?:\ (?:size|bytes|request_id|trace_id|traceID|span_id)=[^ "\n]++)*+'
)
_EXPONENTS = {"ms": "", "us": "e-3", "µs": "e-3", "ns": "e-6", "s": "e3"}  # what makes milliseconds of a number of the unit
_USUAL = regex.compiled(_IN_ORDER, re.VERBOSE).fullmatch


class Usual(Struct, gc=False):
    """A line in the usual order."""

    found: re.Match[str]

    def groups(self) -> Texts:
        """Return the seven fields."""
        stamp, _, before, method, target, status, took, unit, after = self.found.groups()
        return before or after, method, target, status, None, _milliseconds(took, unit), stamp


def _milliseconds(took: str, unit: str) -> float:
    return float(took + _EXPONENTS[unit])


def match(text: str) -> Row | None:
    """Return the row of a line in the usual order."""
    found = _USUAL(text)
    return None if found is None or outgoing.told(found[2]) else Usual(found)


class Field(Struct, frozen=True, gc=False):
    """How the value of a name is read where it is known which names stand before it and behind it.

    One excluded character is several times faster to skip than two: what else may not be in a value is asked of the whole
    column. ``%`` is what the value ends before. ``sample`` is a value by which an order of names is tried.
    """

    names: tuple[str, ...]
    value: str
    sample: str
    groups: tuple[str, ...] = ()  # what its groups are to a request
    quote: str = ""


_PAIRS = (
    Field(("ts", "time", "timestamp"), "([^%]*+)", "0", ("stamp",)),
    Field(("ts", "time", "timestamp"), '([^"]*+)"', '0"', ("stamp",), '"'),
    Field(("level",), "[A-Za-z]++", "info"),
    Field(("msg",), r'([^\ "\n]++)', "a", ("msg",)),
    Field(("caller", "proto", "request_id", "trace_id", "traceID", "span_id"), r'[^\ "\n]++', "a"),
    Field(("msg",), '([^"]*+)"', 'a"', ("msg",), '"'),
    Field(("remote_addr", "remote_ip", "client_ip", "ip"), "([^%]*+)", "a", ("client_ip",)),
    Field(("method",), "([^%]*+)", "GET", ("method",)),
    Field(("path", "url", "uri"), "(/[^%]*+)", "/", ("target",)),
    Field(("status",), "([^%]*+)", "200", ("status",)),
    Field(("size", "bytes"), "[0-9]++", "0"),
    Field(("duration", "latency", "elapsed", "took"), "([^%]*+)", "1ms", ("took",)),
    Field(("duration", "latency", "elapsed", "took"), '([^"]*+)"', '1ms"', ("took",), '"'),
)
_FIELDS = {(name, field.quote): field for field in _PAIRS for name in field.names}
_PAIR = regex.compiled(r'([A-Za-z_]++)=(?:(")[^"]*+"|[^ "\n]*+)(?: |\Z)').findall
_ADDRESS = regex.compiled(r'(?:([^ ":\[\],\n]++)(?::[0-9]{1,5})?+|[^\n]*+)\n').findall
_LOOKED_AT = 4  # lines by which the names are known
_NOT_IN_VALUES, _ODD_IN_CLIENTS = ' "\n', ' ":[],\n'
_is_method, _is_status = regex.compiled("[A-Z]++").fullmatch, regex.compiled("[0-9]{3}").fullmatch
_NEEDLE = "method="


def read(texts: Sequence[str]) -> Taken | None:
    """Read many lines in the usual order: by their names, and by the whole pattern where some have other names."""
    joined = "".join(texts)
    if "\x1b" in joined or "\r" in joined:  # what is not clean is for nobody
        return None
    if "\\" in joined:  # a quote may be escaped
        return _careful(texts)
    named = _named(_names(texts))
    taken = None if named is None else named(texts)
    if taken is None or any(_NEEDLE in texts[number] for number in taken.refused):
        return _quick(texts)
    return taken


def _names(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the names of the first line that has a method, each with the quote before its value."""
    line = next((text for text in texts[:_LOOKED_AT] if _NEEDLE in text), "")
    return tuple(_PAIR(line))


@lru_cache(maxsize=256)
def _named(names: tuple[tuple[str, str], ...]) -> Run | None:
    """Return the run of lines with these names in this order; None when that is not the usual one."""
    fields = [field for name in names if (field := _FIELDS.get(name)) is not None]
    pairs = [(f"{name}={quote}", field) for (name, quote), field in zip(names, fields, strict=False)]
    if len(fields) < len(names) or _USUAL(" ".join([f"{begin}{field.sample}" for begin, field in pairs])) is None:
        return None
    ends = [r"\ "] * (len(pairs) - 1) + [r"\n"]
    pattern = r"\ ".join([f"{begin}{field.value.replace('%', end)}" for (begin, field), end in zip(pairs, ends, strict=True)])
    groups = [group for field in fields for group in field.groups]
    return runs.searched(pattern, groups.index("status"), lambda columns: _checked(groups, columns))


def _checked(groups: list[str], columns: Table) -> Table | None:
    """Return the columns of lines with the same names if all values are what the usual order has."""
    known = dict(zip(reversed(groups), reversed(columns), strict=True))  # the first of two clients
    methods, targets, statuses = known["method"], known["target"], known["status"]
    if not (all(map(_is_method, set(methods))) and all(map(_is_status, set(statuses)))):
        return None
    if any(map(outgoing.told, set(known.get("msg", ())))):
        return None
    nothing: Sequence[None] = (None,) * len(methods)
    stamps, clients = known.get("stamp", nothing), known.get("client_ip")
    if runs.has_any(targets, _NOT_IN_VALUES) or ("stamp" in known and ("" in stamps or runs.has_any(stamps, _NOT_IN_VALUES))):
        return None
    took, addresses = _durations(known["took"]), nothing if clients is None else _addresses(clients)
    return None if took is None or addresses is None else (addresses, methods, targets, statuses, nothing, took, stamps)


def _addresses(column: Sequence[str]) -> Sequence[str] | None:
    """Return addresses without their ports; None where one is none."""
    if not runs.has_any(column, _ODD_IN_CLIENTS) and "" not in column:
        return column
    found = _ADDRESS("\n".join((*column, "")))
    return found if len(found) == len(column) and "" not in found else None


def _durations(column: Sequence[str]) -> list[float] | None:
    """Return milliseconds of numbers with units; None where one is none. Units turn to exponents, of all at once."""
    text = "\n".join((*column, ""))
    if text.count("s\n") != len(column) or any(map(text.__contains__, "-+eE, \t")):
        return None
    for unit, exponent in _EXPONENTS.items():
        text = text.replace(f"{unit}\n", f"{exponent},")
    return numbers.read(text[:-1], len(column))


def _table(columns: Table) -> Table | None:
    """Return the columns of lines in the usual order, whose stamps are of two groups: without quotes, and within them."""
    stamps, quoted, said, before, methods, targets, statuses, took, units, after = columns
    if runs.has_any(stamps, '"') or runs.has_any(targets, '"') or any(map(outgoing.told, set(said))):
        return None
    if any(quoted):
        stamps = [one or other for one, other in zip(stamps, quoted, strict=True)]
    if any(before):
        after = [one or other for one, other in zip(before, after, strict=True)]
    return after, methods, targets, statuses, (None,) * len(methods), list(map(_milliseconds, took, units)), stamps


_STATUS = 6
_CAREFUL = _IN_ORDER.replace(_STAMP, r'(?:([^ "][^ ]*+)|"([^ "\n]++)"?+)').replace(_TARGET, "(/[^ ]*+)")
_careful = runs.searched(_CAREFUL, _STATUS, _table)
_quick = runs.searched(_CAREFUL.replace(_QUOTED, '"[^"]*+"'), _STATUS, _table)
