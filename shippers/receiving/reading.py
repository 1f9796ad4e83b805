"""Reads a request's head and body: which form, whose app, no more bytes and no longer than allowed. Knows no line."""

import asyncio
import re
from collections.abc import Mapping

from aiohttp import HttpVersion11, web

from shippers.receiving.answers import Form
from shippers.receiving.held import Held, Ticket
from shippers.receiving.inflating import checked, inflated
from shippers.receiving.refusals import Refused, busy, too_large
from shippers.receiving.table import Receive

LOGS = frozenset({"/", "/logs"})
DRAIN, OTLP = "/drain", "/v1/logs"
SYSLOG_TYPES = frozenset({"application/logplex-1", "application/syslog", "message/syslog"})
TEXT_TYPES = SYSLOG_TYPES | {
    *("", "text/plain", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl"),
    *("application/x-jsonlines", "application/octet-stream", "application/x-www-form-urlencoded"),  # curl's own
}
OTLP_TYPES = {
    "application/json": Form.OTLP_JSON,
    "application/x-protobuf": Form.OTLP_PROTOBUF,
    "application/protobuf": Form.OTLP_PROTOBUF,
}
_NAME = re.compile(r"[^/\s]{1,255}").fullmatch
FULL = "what was taken before is not safe yet: come again"


def spoken(path: str, headers: Mapping[str, str]) -> Form:
    """Return the form in which a sender is answered, whatever else is wrong with its request."""
    kind = _type(headers)
    if path == OTLP:
        return OTLP_TYPES.get(kind, Form.OTLP_JSON)
    return Form.DRAIN if path == DRAIN or kind in SYSLOG_TYPES else Form.LOGS


def check_head(path: str, method: str, headers: Mapping[str, str]) -> None:
    """Refuse what is wrong whatever the body is."""
    if path not in LOGS and path not in (DRAIN, OTLP):
        raise Refused(404, "path", "there is nothing here: send to /logs, /drain or /v1/logs")
    if method != "POST" and not (method == "PUT" and path in LOGS):  # Vector's http sink can be told to PUT
        raise Refused(405, "method", "send with POST")
    kind = _type(headers)
    if kind not in (OTLP_TYPES if path == OTLP else TEXT_TYPES):
        known = ", ".join(sorted(OTLP_TYPES if path == OTLP else TEXT_TYPES - {""}))
        raise Refused(415, "type", f"Content-Type must be one of {known}")
    checked(headers.get("Content-Encoding", ""))


def name_of(request: web.BaseRequest, parameter: str, header: str) -> str:
    """Return a name that a request gives, "" if none; Refused if it cannot be one."""
    name = request.query.get(parameter) or request.headers.get(header) or ""
    if name and not (_NAME(name) and name.isprintable()):
        raise Refused(400, "name", f"{parameter} must be 1 to 255 characters without blanks and slashes")
    return name


async def body_of(request: web.BaseRequest, table: Receive, held: Held, ticket: Ticket) -> bytes:
    """Return the body, unpacked and counted; Refused where it is too large, too slow, damaged, or there is no room."""
    declared = request.content_length
    if declared is not None and declared > table.body_bytes:
        raise too_large(table.body_bytes)
    if not held.resize(ticket, declared or 0):
        raise busy(FULL)
    if request.version >= HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the answer itself is sent
    try:
        async with asyncio.timeout(table.body_ms / 1000):
            packed = await _packed(request, table, held, ticket)
    except TimeoutError:
        raise Refused(408, "slow", "the body did not come in time", close=True) from None
    except web.RequestPayloadError:
        raise Refused(400, "body", "the body does not end where it says", close=True) from None
    encoding = checked(request.headers.get("Content-Encoding", ""))
    room = ticket.bytes + held.room_bytes - len(packed)  # both are there for a moment
    most = min(table.body_bytes, room)
    try:
        body = inflated(packed, encoding, most)
    except Refused as refused:
        raise busy(FULL) if refused.status == 413 and most < table.body_bytes else refused from None
    held.resize(ticket, len(body))
    return body


async def _packed(request: web.BaseRequest, table: Receive, held: Held, ticket: Ticket) -> bytes:
    pieces, size = list[bytes](), 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size > table.body_bytes:
            raise too_large(table.body_bytes)
        if size > ticket.bytes and not held.resize(ticket, size):
            raise busy(FULL)
        pieces.append(piece)
    return b"".join(pieces)


def _type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()
