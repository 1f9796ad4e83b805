"""OTLP logs in protobuf: an ExportLogsServiceRequest in, lines out. Knows no HTTP."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from shippers.receiving import otlp
from shippers.receiving import protobuf_wire as wire
from shippers.receiving.refusals import Refused, too_many_lines
from streams.core.values import Line

RESOURCE_LOGS, RESOURCE, SCOPE_LOGS, LOG_RECORDS = 1, 1, 2, 2  # the numbers of the fields on the way to a record
SMALL_BYTES = 16 * 1024  # what can be decoded whatever it is: a million bytes of memory at most
MOST_VALUES = 10_000  # of one record or resource that is larger
PARTS_A_LINE, LEAST_PARTS = 4, 1_000  # a record may stand alone in its scope and resource, which has attributes
_VALUE: dict[int, wire.MESSAGES] = {}  # in a value a list or a map can be, and in these are values
_PAIR: wire.MESSAGES = {2: _VALUE}
_VALUE.update({5: {1: _VALUE}, 6: {1: _PAIR}})
_RESOURCE: wire.MESSAGES = {1: _PAIR, 3: {}}
_RECORD: wire.MESSAGES = {5: _VALUE, 6: _PAIR}


def lines(body: bytes, app: str, instance: str, most_lines: int) -> list[Line]:
    """Read a whole request, record by record; Refused where it is none, or holds too much."""
    found: list[Line] = []
    parts = _Parts(body, most_lines)
    try:
        for start, end in parts.of(RESOURCE_LOGS, 0, len(body)):
            of: otlp.Resource | None = None
            for scope in parts.of(SCOPE_LOGS, start, end):
                for begins, ends in parts.of(LOG_RECORDS, *scope):
                    if len(found) >= most_lines:
                        raise too_many_lines(most_lines)
                    of = of or _resource(parts, start, end, app, instance)
                    found.append(_line(LogRecord.FromString(_bounded(body[begins:ends], _RECORD)), of))
    except (DecodeError, wire.DamagedError):
        raise Refused(400, "unreadable", "the body is no ExportLogsServiceRequest in protobuf") from None
    return found


class _Parts:
    """The parts of a request on the way to its records; so many of them, each of which may be empty, are too many."""

    def __init__(self, body: bytes, most_lines: int) -> None:
        self.body, self._most_lines = body, most_lines
        self._left = most_lines * PARTS_A_LINE + LEAST_PARTS

    def of(self, number: int, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield where the fields of a number begin and end, of the message that is there."""
        for found, begins, ends in wire.fields(self.body, start, end):
            if found == number:
                self._left -= 1
                if self._left < 0:
                    raise too_many_lines(self._most_lines)
                yield begins, ends


def _resource(parts: _Parts, start: int, end: int, app: str, instance: str) -> otlp.Resource:
    """Read what a resource says of itself; said in several parts it is merged, as protobuf has it."""
    told = b"".join(parts.body[begins:ends] for begins, ends in parts.of(RESOURCE, start, end))
    return otlp.resource(_pairs(Resource.FromString(_bounded(told, _RESOURCE)).attributes), app, instance)


def _line(record: LogRecord, of: otlp.Resource) -> Line:
    at_ns = record.time_unix_nano or record.observed_time_unix_nano
    said = _value(record.body)
    rest = _pairs(record.attributes) if said in (None, "") else {}
    return otlp.line(otlp.Record(at_ns, record.severity_number, record.severity_text, said, rest), of)


def _bounded(message: bytes, kind: wire.MESSAGES) -> bytes:
    """Return a message that may be decoded; Refused where it would grow too much."""
    if len(message) > SMALL_BYTES and wire.holds_more(message, 0, len(message), kind, MOST_VALUES):
        raise Refused(413, "too_many", f"a record or resource may hold {MOST_VALUES} values at most")
    return message


def answer(told: str) -> bytes:
    """Encode the answer to a request whose records were all taken; ``told``: a warning, or nothing."""
    response = ExportLogsServiceResponse()
    if told:
        response.partial_success.error_message = told
    encoded: bytes = response.SerializeToString()
    return encoded


def refusal(reason: str) -> bytes:
    """Encode a google.rpc.Status with a message alone: its second field."""
    text = reason.encode()[:16_000]
    size = bytes([len(text)]) if len(text) < 128 else bytes([len(text) & 127 | 128, len(text) >> 7])
    return b"\x12" + size + text


def _pairs(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    match kind:
        case None:
            return None
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return _pairs(value.kvlist_value.values)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
    return getattr(value, kind)
