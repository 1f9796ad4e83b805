"""Requests that servers tell in two documents, at their beginning and at their end: reads one. Joins nothing.

Fastify writes ``req`` when a request comes and ``res`` when it is answered, both with its ``reqId``; Logbook a request and
a response with one ``correlation``. Knows no envelope.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct, structs

from streams.core import regex
from streams.core.joins import Fragment, Kind
from streams.core.parsing.pieces import ISO_STAMP, path_of
from streams.core.parsing.stamps import any_ms

_ID_CHARS = 100
_LOGBOOK, _HEAD_CHARS = "ogbook", 300  # however a logger shortens the name of its class
_STAMP = regex.compiled(rf"\[?({ISO_STAMP})", re.VERBOSE).match


class _Asked(Struct, gc=False):
    method: str
    url: str
    remoteAddress: str | None = None  # noqa: N815 (pino's name)


class _Answered(Struct, gc=False):
    statusCode: int | None = None  # noqa: N815 (pino's name)


class _Fastify(Struct, gc=False):
    reqId: str | int  # noqa: N815 (Fastify's name)
    req: _Asked | None = None
    res: _Answered | None = None
    responseTime: float | None = None  # noqa: N815 (Fastify's name)
    pid: int | None = None  # requests are numbered in each process
    time: str | float | None = None
    err: Any = None


class _Logbook(Struct, gc=False):
    correlation: str
    type: str
    origin: str
    method: str | None = None
    uri: str | None = None
    path: str | None = None
    remote: str | None = None
    status: int | None = None
    duration: float | None = None


_fastify = msgspec.json.Decoder(_Fastify).decode
_logbook = msgspec.json.Decoder(_Logbook).decode


def fragment(text: str) -> Fragment | None:
    """Return what a document says about a request whose other half stands elsewhere, None when it says nothing."""
    if text[:1] != "{":
        return None
    for needle, read in _KINDS:
        if needle in text:
            try:
                return read(text)
            except (ValueError, RecursionError):  # not JSON, another shape, a lone surrogate, or nested beyond measure
                return None
    return None


def behind_a_head(text: str) -> Fragment | None:
    """Read Logbook's document behind a logger's head, which has its stamp."""
    head, brace, rest = text.partition('{"')
    said = fragment(brace + rest) if _LOGBOOK in head[:_HEAD_CHARS] else None
    if said is None or (stamp := _STAMP(head)) is None:
        return said
    return structs.replace(said, stamp_ms=any_ms(stamp[1]))


def _of_fastify(text: str) -> Fragment | None:
    line = _fastify(text)
    an_id = f"{line.pid or ''}/{line.reqId}"[:_ID_CHARS]
    stamp_ms = None if line.time is None else any_ms(line.time)
    asked, answered = line.req, line.res
    if asked is not None and answered is None and line.err is None:
        client_ip = asked.remoteAddress or None
        method = None if " " in asked.method else asked.method or None
        return Fragment(
            Kind.STARTED, an_id, method, asked.url or None, client_ip, stamp_ms=stamp_ms, format="fastify", own_id=True
        )
    if answered is None or asked is not None or line.responseTime is None:
        return None  # an error on the way, or what the app says besides
    return Fragment(
        Kind.COMPLETED,
        an_id,
        status=_status(answered.statusCode),
        duration_ms=_took_ms(line.responseTime),
        stamp_ms=stamp_ms,
        format="fastify",
    )


def _of_logbook(text: str) -> Fragment | None:
    line = _logbook(text)
    an_id = line.correlation[:_ID_CHARS]
    if (line.type, line.origin) == ("request", "remote") and line.method:
        target = line.path or (line.uri and path_of(line.uri))
        method = None if " " in line.method else line.method
        return Fragment(Kind.STARTED, an_id, method, target or None, line.remote or None, format="logbook", own_id=True)
    if (line.type, line.origin) == ("response", "local"):
        status, took_ms = _status(line.status), _took_ms(line.duration)
        return Fragment(Kind.COMPLETED, an_id, status=status, duration_ms=took_ms, format="logbook")
    return None  # a request of the app's own to others


# What is in every document of a kind -> how it is read.
_KINDS: tuple[tuple[str, Callable[[str], Fragment | None]], ...] = (
    ('"reqId"', _of_fastify),
    ('"correlation"', _of_logbook),
)
NEEDLES = tuple(needle for needle, _ in _KINDS)
ESCAPED = 'correlation\\"'  # in all of Logbook's documents that are a text within another


def _status(code: int | None) -> int | None:
    return code if code is not None and 100 <= code <= 599 else None


def _took_ms(took: float | None) -> float | None:
    return round(took, 6) if took is not None and 0 <= took < 1e15 else None
