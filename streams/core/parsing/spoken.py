"""Requests that a server tells in a sentence of its own log: OpenStack's WSGI servers, Grafana's dskit. Knows no envelope."""

import re

from streams.core import regex
from streams.core.parsing.durations import UNITS_MS
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.stamps import any_ms, iso_ms

_WSGI = regex.compiled(
    r"(?:(?![0-9]{4}-)[^ \"\n]++\ )?+ ([0-9]{4}-[0-9]{2}-[0-9]{2}\ [0-9:.]{8,20})"
    r"\ [0-9]++\ [A-Z]++\ (?:(?!wsgi\.server)[a-z0-9_]++\.)*+wsgi\.server"
    r"\ \[[^\]\n]*+\]"
    r"\ ([0-9a-f.:]++)(?:,[^ \"\n]*+)?+ \ \"([A-Z]++)\ ([^ \"\n]++)\ HTTP/[0-9.]++\""
    r"\ status:\ ([0-9]{3})\ len:\ [0-9]++\ time:\ ([0-9]++\.[0-9]++)",
    re.VERBOSE,
).fullmatch
_DSKIT = regex.compiled(
    r"(?:level=[a-z]++\ )?+ (?:ts=([^ \"\n]++)\ )?+ (?:(?!msg=)[A-Za-z_]++=(?:\"[^\"\n]*+\"|[^ \"\n]*+)\ )*+"
    r"msg=\"([A-Z]++)\ ([^ \"\n]++)\ \(([0-9]{3})\)\ ([0-9]++(?:\.[0-9]++)?+)(ns|us|µs|μs|ms|s)\b"
    r"[^\"\\\n]*+(?:\\[^\n][^\"\\\n]*+)*+\"(?:\ [^\n]*+)?+",  # what was answered may follow, with its quotes escaped
    re.VERBOSE,
).fullmatch


def _wsgi(text: str) -> Row | None:
    found = _WSGI(text)
    if found is None:
        return None
    stamp, client_ip, method, target, status, took = found.groups()
    return Fields(client_ip, method, target, status, took, stamp)


def _dskit(text: str) -> Row | None:
    found = _DSKIT(text)
    if found is None:
        return None
    stamp, method, target, status, took, unit = found.groups()
    return Fields(None, method, target, status, float(took) * UNITS_MS[unit], stamp)


FORMATS = (
    Format(
        "openstack-wsgi",
        clean(_wsgi),
        "the client's address first, then its proxies'; time in seconds",
        1e3,
        iso_ms,
        needle="wsgi.server",
    ),
    Format(
        "dskit",
        clean(_dskit),
        "pairs, but the request is a sentence in msg: before the pairs of logfmt, which do not know it",
        1.0,
        any_ms,
        needle='msg="',
    ),
)
