"""Access lines of Rust's frameworks: actix, warp, and the events of ``tracing`` that tower-http and others write.

Knows no envelope.
"""

import re
from itertools import islice

from streams.core import regex
from streams.core.parsing import outgoing
from streams.core.parsing.elapsed import PIECE, elapsed_ms
from streams.core.parsing.format import Fields, Format, Row, otherwise
from streams.core.parsing.pieces import (
    ADDRESS,
    ANY_METHOD,
    ISO_STAMP,
    METHOD,
    PATH,
    PORT_TOO,
    QUOTED,
    QUOTED_TARGET,
    STATUS,
    address_of,
    named,
    path_of,
)
from streams.core.parsing.stamps import any_ms

_ASKED = rf'"(?P<method>{ANY_METHOD})\ (?P<target>{QUOTED_TARGET})\ HTTP/[0-9.]++"\ (?P<status>{STATUS})'
_WHO = rf'"{QUOTED}"\ "(?P<agent>{QUOTED})"'  # referrer and agent
_ACTIX = rf"(?:(?P<peer>{PORT_TOO})|(?P<ip>{ADDRESS}))\ {_ASKED}\ (?:-|[0-9]++)\ {_WHO}\ (?P<took>[0-9]++\.[0-9]++)"
_WARP = rf"(?:(?P<peer>{PORT_TOO})|(?P<ip>-))\ {_ASKED}\ {_WHO}\ (?P<elapsed>{PIECE})"
_SIMPLE = (
    rf"\[(?P<stamp>{ISO_STAMP})\]\ -\ (?P<ip>{ADDRESS})\ -\ (?P<status>{STATUS})\ -\ (?P<method>{METHOD})\ (?P<target>{PATH})"
)
_TRACING = regex.compiled(  # before version 0.3 of tracing-subscriber a month without a year
    rf"\ *+(?:\[?+({ISO_STAMP})\]?+\ ++|[A-Z][a-z]{{2}}\ [0-9]{{2}}\ [0-9:.]{{8,15}}\ ++)?"
    r"(?:TRACE|DEBUG|INFO|WARN|ERROR)\ ++([^\n]++)",
    re.VERBOSE,
).fullmatch
_FIELD = regex.compiled(  # in the braces of a span, or behind the message; tower-http parts the unit from its number
    r'[ {]([a-z][a-z0-9_.]*+)=("[^"\\]*+(?:\\.[^"\\]*+)*+"|[^" {}\n]*+)(?: (ns|us|µs|μs|ms|s)(?= |$))?'
).finditer
_MOST_FIELDS = 60
_ANNOUNCED = (  # static-web-server says nothing of the answer; with proxies before it, it tells the client behind the peer
    rf"(?:(?P<stamp>{ISO_STAMP})\ ++)?+[A-Z]++\ ++static_web_server(?:::[a-z_]++)*+:\ incoming\ request:"
    rf"\ method=(?P<method>{METHOD})\ uri=(?P<target>{PATH})(?:\ remote_addr=[^ \n]++(?=\ real_remote_ip=))?+"
    rf"(?:\ remote_addr=(?P<peer>{PORT_TOO})|\ real_remote_ip=(?P<ip>{ADDRESS}))?+(?:\ [^\n]*+)?+"
)
_ENDS = (
    *("finished processing request", "response", "Response", "request completed", "close"),  # Response: salvo
    *("finished processing with success", "unable to process request (internal error)"),  # warp
    "unable to process request (client error)",
)
_DONE = regex.compiled(  # the words first: a look at what stands before would be taken at every character
    rf"((?:{'|'.join(f'{words}(?<=[: ]{words})' for words in map(re.escape, _ENDS))}))(?= [a-z][a-z0-9_.]*+=|$)"
).search

# Under which names the fields stand: tower-http's defaults, poem's and OpenTelemetry's; the first that is there wins.
_NAMES: dict[str, tuple[str, ...]] = {
    "method": ("method", "http.method", "http.request.method"),
    "target": ("uri", "path", "http.target", "http.uri", "url.path", "route", "http.route"),
    "status": ("status", "http.status_code", "status_code", "http.response.status_code"),
    "elapsed": ("latency", "duration", "elapsed"),
    "client": ("remote_addr", "remote.addr", "client_ip", "http.client_ip", "client.address", "remote_ip"),
    "agent": ("user_agent", "http.user_agent", "user_agent.original"),
}
_IN_MS = ("latency_ms", "duration_ms", "elapsed_ms")
_ASKED_BY = regex.compiled(ANY_METHOD).fullmatch
_CODE = regex.compiled(rf"{STATUS}(?: [A-Za-z ]*)?").fullmatch
_OF_A_PEER = regex.compiled(rf"{PORT_TOO}", re.VERBOSE).fullmatch


def _tracing(text: str) -> Row | None:
    """Read an event that ends a request: its own fields, and those of the spans it is in, inner ones before outer."""
    line = _TRACING(text)
    if line is None:
        return None
    stamp, rest = line.groups()
    done = _DONE(f" {rest}")
    if done is None or outgoing.called(rest[: done.start()].rpartition("}")[2]):
        return None
    told = _fields(rest)
    if told.get("otel.kind", "").lower() == "client":  # the innermost span's word
        return None
    found = {field: next((told[name] for name in names if name in told), None) for field, names in _NAMES.items()}
    status, target, client_ip = found["status"], found["target"], found["client"]
    method = found["method"] if _ASKED_BY(found["method"] or "") else None
    if status is None or not _CODE(status) or (done[1] != _ENDS[0] and method is None):
        return None
    return Fields(
        client_ip and _address(client_ip),
        method,
        target and path_of(target),
        status[:3],
        _took_ms(found["elapsed"], told),
        stamp,
        found["agent"],
    )


def _address(client: str) -> str | None:
    """Return the address of a peer, which salvo writes as a URL; another socket has none."""
    scheme, url, rest = client.partition("://")
    if url:
        client = rest if scheme == "socket" else ""
    return address_of(client) if _OF_A_PEER(client) else client or None


def _fields(text: str) -> dict[str, str]:
    pairs = (found.groups("") for found in islice(_FIELD(f" {text}"), _MOST_FIELDS))
    return {name: value.strip('"') + unit for name, value, unit in pairs}


def _took_ms(elapsed: str | None, told: dict[str, str]) -> float | None:
    """Read the time, or add what a closing span was busy and idle."""
    if elapsed is not None:
        return elapsed_ms(elapsed)
    if bare := next((told[name] for name in _IN_MS if name in told), None):
        return elapsed_ms(f"{bare}ms")
    busy, idle = elapsed_ms(told.get("time.busy", "")), elapsed_ms(told.get("time.idle", ""))
    return None if busy is None or idle is None else busy + idle


_STATIC = (
    Format(
        "static-web-server",
        named(_ANNOUNCED),
        "names itself; neither status nor time",
        0.0,
        any_ms,
        "incoming request: method=",
    ),
)
OF_PAIRS = (
    *_STATIC,
    Format("tracing", otherwise(_tracing, _STATIC), "an event of tracing: a request has ended", 1.0, any_ms, "status"),
)
FORMATS = (
    Format("actix", named(_ACTIX), "no stamp between address and request, seconds at the end", 1e3, needle=' "'),
    Format("warp", named(_WARP), "the same without a length, with a unit", 1.0, needle=' "'),
    Format("simple-http-server", named(_SIMPLE), "dashes between all fields, the request last", 0.0, any_ms, "] - "),
    *OF_PAIRS,
)
