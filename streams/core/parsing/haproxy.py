"""HAProxy's lines of HTTP requests: ``option httplog`` and ``option httpslog``. Knows no envelope.

``option tcplog`` tells connections, which are no requests: it has no request in quotes. HAProxy encodes quotes, braces and
bars of what clients send as ``#XX``, so what delimits a field is never part of one.
"""

import re

from streams.core import regex
from streams.core.parsing import request_line
from streams.core.parsing.format import ADDRESS, Fields, Format, Row, clean
from streams.core.parsing.stamps import clf_ms

_TLS, _CIPHER = r"(?:(?:TLS|SSL)v[0-9.]{1,3}|-)", r"(?:[A-Z0-9][A-Z0-9_-]{2,60}|-)"
_LINE = regex.compiled(
    r"(?=[0-9a-f:hu])(?:ha[a-z-]++(?:\[[0-9]++\])?+:\ )?+"  # the tag of syslog, when what writes files has left it
    r"([^ \"\[\n]{0,255}):[0-9]{1,5}\ "  # the client and its port; IPv6 has colons of its own
    r"\[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:.]{8,12})\]\ "
    r"[^ \"\n]++\ (?:[^ \"\n]++\ )?+"  # frontend, backend/server; version 1.2 has one of them
    r"(?:-?+[0-9]++/){3,4}\+?+(-?+[0-9]++)\ "  # the last timer is of the whole request; + while it still goes on
    r"(-?+[0-9]{1,3})\ \+?+[0-9]++\ "
    r"[^ \n]++\ [^ \n]++\ [A-Za-z-]{2,4}\ [0-9/+-]++(?:\ [0-9]++/[0-9]++)?+"  # cookies, how it ended, connections, queues
    r"(?:\ \{[^}\n]*+\}){0,2}+"
    rf"(?:\ (?:{_TLS}\ {_CIPHER}|{_CIPHER}\ {_TLS}))?+"  # before the request where one's own format has %sslv and %sslc
    r"\ \"([^\"\n]*+)(?:\"(?:\ [^\"\n]*+)?+)?+",  # syslog cuts long lines off; httpslog has its TLS fields at the end
    re.VERBOSE,
).fullmatch


def match(text: str) -> Row | None:
    """Return the row of a request."""
    found = _LINE(text)
    if found is None:
        return None
    client_ip, stamp, took, status, line = found.groups()
    method, target = request_line.split(line)
    return Fields(_address(client_ip), method, request_line.path_of(target), status, took, stamp)


def _address(client: str) -> str | None:
    """Return an address; a client on a Unix socket has none, and IPv4 in IPv6's clothes is IPv4."""
    if "." in client or ":" in client:
        return client.removeprefix("::ffff:")
    return None


FORMATS = (
    Format(
        "haproxy",
        clean(match),
        "the client's port, a stamp, and timers with bars: nobody else's",
        1.0,
        clf_ms,
        needle=' "',
        begins=f"{ADDRESS}hu",  # or its own name, or a Unix socket's
    ),
)
