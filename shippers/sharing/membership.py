"""A member's place in a consumer group of Kafka's, which shares out the partitions of a topic. Ships nothing itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shippers.client import address, hang_up
from shippers.settings import Settings
from shippers.sharing import marks
from shippers.sharing.lease import REBALANCE_S, SESSION_S, now_s
from shippers.sharing.marks import Mark
from shippers.sharing.share import Share

HEARTBEAT_S = 2.0
NEVER_MS = 2**31 - 1  # a member reads nothing; that is no sign that it hangs
COMMIT_S = 5.0
LOOK_S = 0.5
CHECK_S = 0.1


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One member. Partitions are let go only when the share of them is released, or its lease is over."""

    def __init__(self, settings: Settings, group: str) -> None:
        """``group``: its name in Kafka."""
        self._topic, self._group = settings.topic, group
        self._share: Share | None = None
        self._assigned = asyncio.Event()
        self._consumer: Any = AIOKafkaConsumer(
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            session_timeout_ms=int(SESSION_S * 1000),
            heartbeat_interval_ms=int(HEARTBEAT_S * 1000),
            rebalance_timeout_ms=int(REBALANCE_S * 1000),
            max_poll_interval_ms=NEVER_MS,
            **address(settings),
        )

    async def start(self) -> None:
        """Join."""
        await self._consumer.start()
        self._consumer.subscribe([self._topic], listener=self)

    async def share(self, stop: asyncio.Event) -> Share | None:
        """Wait for the next share; None once ``stop`` is set. KafkaError where this can be no member."""
        while not stop.is_set():
            if self._assigned.is_set():
                self._assigned.clear()
                return self._share
            await self._check()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._assigned.wait(), LOOK_S)
        return None

    async def commit(self, share: Share, mark: Mark | None) -> bool:
        """Note how far the lines of a share came, and renew its lease; False if others may have the partitions.

        KafkaError or TimeoutError where Kafka does not answer.
        """
        partitions = [TopicPartition(self._topic, number) for number in sorted(share.partitions)]
        metadata = "" if mark is None else marks.written(mark)
        async with asyncio.timeout(COMMIT_S):
            await self._check()
            ends = await self._consumer.end_offsets(partitions)  # so that nobody who watches offsets sees a group lag
            asked_s = now_s()
            try:
                await self._consumer.commit({each: OffsetAndMetadata(end, metadata) for each, end in ends.items()})
            except (CommitFailedError, IllegalStateError):
                return False
        share.lease.renew(asked_s)
        return True

    async def _check(self) -> None:
        """Raise what went wrong: until somebody asks for it the client goes no further."""
        with contextlib.suppress(TimeoutError):  # while the group shares out anew there is nothing to be had
            await asyncio.wait_for(self._consumer.getmany(timeout_ms=0), CHECK_S)

    async def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ARG002  # it is always all of them
        """Hear that the group shares out anew; return when nothing more will be sent of the share at hand."""
        share, self._share = self._share, None
        if share is not None and not self._assigned.is_set():  # somebody has taken it over
            share.lease.let_go(now_s())
            share.ended.set()
            await share.released.wait()
        self._assigned.clear()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Hear which partitions are ours now."""
        self._consumer.pause(*assigned)  # what is in them is not read here
        count = len(self._consumer.partitions_for_topic(self._topic) or ())
        self._share = Share(frozenset(each.partition for each in assigned), count)
        self._assigned.set()

    async def close(self) -> None:
        """Leave the group: others get the partitions at once."""
        await hang_up(self._consumer)


@contextlib.asynccontextmanager
async def joined(settings: Settings, group: str) -> AsyncIterator[Membership]:
    """Give a member; KafkaError or OSError where Kafka is not there, ConfigError where a secret is not."""
    member = Membership(settings, group)
    asyncio.get_running_loop().set_exception_handler(_hear)
    try:
        await member.start()
        yield member
    finally:
        await member.close()


def _hear(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of what became of a commit that was given up: aiokafka goes on with it, and nobody asks any more."""
    if not isinstance(context.get("exception"), KafkaError):
        loop.default_exception_handler(context)
