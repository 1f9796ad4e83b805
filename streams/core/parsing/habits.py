"""Lines that developers print themselves: a method, a path, a status and a time, in a few orders. Knows no envelope.

``GET 503 /health - 47ms``, ``GET /x 200 in 12ms``, ``--> GET /x 200 12ms 1kb``, with or without symbols in front.
"""

import re

from streams.core import regex
from streams.core.lazily import Lazily
from streams.core.parsing import morgan
from streams.core.parsing.elapsed import PIECE, elapsed_ms
from streams.core.parsing.format import Fields, Format, Row, otherwise
from streams.core.parsing.pieces import ADDRESS, METHOD, PATH, PORT_TOO, QUOTED, STATUS, address_of, named

_SYMBOLS = Lazily(  # koa: xxx is an error, -x- an answer that was cut off; Directus: words
    r"(?:[^\x20-\x7e\n]++\ ?+|\ ){0,60}+ (?:(?:-->|<--|->|=>|<=|xxx|-x-|HTTP|request\ completed)\ )?+", re.VERBOSE
).match
_OF_TESTS = regex.compiled(r" {0,40}+[\u2713-\u2718\u00d7\u221a] ").match  # how test runners tick off and cross out
_ADDRESS = r"(?:(?![0-9]{1,2}:[0-9]{2}[:.\ ])([0-9A-Fa-f]{0,45}+[.:][0-9A-Fa-f.:]{0,60}+)\ (?:-\ )*+)?"  # no clock's time
_METHOD = r"\[?+(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|TRACE|CONNECT)\]?+"
_PATH = r"(/[^ \n]*+)"
_VERB = r"(?i:sent|chunked|returned|completed|finished|status)(?:\ (?:with|in))?+:?+"
_SAID = rf"(?:\ (?:status=(?=[1-5])|(?:-\ )?{_VERB}|\u2192|->|=>|[-\u2013\u2014]|\||:))?+"
_ORDERS = (  # where the status stands
    rf"{_METHOD}\ ++({STATUS})\ ++{_PATH}",
    rf"{_METHOD}\ ++{_PATH}(?:\ HTTP/[0-9.]++)?+{_SAID}(?:\ ++\[?+|(?<==))({STATUS})\b\]?+",
    rf"({STATUS})\ ++{_METHOD}\ ++{_PATH}",
)
_SIZE = r"(?:\ [0-9.]++\ ?[kKMG]?i?[bB]\b)?+"
_BETWEEN = (  # a reason, a size, "in", a dash, a bracket
    r"(?:\ \[ASYNC:\ [a-z-]++\])?+"  # Metabase's queries
    rf"(?:\ [A-Za-z]++(?![=:]))*+ (?:\ -(?=\ [0-9.]++\ ?[kKMG]?[bB]))?+ {_SIZE} (?:\ in\b)?+"
    r"\ ++ (?:[-\u2013\u2014|:\u2022\u00b7\u2192]\ ++)?+ (?:(?:duration|took|time|latency|elapsed)[=:]\ ?)?+ (?:[(\[]\+?)?+"
)
_TOOK = (  # Next.js has "min" above two minutes
    rf"((?:{PIECE}|[0-9]++(?:\.[0-9]++)?+(?:\ (?:ns|us|µs|μs|ms|s)|min)))(?![A-Za-z0-9])[)\]]?+"
)
_REST = r"(?:\ ++(?:[a-z_]++=[^\n]*+|[(\{\[\"][^\n]*+|[0-9.]++\ ?[kKMG]?[bB]|::?\ [^\n]*+|\|\ [^\n]*+|-(?:\ [^\n]*+)?))?+"
_IP = r"(?:\ (?:-\ )?(?P<behind>[0-9A-Fa-f]*+[.:][0-9A-Fa-f.:]*+))?"
_LINES = tuple(Lazily(rf"{_ADDRESS}{order}{_BETWEEN}{_TOOK}{_IP}{_REST}", re.VERBOSE).fullmatch for order in _ORDERS)
_LAST = Lazily(  # the status behind the time
    rf"{_ADDRESS}{_METHOD}\ {_PATH}(?:\ HTTP/[0-9.]++)?+\ (?:[-|]\ )?+{_TOOK}\ (?:[-|]\ )?+({STATUS})(?:\ [A-Za-z]++)*+",
    re.VERBOSE,
).fullmatch
_FIRST = Lazily(  # and before the method: Elysia's loggers
    rf"{_TOOK}\ ++{_METHOD}\ ++{_PATH}\ ++({STATUS})(?:\ [^\n]*+)?", re.VERBOSE
).fullmatch


def match(text: str) -> Row | None:
    """Return the row of a line that is all of these and nothing else."""
    if _OF_TESTS(text):
        return None
    opening = _SYMBOLS(text)
    begin = opening.end() if opening else 0
    behind: str | None = None
    if found := _LINES[1](text, begin):
        client_ip, method, target, status, took, behind = found.groups()
    elif found := _LINES[0](text, begin):
        client_ip, method, status, target, took, behind = found.groups()
    elif found := _LINES[2](text, begin):
        client_ip, status, method, target, took, behind = found.groups()
    elif found := _LAST(text, begin):
        client_ip, method, target, took, status = found.groups()
    elif found := _FIRST(text, begin):
        client_ip = None
        took, method, target, status = found.groups()
    else:
        return None
    duration_ms = elapsed_ms(took)
    client_ip = client_ip or behind
    if client_ip is not None and not client_ip.strip(".:"):  # Replit's template puts colons before the answer's body
        client_ip = None
    elif client_ip is not None and client_ip.count(":") == 1:
        client_ip = address_of(client_ip)
    return None if duration_ms is None else Fields(client_ip, method, target, status, duration_ms, None)


_UNTIMED = (
    rf"(?:(?:(?P<peer>{PORT_TOO})|(?P<ip>{ADDRESS}))\ (?:-\ )?)?(?P<method>{METHOD})\ ++(?P<target>{PATH})(?:\ HTTP/[0-9.]++)?+"
    rf"{_SAID}\ ++(?P<status>{STATUS})(?:\ [A-Z][A-Za-z'-]*+)*+(?:\ (?:-|[0-9]++))?+"
)
_IDENTIFIED = (
    rf"(?P<method>{METHOD})\ (?P<target>{PATH})\ \[request-id:\ [0-9A-Fa-f-]{{36}}\]"
    r"(?:\ \([A-Za-z0-9_/+-]++\.swift:[0-9]++\))?"  # where it was logged
)
_ADDRESSED = rf"(?P<method>{METHOD})\ (?P<target>{PATH})\ (?P<ip>{ADDRESS})\ (?P<status>{STATUS})"
_ANSWER = rf"(?P<status>{STATUS})\ (?P<method>{METHOD})\ (?P<target>{PATH})"
_ANSWERED = rf"(?P<method>{METHOD})\ (?P<status>{STATUS})\ (?P<target>{PATH})"

_QUOTED = (  # llama-swap, dufs; what an error says behind it is prose
    rf"(?:(?P<peer>{PORT_TOO})|(?P<ip>[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}|[0-9A-Fa-f]{{0,4}}:[0-9A-Fa-f:]{{2,36}}+))\ (?:-\ )?+"
    rf'"(?P<method>{METHOD})\ (?P<target>/[^ "\n]*+)(?:\ HTTP/[0-9.]++)?+"\ (?P<status>{STATUS})(?:\ (?:-|[0-9]++))?+'
    rf'(?:\ "(?P<agent>{QUOTED})")?+(?:\ (?P<elapsed>{PIECE})(?=\ |\Z))?+(?:\ [^\n]*+)?+'
)
_UNANSWERED = (
    rf"(?:Completed\ |Handled\ |Served\ )?+(?:(?:(?P<peer>{PORT_TOO})|(?P<ip>[0-9A-Fa-f.:]{{3,45}}+))\ (?:-\ )?)?"
    rf"(?P<method>{METHOD})\ ++(?P<target>{PATH})(?:\ HTTP/[0-9.]++)?+(?:\ (?:in|took|-))?+:?+\ \(?"
    rf"(?P<elapsed>{PIECE}|[0-9.]++\ (?:ns|us|µs|ms|s))\)?"
)

# Behind a logger's head no time is needed to tell a request from prose.
HEADED = (
    Format("habit-untimed", named(_UNTIMED), "a method, a path and a status alone", needle=" /"),
    Format("habit-unanswered", named(_UNANSWERED), "a time and no status, as Go's tutorials log", 1.0, needle=" /"),
    Format("habit-identified", named(_IDENTIFIED), "Vapor: an id and nothing of the answer", needle=" [request-id: "),
    Format("habit-addressed", named(_ADDRESSED), "an address before the status", needle=" /"),
    Format("habit-quoted", named(_QUOTED), "an address and a quoted request", 1.0, needle=' "'),
    Format("habit-answer", named(_ANSWER), "the same with the status first (wisp)", needle=" /"),
    Format("habit-answered", named(_ANSWERED), "the status between method and path (express-winston)", needle=" /"),
)
FORMATS = (Format("habit", otherwise(match, morgan.FORMATS), "tolerant, but all of the line; not morgan's", 1.0, needle=" /"),)
