"""Requests as JSON documents whose shape is known: typed, and so fast. Knows no envelope.

A document that does not fit its shape is left to the tolerant table of ``json_fields``.
"""

from collections.abc import Callable
from typing import Any, cast

import msgspec
from msgspec import Struct

from streams.core.parsing import request_line, runs
from streams.core.parsing.field_values import CAPITALS
from streams.core.parsing.format import Format, Row, Table, Texts
from streams.core.parsing.stamps import any_ms

STATUS_TEXTS: dict[int | None, str] = {code: str(code) for code in range(1_000)}


class PinoHeaders(Struct, gc=False):
    """The headers that name the client, in front of proxies and by its agent."""

    fly_client_ip: str = msgspec.field(default="", name="fly-client-ip")
    x_forwarded_for: str = msgspec.field(default="", name="x-forwarded-for")
    user_agent: str = msgspec.field(default="", name="user-agent")


class PinoRequest(Struct, gc=False):
    """``req`` of pino-http's standard serializer."""

    method: str
    url: str
    remoteAddress: str | None = None  # noqa: N815 (pino's name)
    headers: PinoHeaders | None = None


class PinoResponse(Struct, gc=False):
    """``res`` of pino-http's standard serializer; a request cut off has no status."""

    statusCode: int | None = None  # noqa: N815 (pino's name)


class Pino(Struct, gc=False):
    """A line of pino-http."""

    req: PinoRequest
    res: PinoResponse
    responseTime: float  # noqa: N815 (pino's name)
    time: str | float | None = None

    def groups(self) -> Texts:
        """Return the seven fields."""
        return cast("Texts", next(zip(*_pino_table([self]), strict=True)))


def _pino_table(rows: list[Pino]) -> Table:
    """Return the columns; the first forwarded address is the client, the peer is a proxy then."""
    asked = [row.req for row in rows]
    headers = [each.headers or _NO_HEADERS for each in asked]
    named = [said.fly_client_ip or said.x_forwarded_for for said in headers]
    clients = [each.remoteAddress for each in asked]
    if any(named):
        clients = [said.partition(",")[0].strip() if said else peer for said, peer in zip(named, clients, strict=True)]
    methods = [None if " " in each.method else CAPITALS.get(each.method, each.method) for each in asked]  # a blank: no method
    statuses = list(map(STATUS_TEXTS.get, [row.res.statusCode for row in rows]))
    agents, took, stamps = [said.user_agent for said in headers], [row.responseTime for row in rows], [row.time for row in rows]
    return clients, methods, [each.url for each in asked], statuses, agents, took, stamps


_NO_HEADERS = PinoHeaders()


class Nginx(Struct, gc=False):
    """A line of nginx with ``escape=json``; its field names are the variables' names, everything may be text."""

    status: str | int
    request_time: str | float
    remote_addr: str
    request: str | None = None
    request_method: str | None = None
    request_uri: str | None = None
    http_x_forwarded_for: str | None = None
    http_user_agent: str | None = None
    time_iso8601: str | None = None
    time_local: str | None = None
    msec: str | float | None = None
    timestamp: str | float | None = None
    time: str | float | None = None
    at: str | float | None = msgspec.field(default=None, name="@timestamp")
    ts: str | float | None = None

    def groups(self) -> Texts:
        """Return the seven fields; the request line wins, as it is what the client sent."""
        method, target = self.request_method, self.request_uri
        if self.request is not None:
            method, target = request_line.split(self.request)
        elif method is not None and " " in method:
            method = None
        forwarded = self.http_x_forwarded_for
        client_ip = forwarded.partition(",")[0].strip() if forwarded and forwarded != "-" else self.remote_addr
        stamp = self.time_iso8601 or self.time_local or self.msec or self.timestamp or self.at or self.time or self.ts
        return client_ip, method, target, str(self.status), self.http_user_agent, self.request_time, stamp


def typed(shape: type[Any]) -> Callable[[str], Row | None]:
    """Return the matcher of a shape: None for what is no such document."""
    decode = msgspec.json.Decoder(shape).decode

    def match(text: str) -> Row | None:
        if text[:1] != "{":
            return None
        try:
            return decode(text)  # type: ignore[no-any-return]
        except (ValueError, RecursionError):  # not JSON, another shape, a lone surrogate, or nested beyond measure
            return None

    return match


_nginx = typed(Nginx)


def nginx(text: str) -> Row | None:
    """Return the row of an nginx document that says what was asked, as a line or in parts."""
    row = _nginx(text)
    asked = isinstance(row, Nginx) and (row.request is not None or (row.request_method and row.request_uri))
    return row if asked else None


def _nginx_table(rows: list[Nginx]) -> Table | None:
    asked = all(row.request is not None or (row.request_method and row.request_uri) for row in rows)
    return tuple(zip(*map(Nginx.groups, rows), strict=True)) if asked else None


_PINO_RUN, _NGINX_RUN = runs.documents(Pino, _pino_table), runs.documents(Nginx, _nginx_table)

FORMATS = (
    Format("pino", typed(Pino), "the most frequent JSON of node; exact by its shape", 1.0, any_ms, '"req"', run=_PINO_RUN),
    Format("nginx-json", nginx, "exact by its shape; seconds", 1e3, any_ms, '"request_time"', run=_NGINX_RUN),
)
