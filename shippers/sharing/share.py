"""What a member of a group has from one assignment to the next. Knows no Kafka."""

import asyncio
from functools import lru_cache

from aiokafka.partitioner import murmur2  # a function of bytes

from shippers.gaps.checkpoint import Earlier, Unsafe
from shippers.gaps.merging import Merging
from shippers.gaps.values import Reach
from shippers.records import key_of
from shippers.sharing.lease import Lease
from shippers.sharing.marks import Mark

MOST_INSTANCES = 50_000  # whose partitions are remembered


class Share:
    """Some of the partitions of a topic, of ``count`` that there are."""

    def __init__(self, partitions: frozenset[int], count: int) -> None:
        """Begin with a lease under which nothing may be sent yet."""
        self.partitions, self.count = partitions, count
        self.lease = Lease()
        self.ended = asyncio.Event()  # read no more, and see that what was read arrives
        self.released = asyncio.Event()  # nothing more will be sent
        self.has = lru_cache(MOST_INSTANCES)(self._has)

    def _has(self, app: str, instance: str) -> bool:
        """Say whether the lines of an instance go to one of the partitions, as the producer puts them there."""
        return (murmur2(key_of(app, instance)) & 0x7FFF_FFFF) % self.count in self.partitions


class ShareNotes:
    """How far the lines of a share came: in memory, until the next commit."""

    def __init__(self, share: Share, left: Earlier | None) -> None:
        """``left``: what was there when the share began."""
        self.left = left
        self.mark = None if left is None else Mark(left.heard_ns, left.fills, left.apps)
        self._share = share

    def has(self, app: str, instance: str) -> bool:
        """Say whether the lines of an instance are ours."""
        return self._share.has(app, instance)

    def whole(self, reach: Reach, merging: Merging) -> None:
        """Hear that all lines up to a reach are in the topic."""
        if reach.heard_ns is not None:
            self.mark = Mark(reach.heard_ns, reach.fills, tuple(merging.apps))

    async def keep(self, reach: Reach, unsafe: Unsafe, merging: Merging) -> None:  # noqa: ARG002  # the topic knows what is safe
        """Hear the same."""
        self.whole(reach, merging)
