"""OTLP logs in JSON: read by their shape; a record of another shape is a line as it came. Knows no HTTP."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from shippers.receiving import otlp
from shippers.receiving.refusals import Refused, too_many_lines
from streams.core.values import Line

_WRONG = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError)


class _Json(Struct, gc=False, rename="camel"):
    """A message: names as protobuf's JSON writes them, others are passed over."""


class _Any(_Json):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    array_value: "_Array | None" = None
    kvlist_value: "_Pairs | None" = None
    bytes_value: str | None = None


class _Array(_Json):
    values: list[_Any] = []


class _Pair(_Json):
    key: str
    value: _Any | None = None


class _Pairs(_Json):
    values: list[_Pair] = []


class _Record(_Json):
    time_unix_nano: int | str | None = None
    observed_time_unix_nano: int | str | None = None
    severity_number: int | str | None = None
    severity_text: str | None = None
    body: _Any | None = None
    attributes: list[_Pair] | None = None


class _Scope(_Json):
    log_records: list[msgspec.Raw] | None = None


class _Resource(_Json):
    attributes: list[_Pair] | None = None


class _Logs(_Json):
    resource: _Resource | None = None
    scope_logs: list[_Scope] | None = None


class _Request(_Json):
    resource_logs: list[_Logs] | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_RECORD = msgspec.json.Decoder(_Record)


def lines(body: bytes, app: str, instance: str, most_lines: int) -> tuple[list[Line], int]:
    """Read a whole request; beside the lines how many records were of another shape. Refused where it is none."""
    try:
        request = _REQUEST.decode(body)
    except _WRONG as error:
        told = " ".join(str(error).split())[:200]
        raise Refused(400, "unreadable", f"the body is no ExportLogsServiceRequest in JSON: {told}") from None
    found: list[Line] = []
    odd = 0
    for logs in request.resource_logs or ():
        of = otlp.resource(_pairs((logs.resource.attributes if logs.resource else None) or ()), app, instance)
        for scope in logs.scope_logs or ():
            records = scope.log_records or ()
            if len(found) + len(records) > most_lines:
                raise too_many_lines(most_lines)
            for raw in records:
                try:
                    found.append(otlp.line(_record(_RECORD.decode(raw)), of))
                except _WRONG:
                    odd += 1
                    found.append(Line(bytes(raw).decode("utf-8", "replace"), None, of.app, of.instance, of.region))
    return found, odd


def _record(record: _Record) -> otlp.Record:
    at_ns = _number(record.time_unix_nano) or _number(record.observed_time_unix_nano)
    number: int | str | None = record.severity_number
    text = record.severity_text or ""
    if isinstance(number, str) and not number.isdecimal():  # an enum's name
        text, number = text or number.rpartition("_")[2], 0
    body = None if record.body is None else _value(record.body)
    rest = _pairs(record.attributes or ()) if body in (None, "") else {}
    return otlp.Record(at_ns, _number(number), text, body, rest)


def _number(value: int | str | None) -> int:
    return int(value or 0)


def _pairs(pairs: Iterable[_Pair]) -> dict[str, Any]:
    return {pair.key: None if pair.value is None else _value(pair.value) for pair in pairs}


def _value(value: _Any) -> Any:
    if value.array_value is not None:
        return [_value(item) for item in value.array_value.values]
    if value.kvlist_value is not None:
        return _pairs(value.kvlist_value.values)
    if value.int_value is not None:
        try:
            return _number(value.int_value)
        except ValueError:  # 64 bits come as a text; this one is no number
            return value.int_value
    plain = (value.string_value, value.bool_value, value.double_value, value.bytes_value)
    return next((one for one in plain if one is not None), None)
