"""Requests as the JSON documents of proxies: Caddy, Traefik and Cloudflare, typed and so fast. Knows no envelope.

A document that does not fit its shape is left to the tolerant table of ``json_fields``.
"""

from typing import Literal, cast

import msgspec
from msgspec import Struct

from streams.core.parsing import runs
from streams.core.parsing.durations import spelt_ms
from streams.core.parsing.format import Format, Number, Row, Table, Texts
from streams.core.parsing.json_requests import STATUS_TEXTS, typed
from streams.core.parsing.stamps import any_ms, iso_ms

_ACCESS = "http.log.access"
_LEAST_NS = 10_000  # a whole number: ms up to here, and ns from here on; seconds always have a fraction, but for 0
_LEAST_STAMP_NS, _MOST_STAMP_NS = 10**17, 10**20  # nanoseconds since 1970


class CaddyHeaders(Struct, gc=False):
    """The one header that is a field of a request."""

    user_agent: list[str] = msgspec.field(default_factory=list, name="User-Agent")


class CaddyRequest(Struct, gc=False):
    """``request``: 2.5 split the address from its port, 2.7 added the client that trusted proxies name."""

    method: str
    uri: str
    client_ip: str = ""
    remote_ip: str = ""
    remote_addr: str = ""
    headers: CaddyHeaders | None = None


class Caddy(Struct, gc=False):
    """A line of Caddy's access log. ``duration`` is seconds unless ``duration_format`` says otherwise."""

    request: CaddyRequest
    status: int
    duration: float | str | None = None
    ts: str | float | None = None
    logger: str = _ACCESS
    err_id: Literal[""] = ""  # of the error log alone: a console writes the logger's name before the document

    def groups(self) -> Texts:
        """Return the seven fields."""
        return cast("Texts", next(zip(*_columns([self]), strict=True)))


def _columns(rows: list[Caddy]) -> Table:
    """Return the columns of access lines: a step over all of them costs half of what all steps over each do."""
    asked = [row.request for row in rows]
    clients = [each.client_ip or each.remote_ip or each.remote_addr.rpartition(":")[0].strip("[]") for each in asked]
    agents = [None if (said := each.headers) is None or not said.user_agent else said.user_agent[0] for each in asked]
    took = [row.duration for row in rows]
    if set(map(type, took)) != {float} or max(cast("list[float]", took)) >= 1:
        took = [_seconds(each) for each in took]
    statuses = list(map(STATUS_TEXTS.get, [row.status for row in rows]))
    return (
        clients,
        [each.method for each in asked],
        [each.uri for each in asked],
        statuses,
        agents,
        took,
        [row.ts for row in rows],
    )


def _seconds(took: float | str | None) -> float | str | None:
    """Return seconds, or what ``duration_format`` made of them: a text with its unit, or a whole number of ns or ms."""
    if not took or (not isinstance(took, str) and (took < 1 or not took.is_integer())):
        return took
    took_ms = spelt_ms(took, 1e3 if isinstance(took, str) else 1e-6 if took >= _LEAST_NS else 1.0)
    return None if took_ms is None else took_ms / 1e3


class Traefik(Struct, gc=False):
    """A line of Traefik's access log. Its ``OriginStatus`` and ``OriginDuration`` are those of the server behind it."""

    DownstreamStatus: int
    RequestMethod: str
    RequestPath: str
    Duration: float | None = None
    ClientHost: str | None = None
    StartUTC: str | None = None
    time: str | None = None
    agent: str | None = msgspec.field(default=None, name="request_User-Agent")

    def groups(self) -> Texts:
        """Return the seven fields."""
        status, stamp = STATUS_TEXTS.get(self.DownstreamStatus), self.time or self.StartUTC
        return self.ClientHost, self.RequestMethod, self.RequestPath, status, self.agent, self.Duration, stamp


class Cloudflare(Struct, gc=False):
    """A line of Logpush's http_requests: stamps as RFC 3339, or as seconds or nanoseconds since 1970."""

    ClientRequestMethod: str
    ClientRequestURI: str
    EdgeResponseStatus: int
    EdgeStartTimestamp: int | str
    EdgeEndTimestamp: int | str | None = None
    ClientIP: str | None = None
    ClientRequestUserAgent: str | None = None

    def groups(self) -> Texts:
        """Return the seven fields; how long it took is what passed between its stamps."""
        status, took = STATUS_TEXTS.get(self.EdgeResponseStatus), _between_ms(self.EdgeStartTimestamp, self.EdgeEndTimestamp)
        agent, stamp = self.ClientRequestUserAgent, self.EdgeStartTimestamp
        return self.ClientIP, self.ClientRequestMethod, self.ClientRequestURI, status, agent, took, stamp


def _between_ms(start: int | str, end: int | str | None) -> Number:
    """Return the time between two stamps, None where they are as coarse as whole seconds."""
    if isinstance(start, int) and isinstance(end, int):
        return (end - start) / 1e6 if _LEAST_STAMP_NS < start <= end < _MOST_STAMP_NS else None
    if isinstance(start, str) and isinstance(end, str) and ("." in start or "." in end):
        start_ms, end_ms = iso_ms(start), iso_ms(end)
        return None if start_ms is None or end_ms is None else end_ms - start_ms
    return None


_caddy, _traefik, _cloudflare = typed(Caddy), typed(Traefik), typed(Cloudflare)


def caddy(text: str) -> Row | None:
    """Return the row of an access line; Caddy's error log tells the same requests beside it."""
    row = _caddy(text)
    if not isinstance(row, Caddy):
        return None
    return row if row.logger.startswith(_ACCESS) and " " not in row.request.method else None


def _caddy_table(rows: list[Caddy]) -> Table | None:
    """Return the columns of documents that are all access lines."""
    if not all(logger.startswith(_ACCESS) for logger in {row.logger for row in rows}):
        return None
    columns = _columns(rows)
    return None if any(" " in method for method in set(columns[1])) else columns


def traefik(text: str) -> Row | None:
    """Return the row of an access line."""
    row = _traefik(text)
    return row if isinstance(row, Traefik) and " " not in row.RequestMethod else None


def cloudflare(text: str) -> Row | None:
    """Return the row of a request."""
    row = _cloudflare(text)
    return row if isinstance(row, Cloudflare) and " " not in row.ClientRequestMethod else None


FORMATS = (
    Format("caddy", caddy, "exact by its shape; seconds", 1e3, any_ms, '"uri"', run=runs.documents(Caddy, _caddy_table)),
    Format("traefik-json", traefik, "exact by its shape; nanoseconds", 1e-6, any_ms, needle='"DownstreamStatus"'),
    Format("cloudflare", cloudflare, "exact by its shape", 1.0, any_ms, needle='"EdgeResponseStatus"'),
)
