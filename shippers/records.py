"""Turns batches into the records of fly.logs. Knows no Kafka, file or clock; the wire format is ``streams.codec``'s."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from shippers.batching import Batch
from shippers.names import name
from streams import codec

MAX_VALUE_BYTES = 900_000  # a broker takes 1 MiB with its own overhead, unless it was told otherwise


class Record(Struct, frozen=True, gc=False):
    """One record: ``lines`` it carries, and the time it speaks of, None where that is its arrival.

    ``id`` is told to Kafka with it: a shipper that was killed finds out by it whether the record has arrived.
    """

    key: bytes
    value: bytes
    lines: int
    at_ms: int | None = None
    id: bytes = b""


def records(batch: Batch) -> Iterator[Record]:
    """Encode a batch; where JSON's escapes blow it up beyond what a broker takes, in several records."""
    value = codec.encode_batch(batch.app, batch.instance, batch.region, batch.provider, batch.level, batch.rows)
    if len(value) > MAX_VALUE_BYTES and len(batch.rows) > 1:
        half = len(batch.rows) // 2
        yield from records(msgspec.structs.replace(batch, rows=batch.rows[:half]))
        yield from records(msgspec.structs.replace(batch, rows=batch.rows[half:]))
        return
    yield Record(key_of(batch.app, batch.instance), value, len(batch.rows), batch.newest_ms)


def key_of(app: str, instance: str) -> bytes:
    """Return the key of an instance's records: by it they go to one partition, in order."""
    return f"{name(app)}/{name(instance)}".encode()
