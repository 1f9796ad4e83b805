"""OTLP logs in protobuf: an ExportLogsServiceRequest in, lines out. Knows no HTTP."""

import base64
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from shippers.receiving import otlp
from shippers.receiving.refusals import Refused, too_many_lines
from streams.core.values import Line


def lines(body: bytes, app: str, instance: str, most_lines: int) -> list[Line]:
    """Read a whole request; Refused where it is none."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError:
        raise Refused(400, "unreadable", "the body is no ExportLogsServiceRequest in protobuf") from None
    found: list[Line] = []
    for of_resource in request.resource_logs:
        of = otlp.resource(_pairs(of_resource.resource.attributes), app, instance)
        for scope in of_resource.scope_logs:
            if len(found) + len(scope.log_records) > most_lines:
                raise too_many_lines(most_lines)
            for record in scope.log_records:
                at_ns = record.time_unix_nano or record.observed_time_unix_nano
                said = _value(record.body)
                rest = _pairs(record.attributes) if said in (None, "") else {}
                found.append(otlp.line(otlp.Record(at_ns, record.severity_number, record.severity_text, said, rest), of))
    return found


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
