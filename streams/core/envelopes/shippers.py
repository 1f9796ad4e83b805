"""Documents into which engines and shippers put a line: an ordered table of the names by which each is told. Knows no others.

An app's own document has a message and a stamp, too: it stays whole. A shipper's says more (a stream, a container, where it
came from), and that is what tells it.
"""

from typing import Any

from msgspec import Struct

from streams.core.envelopes.stamps import any_utc
from streams.core.values import Line

Path = tuple[str, ...]
# What syslog's numbers mean, in the words that Fly's levels have.
PRIORITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")
_NOBODY: tuple[Path, ...] = ()


def _paths(*rows: str) -> tuple[Path, ...]:
    return tuple(tuple(row.split("/")) for row in rows)


class Envelope(Struct, frozen=True):
    """A row: the names that tell it, where the line is, and where what it says besides."""

    who: str
    names: frozenset[str]
    text: str
    stamps: tuple[Path, ...]
    apps: tuple[Path, ...] = _NOBODY
    instances: tuple[Path, ...] = _NOBODY
    priority: str = ""  # the name of syslog's number, where the document has one


_POD = _paths("kubernetes/pod_name", "kubernetes/pod/name", "kubernetes/host")
_CONTAINER = _paths(
    "kubernetes/labels/app", "kubernetes/pod_labels/app", "kubernetes/container_name", "kubernetes/container/name"
)
_TIMES = _paths("time", "timestamp", "@timestamp", "date")


def _row(
    who: str,
    names: str,
    text: str,
    stamps: tuple[Path, ...],
    apps: tuple[Path, ...] = _NOBODY,
    instances: tuple[Path, ...] = _NOBODY,
    priority: str = "",
) -> Envelope:
    return Envelope(who, frozenset(names.split()), text, stamps, apps, instances, priority)


# The surest first: of a document that two rows tell, the earlier one's names are the more telling.
ENVELOPES = (
    _row("docker's json-file in Kubernetes", "log kubernetes", "log", _TIMES, _CONTAINER, _POD),
    _row("Vector, Filebeat or Logstash in Kubernetes", "message kubernetes", "message", _TIMES, _CONTAINER, _POD),
    _row("docker's json-file", "log stream time", "log", _paths("time")),
    _row(
        "journald",
        "MESSAGE __REALTIME_TIMESTAMP",
        "MESSAGE",
        _paths("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"),
        _paths("CONTAINER_NAME", "SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT"),
        _paths("CONTAINER_ID", "_HOSTNAME"),
        priority="PRIORITY",
    ),
    _row(
        "Vector",
        "message source_type",
        "message",
        _TIMES,
        _paths("label/com.docker.compose.service", "container_name", "appname"),
        _paths("container_id", "hostname", "host"),
    ),
    _row("Fluent Bit and fluentd", "log stream", "log", _TIMES, _paths("container_name"), _paths("container_id")),
    _row("docker's fluentd driver", "log container_id", "log", _TIMES, _paths("container_name"), _paths("container_id")),
    _row("Fluent Bit, reading a file", "log date", "log", _TIMES),
    _row(
        "Docker's GELF",
        "short_message _container_name",
        "short_message",
        _TIMES,
        _paths("_container_name"),
        _paths("_container_id"),
    ),
    _row(
        "Loki",
        "line timestamp labels",
        "line",
        _TIMES,
        _paths("labels/app", "labels/service_name", "labels/job"),
        _paths("labels/pod"),
    ),
    _row("CloudWatch", "message timestamp logStreamName", "message", _TIMES, _NOBODY, _paths("logStreamName")),
    _row("CloudWatch", "message timestamp ingestionTime", "message", _TIMES),
    _row("CloudWatch's Insights", "@message @timestamp", "@message", _TIMES, _NOBODY, _paths("@logStream")),
    _row(
        "Google Cloud",
        "textPayload logName",
        "textPayload",
        _TIMES,
        _paths("resource/labels/container_name", "resource/labels/service_name"),
        _paths("resource/labels/pod_name", "resource/labels/instance_id"),
    ),
    _row("Datadog's agent", "message ddsource", "message", _TIMES, _paths("service"), _paths("hostname")),
    _row("Filebeat", "message agent input", "message", _TIMES, _paths("container/name"), _paths("host/name")),
)
_TEXTS = frozenset(envelope.text for envelope in ENVELOPES)


def from_document(document: dict[str, Any], app: str, instance: str) -> Line | None:
    """Take a line out of a shipper's document; None when no row tells it."""
    names = document.keys()
    if _TEXTS.isdisjoint(names):
        return None
    for envelope in ENVELOPES:
        if envelope.names <= names and (text := _line(document[envelope.text])) is not None:
            stamp = next((stamp for path in envelope.stamps if (stamp := any_utc(_at(document, path)))), None)
            its_app, its_instance = _name(document, envelope.apps), _name(document, envelope.instances)
            level = _level(document.get(envelope.priority)) if envelope.priority else ""
            return Line(text, stamp, app or its_app, its_instance or instance, level=level)
    return None


def _level(value: Any) -> str:
    digit = value if isinstance(value, str) else str(value)
    return PRIORITIES[int(digit)] if digit in {"0", "1", "2", "3", "4", "5", "6", "7"} else ""


def _line(value: Any) -> str | None:
    """Return the text of a line; journald lists the bytes of one that is no text, and the parts of one said in several."""
    if isinstance(value, list) and value and not isinstance(value[0], int):
        parts = [_part(part) for part in value]
        return None if None in parts else "\n".join(part for part in parts if part is not None).rstrip("\r\n")
    text = _part(value)
    return None if text is None else text.rstrip("\r\n")


def _part(value: Any) -> str | None:
    if isinstance(value, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _name(document: dict[str, Any], paths: tuple[Path, ...]) -> str:
    found = next((value for path in paths if isinstance(value := _at(document, path), str) and value), "")
    return found.removeprefix("/").removesuffix(".service")


def _at(document: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document
