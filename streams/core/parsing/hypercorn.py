"""Hypercorn's access lines, with its logger's head and without. Knows no envelope.

They are the common log format but for the client's port and a protocol that is a number alone. Its first versions wrote
fewer fields, and microseconds.
"""

import re

from streams.core.parsing.clf import NEEDLE
from streams.core.parsing.format import ADDRESS, Fields, Format, Row, clean
from streams.core.parsing.stamps import any_ms

_BEGINS = f"{ADDRESS}["
_HEAD = r"(?:\[([0-9-]{10}\ [0-9:]{8}\ [+-][0-9]{4})\]\ \[[0-9]++\]\ \[[A-Z]++\]\ )?+"
_CLIENT = r"(?=[0-9a-f:])([^ \"\[\]\n]*):[0-9]{1,5}"
_ASKED = r"([A-Z][A-Z-]*+)\ (/[^ \"\n]*+)\ (?:[0-9](?:\.[0-9])?+|ws)"
_ANSWER = r"([0-9]{3})\ (?:[0-9]++|-)"
_NOW = re.compile(
    rf'{_HEAD}{_CLIENT}\ -\ -\ \[([^\]\n]++)\]\ "{_ASKED}"\ {_ANSWER}'
    r'(?:\ "[^"\n]*+"\ "([^"\n]*+)"(?:\ ([0-9]++\.[0-9]{6}))?+)?+',  # %(L)s alone writes six decimals: seconds
    re.VERBOSE,
).fullmatch
_FIRST = re.compile(rf"{_HEAD}{_CLIENT}\ {_ASKED}\ {_ANSWER}\ ([0-9]++)", re.VERBOSE).fullmatch


def _now(text: str) -> Row | None:
    found = _NOW(text)
    if found is None:
        return None
    _, client_ip, stamp, method, target, status, agent, took = found.groups()
    return Fields(client_ip, method, target, status, took, stamp, agent)


def _first(text: str) -> Row | None:
    found = _FIRST(text)
    if found is None:
        return None
    stamp, client_ip, method, target, status, took = found.groups()
    return Fields(client_ip, method, target, status, took, stamp)


NOW = Format("hypercorn", clean(_now), "a client with its port, and no HTTP/ before the version", 1e3, any_ms, NEEDLE, _BEGINS)
FORMATS = (
    NOW,
    Format("hypercorn-first", clean(_first), "neither quotes nor dashes; µs at the end", 1e-3, any_ms, " /", _BEGINS),
)
