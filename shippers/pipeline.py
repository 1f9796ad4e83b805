"""Moves lines from sources through batching into a sink, in order, and tells sources what is safe. Knows no single source."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from shippers.batching import Batch, Batching
from shippers.counting import Counting
from shippers.dropping import Dropping
from shippers.metrics import Metrics
from shippers.records import Record, records
from shippers.sources import Counted, Resumable, Source
from streams.core.values import Line

TURN_S = 0.05  # how often the batches' age is looked at


class Sink(Protocol):
    """Where records go."""

    async def send(self, record: Record) -> None:
        """Take a record over; waits while too much is under way."""
        ...

    async def tick(self, at_ms: int) -> None:
        """Say on every partition that its clock has reached ``at_ms``."""
        ...

    async def drain(self) -> None:
        """Wait until everything that was taken over before this call is safe; what comes later is not waited for."""
        ...

    def check(self) -> None:
        """Raise if delivery has failed for good."""
        ...


@runtime_checkable
class Bounded(Sink, Protocol):
    """A sink that keeps what it cannot deliver, up to a bound. While it is full no more lines should enter."""

    @property
    def full(self) -> bool:
        """Whether the bound is reached."""
        ...

    async def room(self) -> None:
        """Wait until it is not."""
        ...

    def count_dropped(self, source: str, lines: int) -> None:
        """Hear that a source could not wait, and lines of it were given up."""
        ...


async def ship(sources: Sequence[Source], batching: Batching, sink: Sink, stop: asyncio.Event, metrics: Metrics) -> None:
    """Ship until the sources end (``stop`` makes them end), then wait until everything is safe."""
    turn = asyncio.Lock()  # batches enter the sink in the order in which they leave batching
    reaches = [_Reach(source, sink, metrics) for source in sources]
    reading = asyncio.create_task(_read_all(reaches, batching, sink, stop, turn))
    beside = [asyncio.create_task(_age(reaches, batching, sink, turn))]
    beside += [
        asyncio.create_task(_keep(reach, reach.resumable.keep_s, batching, sink, turn)) for reach in reaches if reach.resumable
    ]
    try:
        await asyncio.wait({reading, *beside}, return_when=asyncio.FIRST_COMPLETED)
        for task in beside:
            if task.done():  # only by an error
                await task
        await reading
    finally:
        for task in (reading, *beside):
            task.cancel()
        await asyncio.gather(reading, *beside, return_exceptions=True)
    for reach in reaches:
        await send_all(sink, batching.add(reach.dropping.told(), 0))
    await send_all(sink, batching.flush())
    await sink.drain()
    for reach in reaches:
        await reach.keep(reach.position)


class _Reach:
    """How far a source's lines went into batching, and how far they are known to be safe."""

    def __init__(self, source: Source, sink: Sink, metrics: Metrics) -> None:
        self.source = source
        self.counting = None if isinstance(source, Counted) else Counting(metrics, source.name)
        self.dropping = Dropping(source.name)
        self._can_wait = getattr(source, "can_wait", True)
        self._bounded = sink if isinstance(sink, Bounded) else None
        self.resumable = source if isinstance(source, Resumable) else None
        self.position: object = None
        self._kept: object = None

    @property
    def waits(self) -> bool:
        return self.position != self._kept

    @property
    def is_full(self) -> bool:
        return self._bounded is not None and self._bounded.full

    async def admits(self, lines: Sequence[Line]) -> bool:
        """Wait for room; False where the source cannot wait: its lines are dropped."""
        if self._bounded is None or not self.is_full:
            return True
        if self._can_wait:
            await self._bounded.room()
            return True
        self.dropping.drop(lines, time.time_ns() // 1_000_000)
        self._bounded.count_dropped(self.dropping.source, len(lines))
        return False

    def move(self) -> None:
        if self.resumable is not None:
            self.position = self.resumable.position()

    async def keep(self, position: object) -> None:
        if self.resumable is not None and position != self._kept:
            await self.resumable.kept(position)
            self._kept = position


async def send_all(sink: Sink, batches: Iterable[Batch]) -> None:
    """Encode and send batches, one after another."""
    for batch in batches:
        for record in records(batch):
            await sink.send(record)


async def _read_all(reaches: Sequence[_Reach], batching: Batching, sink: Sink, stop: asyncio.Event, turn: asyncio.Lock) -> None:
    tasks = [asyncio.create_task(_read(reach, batching, sink, stop, turn)) for reach in reaches]
    try:
        await asyncio.gather(*tasks)  # no group: an error comes out as it is
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reach: _Reach, batching: Batching, sink: Sink, stop: asyncio.Event, turn: asyncio.Lock) -> None:
    loop = asyncio.get_running_loop()
    async for lines in reach.source.read(stop):
        admitted = await reach.admits(lines)
        async with turn:
            if admitted:
                before = batching.bytes
                full = batching.add(lines, loop.time() * 1000)
                if reach.counting is not None:
                    reach.counting.take(lines, batching.bytes - before)
                await send_all(sink, full)
            reach.move()


async def _age(reaches: Sequence[_Reach], batching: Batching, sink: Sink, turn: asyncio.Lock) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(TURN_S)
        sink.check()
        async with turn:
            for reach in reaches:
                if reach.dropping and not reach.is_full:
                    await send_all(sink, batching.add(reach.dropping.told(), loop.time() * 1000))
            await send_all(sink, batching.due(loop.time() * 1000))


async def _keep(reach: _Reach, every_s: float, batching: Batching, sink: Sink, turn: asyncio.Lock) -> None:
    """Make what a source has given safe, again and again, and tell it so."""
    while True:
        await asyncio.sleep(every_s)
        if not reach.waits:
            continue
        async with turn:
            position = reach.position
            await send_all(sink, batching.flush())
        await sink.drain()
        await reach.keep(position)
