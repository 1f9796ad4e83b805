"""OpenTelemetry's log records as lines: what names the app, what the level, what the text. Knows neither encoding."""

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import Struct

from streams.core import stamps
from streams.core.values import Line

INSTANCES = ("service.instance.id", "k8s.pod.name", "host.name")
REGIONS = ("cloud.region", "cloud.availability_zone")
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
NOBODY = "unknown_service"  # what SDKs say of a service that was given no name
MOST_NS = 4_102_444_800_000_000_000  # the year 2100: what is behind it is no stamp


class Resource(Struct, frozen=True):
    """Whose records they are."""

    app: str
    instance: str
    region: str


class Record(Struct, frozen=True):
    """One record; 0 and None where it does not say."""

    at_ns: int
    severity: int
    severity_text: str
    body: Any
    attributes: Mapping[str, Any]


def resource(attributes: Mapping[str, Any], app: str, instance: str) -> Resource:
    """Read what a resource says of itself; ``app`` and ``instance`` stand in."""
    name = _first(attributes, ("service.name",))
    if name.startswith(NOBODY):
        name = ""
    return Resource(name or app, _first(attributes, INSTANCES) or instance, _first(attributes, REGIONS))


def line(record: Record, of: Resource) -> Line:
    """Return the line of a record: its body, or where that is empty its attributes, as JSON unless it is text."""
    said = record.body if record.body not in (None, "") else record.attributes or ""
    text = said if isinstance(said, str) else _json(said)
    return Line(text.rstrip("\r\n"), _stamp(record.at_ns), of.app, of.instance, of.region, "app", level(record))


def level(record: Record) -> str:
    """Return the level in the words of other sources; the record's own where it has no number."""
    if 1 <= record.severity <= 24:
        return LEVELS[(record.severity - 1) // 4]
    return record.severity_text.strip().lower()


def _stamp(at_ns: int) -> str | None:
    if not 0 < at_ns < MOST_NS:
        return None
    second_ms, rest_ns = at_ns // 1_000_000_000 * 1_000, at_ns % 1_000_000_000
    return f"{stamps.text(second_ms)[:19]}.{rest_ns:09}Z"


def _first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((value for name in names if isinstance(value := attributes.get(name), str) and value), "")


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # numbers of more than 64 bits, nests of more than 250
        return str(value)
