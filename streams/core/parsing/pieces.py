"""The pieces of which text formats are made, and what makes a row of their named groups. Knows no single format."""

import re

from streams.core import regex
from streams.core.lazily import Lazily
from streams.core.parsing import request_line
from streams.core.parsing.elapsed import elapsed_ms
from streams.core.parsing.format import Fields, Match, Row, clean

METHOD = r"(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|TRACE|CONNECT)"
ANY_METHOD = r"[A-Z][A-Z-]{1,23}+"
TARGET = r"[^ \n\x1b]++"
PATH = r"/[^ \n\x1b]*+"
STATUS = r"[1-5][0-9]{2}"
# An address or a host's name: not a logger's name with colons before an address. No name has more characters than 255, and
# many formats look for one first.
ADDRESS = r"(?>[0-9A-Fa-f:.]{1,60}+(?![^\ %,)\]|])(?:%[0-9A-Za-z]++)?+|[A-Za-z0-9_.-]{1,255}+(?![^\ ,)\]|]))"
PEER = r"(?:\[[0-9A-Fa-f:.]{1,60}+\]|[0-9A-Za-z:._-]{0,255}?):[0-9]{1,5}(?![0-9:])"
PORT_TOO = r"(?:[0-9.]{7,15}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}(?![^\ ])"  # a peer of which the port is surely one
QUOTED = r'[^"\\\n]*+(?:\\.[^"\\\n]*+){0,1000}+'  # what stands between quotes, with escapes
QUOTED_TARGET = r'[^ "\\\n]*+(?:\\[^ \n][^ "\\\n]*+){0,1000}+'  # the same without blanks
CLF_DATE = r"[0-9]{1,2}/[A-Z][a-z]{2}/[0-9]{4}"
CLF_STAMP = rf"{CLF_DATE}[:\ ][0-9:.]{{8,15}}(?:\ [+-][0-9]{{4}}|\ [A-Z]{{3,4}})?+"
ISO_STAMP = (
    r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T\ ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?+(?:\ ?Z|\ ?[+-][0-9]{2}:?[0-9]{2})?+"
)
NUMBER = r"[0-9]++(?:\.[0-9]++)?+"

# What heads of envelopes begin with: formats that let anything stand before a request look ahead for them.
BARE = (
    r"(?![0-9T:.-]{19,30}+Z?+\ [a-z][a-z-]{2,19}+\ ?\[[0-9A-Za-z_-]{0,40}+\]\ [a-z]{3,4}+\ \["  # flyctl
    r"|[A-Za-z0-9][A-Za-z0-9_.-]{0,62}+\ {1,40}+\|\ "  # docker-compose
    r"|<[0-9]|[A-Z][a-z]{2}\ [\ 0-9][0-9]\ [0-9]{2}:[0-9]{2}:[0-9]{2}\ )"  # syslog
)
_URL = regex.compiled(r"[a-z]{2,5}://[^/?#\n]*+").match
_PORT = regex.compiled(r":[0-9]{1,5}\Z")
_NAMES = ("ip", "peer", "line", "method", "target", "status", "took", "elapsed", "stamp", "agent")


def path_of(target: str) -> str:
    """Return the path and query of a server's own URL; a path is what it is."""
    found = _URL(target)
    if found is None:
        return target
    rest = target[found.end() :]
    return rest if rest.startswith("/") else f"/{rest}"


def address_of(peer: str) -> str:
    """Return the address of ``address:port``, with or without brackets."""
    return _PORT.sub("", peer).strip("[]")


_GROUP = regex.compiled(r"\(\?P<([a-z]+)>").findall


def named(pattern: str) -> Match:
    """Make the matcher of a verbose pattern whose groups are called as the fields of a row.

    ``ip`` or ``peer`` (with a port), ``line`` (a quoted request) or ``method`` and ``target``, ``status``, ``took`` (a
    number) or ``elapsed`` (with its unit), ``stamp`` and ``agent``: what a pattern does not have the line does not say.
    """
    unknown = set(_GROUP(pattern)) - set(_NAMES)
    if unknown:
        raise ValueError(f"no fields of a row: {sorted(unknown)}")
    lazily = Lazily(pattern, re.VERBOSE)

    def match(text: str) -> Row | None:
        if text[:1] == "{":  # a document's alone, whatever stands in it
            return None
        found = lazily.compiled.fullmatch(text)
        if found is None:
            return None
        told = found.groupdict()
        ip, peer, line, method, target, status, took, elapsed, stamp, agent = map(told.get, _NAMES)
        duration: str | float | None = took
        if elapsed is not None and (duration := elapsed_ms(elapsed)) is None:
            return None
        if line is not None:
            method, target = request_line.split(line)
        if peer is not None:
            ip = address_of(peer)
        if method is not None:
            method = method.upper()
        return Fields(ip, method, None if target is None else path_of(target), status, duration, stamp, agent)

    return clean(match)
