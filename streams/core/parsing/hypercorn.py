"""Hypercorn's access lines of its first versions; later ones are the common log format of a peer. Knows no envelope."""

import re

from streams.core import regex
from streams.core.parsing.format import ADDRESS, Fields, Format, Row, clean
from streams.core.parsing.stamps import any_ms

_LINE = regex.compiled(
    r"(?:\[([0-9-]{10}\ [0-9:]{8}\ [+-][0-9]{4})\]\ \[[0-9]++\]\ \[[A-Z]++\]\ )?+"  # its logger's head
    r"(?=[0-9a-f:])([^ \"\[\]\n]{0,255}):[0-9]{1,5}"
    r"\ ([A-Z][A-Z-]*+)\ (/[^ \"\n]*+)\ (?:[0-9](?:\.[0-9])?+|ws)\ ([0-9]{3})\ (?:[0-9]++|-)\ ([0-9]++)",
    re.VERBOSE,
).fullmatch


def match(text: str) -> Row | None:
    """Return the row of a request: a peer, a protocol that is a number alone, µs at the end."""
    found = _LINE(text)
    if found is None:
        return None
    stamp, client_ip, method, target, status, took = found.groups()
    return Fields(client_ip, method, target, status, took, stamp)


FORMATS = (
    Format(
        "hypercorn-first", clean(match), "neither quotes nor dashes; µs at the end", 1e-3, any_ms, " /", begins=f"{ADDRESS}["
    ),
)
