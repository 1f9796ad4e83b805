"""Envoy's default access log, and Istio's, which says more between the status and the bytes. Knows no envelope."""

import re

from streams.core import regex
from streams.core.parsing import request_line
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.stamps import any_ms

_LINE = regex.compiled(
    r"(?:ACCESS\ )?+"  # Emissary's mark
    r"\[([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,20}(?:Z|[+-][0-9:]{4,6}))\]\ "
    r"\"([^\"\n]*+)\"\ ([0-9]{1,3}|-)\ [^ \"\n]++"  # what was asked, the answer, its flags
    r"(?:\ (?:\"[^\"\n]*+\"|(?![0-9]++\ [0-9])[^ \"\n]++)){0,4}+"  # Istio: details, why it ended, why upstream failed
    r"\ [0-9]++\ [0-9]++\ ([0-9]++|-)\ [0-9-]++"  # bytes in and out, duration, time of the upstream
    r"\ \"([^\"\n]*+)\"\ \"([^\"\n]*+)\"\ \"[^\"\n]*+\"\ \"[^\"\n]*+\"\ \"[^\"\n]*+\""  # forwarded for, agent, id, hosts
    r"(?:\ [^ \n]++\ [^ \n]++\ [^ \n]++\ ([^ \n]++)(?:\ [^\n]*+)?+)?+",  # Istio: cluster, two local addresses, the peer's
    re.VERBOSE,
).fullmatch
_PEER = regex.compiled(r"\[?+([0-9A-Fa-f.:]*)\]?+:[0-9]{1,5}").fullmatch
_CONNECTION = "- - -"  # what a TCP proxy has for a request


def match(text: str) -> Row | None:
    """Return the row of a request; the client is the first that is forwarded for, else the peer where the line has it."""
    found = _LINE(text)
    if found is None or found[2] == _CONNECTION:
        return None
    stamp, line, status, took, forwarded, agent, peer = found.groups()
    method, target = request_line.split(line)
    client_ip = forwarded.split(",", 1)[0].strip()
    if client_ip in {"", "-"} and peer is not None and (address := _PEER(peer)):
        client_ip = address[1]
    return Fields(client_ip, method, request_line.path_of(target), status, took, stamp, agent)


FORMATS = (
    Format(
        "envoy", clean(match), "begins with an ISO stamp in brackets and the request", 1.0, any_ms, needle='] "', begins="[A"
    ),
)
