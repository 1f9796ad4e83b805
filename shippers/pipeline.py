"""Moves lines from a source through batching into a sink, in order. The only place in the shipper with a clock."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from shippers.batching import Batch, Batching
from shippers.records import Record, records
from shippers.sources import Source

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
        """Wait until everything that was taken over is safe."""
        ...

    def check(self) -> None:
        """Raise if delivery has failed for good."""
        ...


async def ship(source: Source, batching: Batching, sink: Sink, stop: asyncio.Event) -> None:
    """Ship until the source ends (``stop`` makes it end), then wait until everything is safe."""
    turn = asyncio.Lock()  # batches enter the sink in the order in which they leave batching
    reading = asyncio.create_task(_read(source, batching, sink, stop, turn))
    aging = asyncio.create_task(_age(batching, sink, turn))
    try:
        await asyncio.wait({reading, aging}, return_when=asyncio.FIRST_COMPLETED)
        if aging.done():  # only by an error
            await aging
        await reading
    finally:
        reading.cancel()
        aging.cancel()
        await asyncio.gather(reading, aging, return_exceptions=True)
    await send_all(sink, batching.flush())
    await sink.drain()


async def send_all(sink: Sink, batches: Iterable[Batch]) -> None:
    """Encode and send batches, one after another."""
    for batch in batches:
        for record in records(batch):
            await sink.send(record)


async def _read(source: Source, batching: Batching, sink: Sink, stop: asyncio.Event, turn: asyncio.Lock) -> None:
    loop = asyncio.get_running_loop()
    async for lines in source.read(stop):
        async with turn:
            await send_all(sink, batching.add(lines, loop.time() * 1000))


async def _age(batching: Batching, sink: Sink, turn: asyncio.Lock) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(TURN_S)
        sink.check()
        async with turn:
            await send_all(sink, batching.due(loop.time() * 1000))
