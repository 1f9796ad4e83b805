"""One run of the shipper: start, ship, stop at a signal, drain, sum up. Knows no source and no topic."""

import asyncio
import os
import signal
import time
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

from shippers.batching import Batching, Limits
from shippers.client import DeliveryError
from shippers.console import hung_up, say
from shippers.history import History, ship_history
from shippers.metrics import Metrics
from shippers.pipeline import Sink, ship
from shippers.printed import Printed
from shippers.producer import Producer
from shippers.settings import Settings
from shippers.sources import Source

DRAIN_S = 30.0
DEFAULT_APP = "local"


class Job(Protocol):
    """What a run does between start and summary."""

    own_times: bool  # the records carry their own times, and no batch is closed by its age

    metrics: Metrics

    @property
    def problems(self) -> dict[str, int]:
        """How many inputs could not be read to their end, by source."""
        ...

    async def work(self, batching: Batching, sink: Sink, stop: asyncio.Event) -> None:
        """Ship until the end or ``stop``; return when everything is acknowledged."""
        ...


class ShipSources:
    """Ship the lines of sources as they come."""

    own_times = False

    def __init__(self, *sources: Source, metrics: Metrics) -> None:
        """``sources``: where the lines come from; ``metrics``: those that the sources count with."""
        self.metrics = metrics
        self._sources = sources

    @property
    def problems(self) -> dict[str, int]:
        """As the sources count them."""
        found: dict[str, int] = defaultdict(int)
        for source in self._sources:
            found[source.name] += source.problems
        return found

    async def work(self, batching: Batching, sink: Sink, stop: asyncio.Event) -> None:
        """Ship until the sources end."""
        await ship(self._sources, batching, sink, stop, self.metrics)


class ShipHistory:
    """Ship old lines in the order of their stamps."""

    own_times = True

    def __init__(self, history: History) -> None:
        """``history``: the old lines."""
        self.metrics = Metrics()
        self._history = history

    @property
    def problems(self) -> dict[str, int]:
        """As the history counts them."""
        return {"files": self._history.problems}

    async def work(self, batching: Batching, sink: Sink, stop: asyncio.Event) -> None:
        """Ship until the last file ends."""
        await ship_history(self._history, batching, sink, stop)


async def run(job: Job, settings: Settings, *, dry_run: bool = False) -> int:
    """Run the job and return the exit code."""
    batching = Batching(_limits(job, settings), settings.app_given or DEFAULT_APP)
    sink = Printed() if dry_run else Producer(settings)
    stop = asyncio.Event()
    _listen(stop, batching, sink)
    started_s = time.monotonic()
    code = 1
    try:
        async with _watched(settings.metrics, job, batching, sink, stop):
            if await _unless(stop, sink.start(), 0):
                await _unless(stop, job.work(batching, sink, stop), DRAIN_S)
        code = 1 if any(job.problems.values()) else 0
    except DeliveryError as error:
        say(str(error))
    except TimeoutError:
        say(f"Kafka did not answer within {DRAIN_S:.0f} s of the signal")
    except BrokenPipeError:  # the reader of a dry run has seen enough
        hung_up()
        return 0
    finally:
        await sink.close()
    if missing := batching.lines - sink.lines:
        say(f"{missing} lines were not acknowledged")
    cut = f", {batching.cut} of them cut at {Limits().line_bytes} bytes" if batching.cut else ""
    spent_s = time.monotonic() - started_s
    say(f"shipped {sink.lines} lines{cut} in {sink.records} records, {sink.bytes} bytes, {spent_s:.1f} s")
    return code


def _watched(
    listen: str | None, job: Job, batching: Batching, sink: Printed | Producer, stop: asyncio.Event
) -> AbstractAsyncContextManager[None]:
    """Serve the run's counters, if that was asked for."""
    if listen is None:
        return nullcontext()
    from shippers.serving import Run, served  # noqa: PLC0415  # an HTTP server takes longer to load than all the rest

    return served(listen, Run(job.metrics, lambda: job.problems, lambda: sink.lines, lambda: batching.lines, stop.is_set))


async def _unless(stop: asyncio.Event, working: Coroutine[Any, Any, None], grace_s: float) -> bool:
    """Await the work; after ``stop`` only so much longer. False if it was given up without grace."""
    work = asyncio.create_task(working)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            if not grace_s:
                return False
            await asyncio.wait({work}, timeout=grace_s)
            if not work.done():
                raise TimeoutError
        await work
        return True
    finally:
        stopping.cancel()
        work.cancel()
        await asyncio.gather(work, stopping, return_exceptions=True)


def _limits(job: Job, settings: Settings) -> Limits:
    age_ms = -1 if job.own_times else settings.batch_age_ms
    return Limits(settings.batch_lines, settings.batch_bytes, age_ms, settings.open_batches)


def _listen(stop: asyncio.Event, batching: Batching, sink: Printed | Producer) -> None:
    """Stop at the first SIGTERM or SIGINT, end at once at the second."""

    def heard() -> None:
        if stop.is_set():
            say(f"ended at once: {batching.lines - sink.lines} lines were not acknowledged")
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, heard)
