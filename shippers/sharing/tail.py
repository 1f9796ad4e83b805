"""What the topic and its group say of partitions that a member is given: how far others came, and which lines are there."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from shippers.client import address, between, hang_up
from shippers.gaps.checkpoint import Earlier
from shippers.identity import Seen, key
from shippers.nanoseconds import at_ns
from shippers.settings import Settings
from shippers.sharing import marks
from shippers.sharing.asking import REQUEST_MS, asking
from shippers.sharing.marks import Mark

MARK_S = 10.0


async def left_by_others(
    settings: Settings, group: str, partitions: Iterable[int], overlap_ns: int, most: int
) -> Earlier | None:
    """Return what those who had the partitions before have left; None if nobody had.

    Its identities are those of the lines in the topic that history may tell again: at most ``most``, the newest of each
    partition. KafkaError or TimeoutError where it cannot be had now.
    """
    mine = [TopicPartition(settings.topic, number) for number in sorted(partitions)]
    async with asyncio.timeout(MARK_S):
        mark = marks.joined(await _marks(settings, group, mine))
    if mark is None:
        return None
    seen = Seen(most)
    since_ns = min([mark.heard_ns, *mark.fills.values()]) - 2 * overlap_ns
    async with _reading(settings, mine) as consumer:
        async for records in between(consumer, mine, since_ns // 1_000_000, None):
            for record in records:
                _take(record.value or b"", since_ns, seen)
    return Earlier(mark.heard_ns, mark.apps, mark.fills, seen.kept())


async def _marks(settings: Settings, group: str, partitions: list[TopicPartition]) -> list[Mark]:
    async with asking(settings) as admin:
        offsets = await admin.list_consumer_group_offsets(group, partitions=partitions)
    return [mark for offset in offsets.values() if (mark := marks.read(offset.metadata or "")) is not None]


@asynccontextmanager
async def _reading(settings: Settings, partitions: list[TopicPartition]) -> Any:
    consumer = AIOKafkaConsumer(enable_auto_commit=False, request_timeout_ms=REQUEST_MS, **address(settings))
    try:
        await consumer.start()
        consumer.assign(partitions)
        yield consumer
    finally:
        await hang_up(consumer)


def _take(value: bytes, since_ns: int, seen: Seen) -> None:
    """Note the lines of a record."""
    for app, instance, stamp, text in lines_of(value):
        said_ns = at_ns(stamp)
        if said_ns is not None and said_ns >= since_ns:
            of = key(app, instance, said_ns, text)
            seen.take(of, seen.count(of))


def lines_of(value: bytes) -> Iterator[tuple[str, str, str | None, str]]:
    """Yield app, instance, stamp and text of a record's lines; nothing where it is no record of lines."""
    try:
        document = orjson.loads(value)
        app, instance = document["app"], document["instance"]
        rows = [(row[0], row[1]) for row in document["lines"]]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return  # a tick, or somebody else's
    for stamp, text in rows:
        if isinstance(text, str):
            yield app, instance, stamp if isinstance(stamp, str) else None, text
