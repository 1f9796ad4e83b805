"""What people have made of the common log format: tolerant, for every line that servers of ``clf`` do not write.

Hosts beside the address or before the request, ports, lists of addresses, one dash or blanks for the user, requests that are
none, quotes not escaped, statuses in quotes or before the request, and fields of one's own at the end. Knows no envelope.
"""

import re
from itertools import islice

from streams.core import regex
from streams.core.parsing import clf, outgoing, request_line
from streams.core.parsing.durations import UNITS_MS
from streams.core.parsing.format import ADDRESS, Fields, Format, Row, clean, otherwise, says
from streams.core.parsing.stamps import any_ms

_WHO_WHEN = (
    r"(?!\{)\"?+((?:[^\[\"\n]++|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?+|\"-\"|\"(?=\ -\ ))++)"  # who asked, up to the stamp
    r"\[([0-9]{1,2}/[A-Z][a-z]{2}/[0-9]{4}[:\ ][0-9:.]{5,20}(?:\ ?[+-][0-9:]{4,6}|\ [A-Z]{3})?+"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T\ ][0-9:.]{5,20}(?:\ ?[+-][0-9:]{4,6}|Z)?+)\]\ "
)
_HOST = r'(?:"[A-Za-z0-9.:_\[\]*-]{0,255}+"\ (?="))?+'  # in quotes; a request of one word has its status behind it
_HEAD = regex.compiled(rf'{_WHO_WHEN}{_HOST}"', re.VERBOSE).match
_HOSTED = regex.compiled(rf"{_WHO_WHEN}([^\ \"\[\]\n]++)\ \"", re.VERBOSE).match  # APISIX: the host that was asked for; a time
_STATUS_FIRST = regex.compiled(rf"{_WHO_WHEN}\ ?+([1-5][0-9]{{2}})\ \"", re.VERBOSE).match  # nginx's "full example"
_STATUS = r'(?:[0-9]{1,3}(?![0-9"])|-(?!")|"[1-5][0-9]{2}")'
_ANSWER = rf'" {{1,2}}+({_STATUS})(?: (?:[0-9]++|-|"[0-9]++"))?+(?= |$)'
_SIZE = r'" ([0-9]++|-)(?=$| (?!(?:[0-9]++|-)(?: |$)))'  # alone: where a status stands behind the request, a size does, too
# The end of the request: the first quote that is not escaped, else (some servers escape none) the first before a status.
_LINE = r'([^"\\]*+(?:\\.[^"\\]*+)*+)'
_ESCAPED = regex.compiled(_LINE + _ANSWER).match
_RAW = regex.compiled(rf'([^"]*+(?:"(?! {{1,2}}+{_STATUS}(?: |$))[^"]*+)*+)' + _ANSWER).match
_ESCAPED_FIRST = regex.compiled(_LINE + _SIZE).match
_COLOUR = regex.compiled(r"\x1b\[[0-9;]*+m")

_TOKEN = regex.compiled(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^ \n]++').finditer
_KEYED = regex.compiled(r'(?:rt|request_time|req_time|reqtime|request-time|total)[=:]"?([0-9]++(?:\.[0-9]++)?+)(ms|s)?+"?+')
_SPELT = regex.compiled(
    r'(?:(?:took|time|duration|elapsed|latency|response_time|total_time)[=:])?+"?([0-9]++(?:\.[0-9]++)?+)(ms|s|us|µs)"?'
)
# A number and its unit apart: ms, or anything in brackets as Spring Boot shows it for Tomcat.
_PARTED = regex.compiled(r"(\()?([0-9]++(?:\.[0-9]++)?+) (ms|us|µs|microseconds|s)(?(1)\)|(?<=ms))")
_MICROSECONDS = regex.compiled(r'(?:D|(?:duration|time|took|elapsed)_us|usec)[=:]"?([0-9]++)"?')  # D as in Apache's %D
_NAMED = {"request_time", "request", "rt"}  # the word before the number
_SECONDS = regex.compiled(r'["\[<]?([0-9]{1,6}\.[0-9]{3,6})["\]>]?')
_ROUNDED_MS = 5.0  # an upstream's time may be longer by so much, as each is rounded
_MOST_TOKENS = 8
_HEAD_CHARS = 2_000  # who and when, and the quote behind them: what is longer is no such line
_MOST_FIELDS = 64  # behind the answer
_ZONED = "00] "  # how most stamps end: without a look for it all lines with a word in brackets would be read
_NUMBERED = regex.compiled(r"([A-Z]{3,20}) (/[^ \n]*+) [0-9](?:\.[0-9])?+").fullmatch  # hypercorn: then the port is there, too
_CONNECTION = "TCP "  # HAProxy's tcplog in this format has no request
_SOCKET = regex.compiled(r"WS(?:CONNECT(?:ING)?|DISCONNECT|REJECT) ").match  # daphne's lines of WebSockets have no status
_ADDRESS = regex.compiled(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]++|\[[0-9A-Fa-f:.]++\]").fullmatch
_MACHINE = regex.compiled(rf"{outgoing.MACHINE}  - ").fullmatch  # Guzzle, told to send no agent: where it runs, and nobody
_WITH_PORT = regex.compiled(r"([0-9.]{7,15}):[0-9]{1,5}|\[([0-9A-Fa-f:.]++)\]:[0-9]{1,5}").fullmatch
_WHO = regex.compiled(r'(?: [0-9.]++| -)*+ "[^"]*+" "([^"]*+)"').match  # numbers of one's own, referrer and agent


def match(text: str) -> Row | None:
    """Return the row of a line that is the common log format at heart."""
    return _row(text, _HEAD(text, 0, _HEAD_CHARS))


def _hosted(text: str) -> Row | None:
    return _row(text, _HOSTED(text, 0, _HEAD_CHARS)) if text[:1] in ADDRESS and _ZONED in text and ' "' in text else None


def _status_first(text: str) -> Row | None:
    if text[:1] not in ADDRESS or _ZONED not in text or (head := _STATUS_FIRST(text, 0, _HEAD_CHARS)) is None:
        return None
    client_ip, asked = _client_ip(head[1]), _ESCAPED_FIRST(text, head.end())
    if client_ip is None or asked is None:
        return None
    method, target = request_line.split(asked[1])
    tail = text[asked.end() :]
    return Fields(client_ip, method, target, head[3], _duration_ms(tail), head[2], _agent(tail))


def _row(text: str, head: re.Match[str] | None) -> Row | None:
    if head is None:
        return None
    client_ip = _client_ip(head[1])
    answer = _ESCAPED(text, head.end()) or _RAW(text, head.end())
    if client_ip is None or answer is None:
        return None
    line, status = answer[1], answer[2].strip('"')
    if line == _CONNECTION or _SOCKET(line):
        return None
    method, target = request_line.split(_COLOUR.sub("", line))
    if method is None and (found := _NUMBERED(line)):
        method, target = found.groups()
        client_ip = client_ip.rpartition(":")[0] if client_ip.count(":") > 1 else client_ip
    if status == "-" and not says(method, target):
        return None
    tail = text[answer.end() :]
    took_ms = _duration_ms(tail)
    if took_ms is None and head.re.groups > 2 and (found := _SECONDS.fullmatch(head[3])):
        took_ms = float(found[1]) * 1e3
    return Fields(client_ip, method, target, status, took_ms, head[2], _agent(tail))


def _client_ip(who: str) -> str | None:
    """Find the address: it stands before the first dash, unless an ident or a user is in its place; None: no such line."""
    tokens = who.replace('"', "").split(None, _MOST_TOKENS)
    if not 2 <= len(tokens) <= _MOST_TOKENS:
        return None
    if tokens[0] == "-":
        return tokens[1] if _ADDRESS(tokens[1]) else "-"  # nobody is forwarded for, then the peer
    if not _ADDRESS(tokens[0]) and not _WITH_PORT(tokens[0]) and (outgoing.by_agent(tokens) or _MACHINE(who)):
        return None
    if "-" in tokens:
        at = tokens.index("-") - 1
        if at == 1 and len(tokens) == 3 and not _is_address(tokens[1]):
            at = 0  # address, ident, dash
    elif len(tokens) == 3 and _is_address(tokens[0]):
        at = 1 if _is_address(tokens[1]) else 0  # host, address, user; or address, ident, user
    else:
        return None
    peer = _ADDRESS(tokens[0]) or (len(tokens) == 3 and _WITH_PORT(tokens[0]) and not _WITH_PORT(tokens[at]))
    if at and peer and not _ADDRESS(tokens[at]):
        at = 0  # lighttpd: the client, then the host that was asked for; others' ports and schemes; Linkerd: who it is
    while at and tokens[at - 1].endswith(","):
        at -= 1  # a list of forwarded addresses: the first is the client
    client = tokens[at].split(",", 1)[0]
    if client == "unix:":
        return "-"  # nginx, of a client on a socket
    return found[1] or found[2] if (found := _WITH_PORT(client)) else client.strip("[]")


def _agent(tail: str) -> str | None:
    quoted = _WHO(tail)
    return None if quoted is None else quoted[1]


def _is_address(token: str) -> bool:
    return "." in token or ":" in token


def _duration_ms(tail: str) -> float | None:
    """Find how long the whole request took: by its name, else by its unit, else as nginx's seconds, the longest.

    An integer says nothing: Apache writes micro-, milli- or whole seconds, or bytes, as it was told.
    """
    tokens = [found[0] for found in islice(_TOKEN(tail), _MOST_FIELDS)]
    if tail.startswith(' "'):
        tokens = tokens[2:]  # referrer and agent are the client's own words
    for each in tokens:
        if found := _KEYED.fullmatch(each):
            return float(found[1]) * UNITS_MS[found[2] or "s"]
        if found := _MICROSECONDS.fullmatch(each):
            return float(found[1]) / 1e3
    for i, word in enumerate(tokens):
        if found := _SPELT.fullmatch(word):
            return float(found[1]) * UNITS_MS[found[2]]
        if i and word.endswith(("ms", ")")) and (found := _PARTED.fullmatch(f"{tokens[i - 1]} {word}")):
            return float(found[2]) * UNITS_MS[found[3]]
        if i and tokens[i - 1].rstrip(":") in _NAMED and (found := _SECONDS.fullmatch(word)):
            return float(found[1]) * 1e3
    return _longest_ms([float(found[1]) * 1e3 for each in tokens if (found := _SECONDS.fullmatch(each))])


def _longest_ms(several: list[float]) -> float | None:
    """Return the longest of times that no name tells apart: an upstream's is a part of the request's, in whatever order."""
    if not several:
        return None
    return max(several) if max(several) - several[0] > _ROUNDED_MS else several[0]


_FIRST = Format(
    "clf-status", clean(_status_first), "a status before the request, none behind it", 1.0, any_ms, _ZONED, begins=ADDRESS
)
FORMATS = (
    Format(
        "clf-habit",
        otherwise(match, clf.FORMATS),
        "tolerant: only what the strict ones leave",
        1.0,
        any_ms,
        clf.NEEDLE,
    ),
    _FIRST,
    Format(
        "clf-host",
        otherwise(_hosted, (_FIRST,)),
        "a host before the request: never the habit",
        1.0,
        any_ms,
        _ZONED,
        begins=ADDRESS,
    ),
)
