"""Bytes <-> values of every topic and of the state's changelog: the only wire knowledge. Decides nothing."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import orjson
from msgspec import Struct

from streams.core.records import Dead, Happened, Output, Progress, Published, Requests, Security, Snapshot
from streams.core.stamps import text
from streams.core.tally import Tally

AT = "flywatch-at-ms"
ID = "flyship-id"
TICK = orjson.dumps({"v": 1, "tick": True})


def encode_tick() -> bytes:
    """Return the value of a tick record; its time is the record's."""
    return TICK


def encode_at(at_ms: int | None) -> list[tuple[str, bytes]]:
    """Return the headers that say which time an old record speaks of; none for a record that speaks of its arrival.

    It is no timestamp of Kafka's: by those, retention would remove old lines at once, and a broker that restarts would
    forget the producer that numbered them, and take a repeated batch for a new one.
    """
    return [] if at_ms is None else [(AT, str(at_ms).encode())]


def decode_at(headers: Any) -> int | None:
    """Return what ``encode_at`` said; None where a record has no such header, or it is no number."""
    value = dict(headers or ()).get(AT, b"")
    return int(value) if value.isdigit() else None


def encode_id(id_of_record: bytes) -> list[tuple[str, bytes]]:
    """Return the header by which whoever sent a record knows it again; none where it has no id."""
    return [(ID, id_of_record)] if id_of_record else []


def decode_id(headers: Any) -> bytes:
    """Return what ``encode_id`` said, b"" where a record has no such header."""
    value: bytes = dict(headers or ()).get(ID, b"")
    return value


def encode_batch(
    app: str, instance: str, region: str, provider: str, level: str, rows: Sequence[Sequence[str | None]]
) -> bytes:
    """Encode lines of one app and instance for ``fly.logs``; a row is [stamp, text] or [stamp, text, provider, level]."""
    head: dict[str, Any] = {"v": 1, "app": app, "instance": instance}
    head |= {"region": region, "provider": provider, "level": level}
    return orjson.dumps(head | {"lines": rows})


class Wire(Struct, frozen=True, gc=False):
    """A record to be written: which topic of the catalogue (its role), and what; partition None goes by the key."""

    role: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None


def encode(  # noqa: PLR0911  # a row a kind of output
    output: Output, partitions: int, published_at: str | None = None
) -> list[Wire]:
    """Encode what a step published. Progress goes to every partition of ``fly.panes``.

    ``published_at`` (RFC 3339) is the only wall clock's time on any topic: of windows and alerts, where it is given.
    """
    match output:
        case Snapshot():
            head = {
                "v": 1,
                "app": output.app,
                "start_ms": output.start_ms,
                "source": output.source,
                "offset": output.offset,
            }
            return [Wire("panes", output.app.encode(), _dumps(head | {"tally": output.tally.dump()}))]
        case Progress():
            value = _dumps({"v": 1, "source": output.source, "clock_ms": output.clock_ms, "offset": output.offset})
            return [Wire("panes", None, value, partition) for partition in range(partitions)]
        case Requests():
            head = {"v": 1, "id": output.id, "app": output.app, "instance": output.instance, "region": output.region}
            key = f"{output.app}/{output.instance}".encode()
            return [Wire("requests", key, _dumps(head | {"columns": output.columns}))]
        case Happened():
            return [Wire("events", output.app.encode(), _dumps(_happened(output)))]
        case Security():
            return [Wire("security", output.app.encode(), _dumps(security(output)))]
        case Dead():
            return [Wire("dead", output.key or None, _dumps(_dead(output)))]
        case Published():
            value = _dumps({**output.value, "published_at": published_at})
            return [Wire(output.topic, output.key.encode(), value)]


def decode_panes(value: bytes) -> Snapshot | Progress:
    """Decode a message of ``fly.panes``; ValueError when it is neither (only a foreign writer can cause that)."""
    document = orjson.loads(value)
    try:
        if "tally" not in document:
            return Progress(document["source"], document["clock_ms"], document["offset"])
        tally = Tally.load(document["tally"])
        return Snapshot(document["app"], document["start_ms"], document["source"], document["offset"], tally)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"neither a snapshot nor progress: {error!r}") from error


def encode_state(last_offset: int, plain: Any) -> bytes:
    """Encode a key of the state for the changelog: the offset of the record that changed it last, and its value."""
    return _dumps([last_offset, plain])


def decode_state(value: bytes) -> tuple[int, Any]:
    """Decode what ``encode_state`` made."""
    last_offset, plain = orjson.loads(value)
    return last_offset, plain


def json_line(document: Any) -> bytes:
    """Encode a document as one line of NDJSON for standard output or a file."""
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def _happened(output: Happened) -> dict[str, Any]:
    head = {"v": 1, "id": output.id, "at": text(output.at_ms), "app": output.app, "instance": output.instance}
    event = output.event
    frames = {"first_frame": event.first_frame, "top_frame": event.top_frame, "lines": event.lines}
    return head | {"region": output.region, "event": event.event, "about": event.about, "evidence": event.evidence} | frames


def security(output: Security) -> dict[str, Any]:
    """Return a security event as a document."""
    head = {"v": 1, "id": output.id, "at": text(output.at_ms), "app": output.app, "instance": output.instance}
    found = output.finding
    who = {"rule": found.rule, "severity": found.severity, "client_ip": found.client_ip}
    return head | {"region": output.region} | who | {"count": output.count, "evidence": found.evidence}


def _dead(output: Dead) -> dict[str, Any]:
    try:
        text, encoding = output.value.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = b64encode(output.value).decode(), "base64"
    key = output.key.decode("utf-8", "replace")
    return {"v": 1, "id": output.id, "reason": output.reason, "key": key, "encoding": encoding, "value": text}


def _dumps(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)
