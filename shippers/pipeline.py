"""Moves lines from sources through batching into a sink, in order, and tells sources what is safe. Knows no single source."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from shippers.batching import Batch, Batching
from shippers.metrics import Metrics
from shippers.once.looking import Once
from shippers.once.tracking import Tracking
from shippers.reach import OUT, Reach, SourceBug, closed
from shippers.records import Record, records
from shippers.sources import Source
from shippers.together import together
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


async def ship(
    sources: Sequence[Source],
    batching: Batching,
    sink: Sink,
    stop: asyncio.Event,
    metrics: Metrics,
    once: Once | None = None,
    otherwise: str = OUT,
) -> None:
    """Ship until the sources end (``stop`` makes them end), then wait until everything is safe.

    ``once``: leaves out what an earlier run had shipped and not noted. ``otherwise``: what is told to come of a source that
    had a bug and cannot begin anew. It is in ``metrics.down`` then.
    """
    reaches = [Reach(source, sink, metrics, None if once is None else once.of(source), otherwise) for source in sources]
    way = _Way(batching, sink, {reach.source.name: reach.tracking for reach in reaches if reach.tracking})
    looking = asyncio.create_task(_nothing() if once is None else once.look())
    reading = asyncio.create_task(together(_read(reach, way, stop, looking) for reach in reaches))
    beside = [asyncio.create_task(_age(reaches, way))]
    beside += [asyncio.create_task(_keep(reach, reach.resumable.keep_s, way)) for reach in reaches if reach.resumable]
    try:
        await asyncio.wait({reading, *beside}, return_when=asyncio.FIRST_COMPLETED)
        for task in beside:
            if task.done():  # only by an error
                await task
        await reading
    finally:
        for task in (looking, reading, *beside):
            task.cancel()
        await asyncio.gather(looking, reading, *beside, return_exceptions=True)
    for reach in reaches:
        await way.send(batching.add(reach.dropping.told(), 0))
    await way.send(batching.flush())
    for reach in reaches:
        reach.begin_mark()
    await sink.drain()
    for reach in reaches:
        await reach.keep(reach.position)


async def _nothing() -> None:
    pass


class _Way:
    """The way of lines into the sink."""

    def __init__(self, batching: Batching, sink: Sink, tracked: Mapping[str, Tracking]) -> None:
        """``tracked``: the sources whose records are known again after a kill."""
        self.batching, self.sink = batching, sink
        self.turn = asyncio.Lock()  # batches enter the sink in the order in which they leave batching
        self._tracked = tracked

    async def add(self, lines: Sequence[Line], source: str = "") -> None:
        """Let lines in; of a source that is tracked they share no batch with those of others."""
        now_ms = asyncio.get_running_loop().time() * 1000
        await self.send(self.batching.add(lines, now_ms, None, source if source in self._tracked else ""))

    async def send(self, batches: Iterable[Batch]) -> None:
        """Encode and send batches, one after another."""
        for batch in batches:
            tracking = self._tracked.get(batch.source)
            for record in records(batch):
                await self.sink.send(record if tracking is None else tracking.named(record, _now_ms()))


async def send_all(sink: Sink, batches: Iterable[Batch]) -> None:
    """Encode and send batches, one after another."""
    for batch in batches:
        for record in records(batch):
            await sink.send(record)


async def _read(reach: Reach, way: _Way, stop: asyncio.Event, looking: "asyncio.Task[None]") -> None:
    """Read a source to its end; after a bug from where it was kept last, once all that it gave is."""
    if reach.tracking and not await _ended(looking, stop):
        return
    while not await _is_read(reach, way, stop):
        if not reach.can_begin_anew:
            break
        if reach.resumable:
            await _release(reach, way)
            await _mark(reach, way)
        if not await reach.rest(stop) or not reach.begin_anew():
            break
    await _release(reach, way)


async def _is_read(reach: Reach, way: _Way, stop: asyncio.Event) -> bool:
    """Read a source; False where a bug of it ended that."""
    given = reach.source.read(stop)
    try:
        while (lines := await reach.next(given)) is not None:
            await _take(reach, way, lines)
    except SourceBug as bug:
        reach.failed(bug.__cause__ or bug)
        return False
    finally:
        await closed(given)
    return True


async def _take(reach: Reach, way: _Way, lines: Sequence[Line]) -> None:
    admitted = await reach.admits(lines)
    async with way.turn:
        if admitted:
            taken = reach.tracking.take(lines) if reach.tracking else lines
            before = way.batching.bytes
            await way.add(taken, reach.source.name)
            if reach.counting is not None:
                reach.counting.take(taken, way.batching.bytes - before)
        reach.move()


async def _release(reach: Reach, way: _Way) -> None:
    """Let lines in that were held because they may have arrived."""
    if reach.tracking:
        async with way.turn:
            await way.add(reach.tracking.release(), reach.source.name)


async def _ended(looking: "asyncio.Task[None]", stop: asyncio.Event) -> bool:
    """Wait until it is known what had arrived; False if the stop comes before."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({looking, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    if looking.done():
        await looking
    return looking.done()


async def _age(reaches: Sequence[Reach], way: _Way) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(TURN_S)
        way.sink.check()
        async with way.turn:
            for reach in reaches:
                if reach.dropping and not reach.is_full:
                    await way.add(reach.dropping.told())
                if reach.tracking and (late := reach.tracking.look(_now_ms())):
                    await way.add(late, reach.source.name)
            await way.send(way.batching.due(loop.time() * 1000))


async def _keep(reach: Reach, every_s: float, way: _Way) -> None:
    """Make what a source has given safe, again and again, and tell it so."""
    while True:
        await asyncio.sleep(every_s)
        if reach.waits:
            await _mark(reach, way)


async def _mark(reach: Reach, way: _Way) -> None:
    """Make what a source has given safe, and tell it so."""
    async with reach.marking:
        async with way.turn:
            position = reach.position
            await way.send(way.batching.flush())
            reach.begin_mark()
        await way.sink.drain()
        await reach.keep(position)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
