"""Ships the lines of one stream as a member of a group: share after share, each with a producer and a reading of its own.

A share begins like a start after an earlier run: what others left is read from Kafka (``tail``), and what was said since
is a gap that history fills. It ends when all that was read is in Kafka, and that is noted. Where that does not work out in
time, or Kafka says that others have the partitions, what was not sent is dropped: they find it missing, and fetch it.
"""

import asyncio
import contextlib
from collections.abc import Callable

from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from msgspec import Struct

from shippers.batching import Batching
from shippers.client import DeliveryError
from shippers.console import say
from shippers.metrics import Metrics
from shippers.pauses import Pauses
from shippers.pipeline import ship
from shippers.producer import Producer
from shippers.settings import SettingError, Settings
from shippers.sharing.asking import group_of
from shippers.sharing.counts import Counts
from shippers.sharing.lease import now_s
from shippers.sharing.membership import Membership, joined
from shippers.sharing.share import Share, ShareNotes
from shippers.sharing.tail import left_by_others
from shippers.sources import Source
from streams.config_errors import ConfigError

RENEW_S = 1.0
RETRY_S = 1.0
OTHERWISE = "leaves its group, and joins it again after a while"
FORBIDDEN = (GroupAuthorizationFailedError, TopicAuthorizationFailedError)


class _DownError(Exception):
    """A bug has ended the reading of a share; as a member that reads nothing we would be in the others' way."""


class Stream(Struct, frozen=True):
    """What is shared: ``make`` makes the source of a share; what history tells again may be ``overlap_ns`` old.

    Of so many lines at most it is ``remembered`` that they are in the topic.
    """

    name: str
    make: Callable[[ShareNotes], Source]
    overlap_ns: int
    remembered: int


class _Running(Struct, frozen=True):
    source: Source
    producer: Producer
    batching: Batching

    @property
    def counts(self) -> Counts:
        return Counts(self.producer.lines, self.producer.records, self.producer.bytes, self.batching.lines)


class Sharing:
    """A stream's part of a run, and what it counts."""

    def __init__(self, stream: Stream, group: str, settings: Settings, metrics: Metrics) -> None:
        """``group``: what the members call it."""
        self.name = stream.name
        self._was_well = False  # whether any share could be read
        self._group = group_of(group)
        self._stream, self._settings, self._metrics = stream, settings, metrics
        self._before = Counts()  # of the shares that are over
        self._now: _Running | None = None
        self._told = ""
        self._pauses = Pauses(now_s())

    @property
    def counts(self) -> Counts:
        """What all shares together have shipped."""
        return self._before if self._now is None else self._before + self._now.counts

    @property
    def problems(self) -> int:
        """As the source of a share counts them: one that was read once is in order, but for a bug."""
        if self.name in self._metrics.down:
            return 1
        return 0 if self._was_well or self._now is None else self._now.source.problems

    async def work(self, batching: Callable[[], Batching], stop: asyncio.Event) -> None:
        """Ship until ``stop``. DeliveryError for what only somebody can mend."""
        while not stop.is_set():
            pause_s = await self._as_member(batching, stop)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    async def _as_member(self, batching: Callable[[], Batching], stop: asyncio.Event) -> float:
        """Ship as a member until ``stop``, or until it cannot be one; return how long to wait then, in seconds."""
        try:
            async with joined(self._settings, self._group) as member:
                while (share := await member.share(stop)) is not None:
                    await self._share(member, share, batching, stop)
        except FORBIDDEN as error:
            raise DeliveryError(
                f"Kafka does not let us into the group {self._group}: "
                f"allow READ on it and on the topic {self._settings.topic} ({error})"
            ) from None
        except ConfigError as error:  # a secret that was there at the start
            raise SettingError(str(error)) from None
        except _DownError:  # told already: others go on with our partitions
            return self._pauses.take(now_s())
        except (KafkaError, OSError) as error:
            self._say(f"{self.name}: cannot join the group {self._group} now: {error}; trying again until it works")
        return RETRY_S

    async def _share(self, member: Membership, share: Share, batching: Callable[[], Batching], stop: asyncio.Event) -> None:
        """Ship what is ours until the share ends."""
        self._metrics.down.pop(self.name, None)
        self._pauses.begun(now_s())
        ours = ", ".join(map(str, sorted(share.partitions))) or "none"
        self._say(f"{self.name}: in the group {self._group}: of {share.count} partitions of fly.logs ours are {ours}")
        stopping = asyncio.create_task(_pass_on(stop, share.ended))
        try:
            if share.partitions and (notes := await self._left(share)) is not None:
                await self._ship(member, share, notes, batching())
            else:
                await share.ended.wait()
        finally:
            stopping.cancel()
            share.lease.end()
            share.released.set()

    async def _left(self, share: Share) -> ShareNotes | None:
        """Return what others left, None if the share ends before it is had."""
        while not share.ended.is_set():
            looking = asyncio.create_task(
                left_by_others(self._settings, self._group, share.partitions, self._stream.overlap_ns, self._stream.remembered)
            )
            ending = asyncio.create_task(share.ended.wait())
            try:
                await asyncio.wait({looking, ending}, return_when=asyncio.FIRST_COMPLETED)
                if looking.done():
                    return ShareNotes(share, looking.result())
            except FORBIDDEN:
                raise
            except (KafkaError, OSError) as error:
                self._say(f"{self.name}: cannot read what the group {self._group} left: {error}; trying again")
                await asyncio.sleep(RETRY_S)
            finally:
                looking.cancel()
                ending.cancel()
                await asyncio.gather(looking, ending, return_exceptions=True)
        return None

    async def _ship(self, member: Membership, share: Share, notes: ShareNotes, batching: Batching) -> None:
        """Ship until the share ends, and note it; or drop what is not sent when others have the partitions."""
        producer = Producer(self._settings, self._metrics, lease=share.lease)
        source = self._stream.make(notes)
        self._now = _Running(source, producer, batching)
        shipping = asyncio.create_task(self._shipped(self._now, share.ended))
        renewing = asyncio.create_task(_renew(member, share, notes))
        try:
            await asyncio.wait({shipping, renewing}, return_when=asyncio.FIRST_COMPLETED)
            if renewing.done():
                await renewing
                self._say(f"{self.name}: others in the group {self._group} go on with our partitions")
            else:
                await shipping
                await _committed(member, share, notes)
                if self.name in self._metrics.down:
                    raise _DownError
        finally:
            share.lease.end()
            for task in (shipping, renewing):
                task.cancel()
            await asyncio.gather(shipping, renewing, return_exceptions=True)
            await producer.close()
            self._was_well |= not self.problems
            self._before, self._now = self.counts, None

    async def _shipped(self, it: _Running, ended: asyncio.Event) -> None:
        await it.producer.start(for_ever=True)
        await ship([it.source], it.batching, it.producer, ended, self._metrics, otherwise=OTHERWISE)

    def _say(self, text: str) -> None:
        if text != self._told:
            say(text)
        self._told = text


async def _pass_on(stop: asyncio.Event, ended: asyncio.Event) -> None:
    await stop.wait()
    ended.set()


async def _renew(member: Membership, share: Share, notes: ShareNotes) -> None:
    """Keep the lease, and note how far we came; return when it is over."""
    while not share.lease.is_over:
        if not await _committed(member, share, notes) or share.lease.is_late(now_s()):
            share.lease.end()
            return
        await asyncio.sleep(RENEW_S)


async def _committed(member: Membership, share: Share, notes: ShareNotes) -> bool:
    """Note how far we came; False if others go on. Kafka may be away: then the lease runs out, and waits."""
    try:
        return await member.commit(share, notes.mark)
    except FORBIDDEN:
        raise
    except (KafkaError, TimeoutError):
        return True
