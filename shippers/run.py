"""One run of the shipper: start, ship, stop at a signal, drain, sum up. Knows no source and no topic."""

import asyncio
import os
import signal
import time
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

from shippers.batching import Batching, Limits
from shippers.checkpoints import Checkpoints
from shippers.client import DeliveryError
from shippers.console import hung_up, say
from shippers.context import Context
from shippers.history import History, ship_history
from shippers.metrics import Metrics
from shippers.once.finding import finder
from shippers.once.looking import Find, Once
from shippers.pipeline import Sink, ship
from shippers.printed import Printed
from shippers.producer import Producer
from shippers.settings import SettingError, Settings
from shippers.sharing.counts import Counts
from shippers.sharing.shipping import Sharing
from shippers.sources import Source
from shippers.spool.outlet import Outlet
from shippers.spool.spool import Spool, SpoolError
from shippers.spool.telling import Telling
from shippers.together import together

DRAIN_S = 30.0
DEFAULT_APP = "local"
SPOOL = "spool"  # its directory, in that of the checkpoints
AnySink = Printed | Producer | Outlet


class Job(Protocol):
    """What a run does between start and summary."""

    own_times: bool  # the records carry their own times, and no batch is closed by its age

    metrics: Metrics

    @property
    def shared(self) -> Sequence[Sharing]:
        """What has producers of its own."""
        ...

    @property
    def problems(self) -> dict[str, int]:
        """How many inputs could not be read to their end, by source."""
        ...

    async def work(self, batching: Batching, sink: Sink, stop: asyncio.Event, find: Find | None) -> None:
        """Ship until the end or ``stop``; return when everything is acknowledged. ``find``: what an earlier run has sent."""
        ...


class ShipSources:
    """Ship the lines of sources as they come."""

    own_times = False

    def __init__(
        self, *sources: Source, metrics: Metrics, checkpoints: Checkpoints | None = None, shared: Sequence[Sharing] = ()
    ) -> None:
        """``sources``: where the lines come from; ``metrics``, ``checkpoints``: those that the sources use.

        ``shared``: streams that are shipped together with other processes, each with producers of its own.
        """
        self.metrics = metrics
        self.shared = shared
        self._checkpoints = checkpoints
        self._sources = sources

    @property
    def problems(self) -> dict[str, int]:
        """As the sources count them."""
        found: dict[str, int] = defaultdict(int)
        for source in self._sources:
            found[source.name] += source.problems
        for each in self.shared:
            found[each.name] += each.problems
        return found

    async def work(self, batching: Batching, sink: Sink, stop: asyncio.Event, find: Find | None) -> None:
        """Ship until the sources end."""
        once = Once(find, self._checkpoints, self.metrics, batching.app) if find and self._checkpoints else None
        alone = ship(self._sources, batching, sink, stop, self.metrics, once)
        await together((alone, *(each.work(batching.anew, stop) for each in self.shared)))


class ShipHistory:
    """Ship old lines in the order of their stamps."""

    own_times = True
    shared = ()

    def __init__(self, history: History) -> None:
        """``history``: the old lines."""
        self.metrics = Metrics()
        self._history = history

    @property
    def problems(self) -> dict[str, int]:
        """As the history counts them."""
        return {"files": self._history.problems}

    async def work(self, batching: Batching, sink: Sink, stop: asyncio.Event, find: Find | None) -> None:  # noqa: ARG002
        """Ship until the last file ends; another run begins anew."""
        await ship_history(self._history, batching, sink, stop)


async def run(job: Job, settings: Settings, *, dry_run: bool = False, context: Context | None = None) -> int:
    """Run the job and return the exit code. With a context it lasts: what Kafka cannot take then goes to the spool."""
    batching = Batching(_limits(job, settings), settings.app_given or DEFAULT_APP)
    sink = Printed() if dry_run else _sink(settings, context)
    find = None if dry_run else finder(settings, None if context is None else context.checkpoints.directory / SPOOL)
    stop = asyncio.Event()
    _listen(stop, batching, sink)
    started_s = time.monotonic()
    code = 1
    try:
        async with _watched(settings.metrics, job, batching, sink, stop):
            if await _unless(stop, sink.start(), 0):
                await _unless(stop, _work(job, batching, sink, stop, find), DRAIN_S)
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
    _tell_missing(batching, sink, "")
    cut = f", {batching.cut} of them cut at {Limits().line_bytes} bytes" if batching.cut else ""
    spent_s = time.monotonic() - started_s
    sent = _sent(job, sink)
    say(f"shipped {sent.lines} lines{cut} in {sent.records} records, {sent.bytes} bytes, {spent_s:.1f} s")
    return code


def _sent(job: Job, sink: AnySink) -> Counts:
    """Count what is where it belongs."""
    producer = sink.producer if isinstance(sink, Outlet) else sink
    return sum((each.counts for each in job.shared), Counts(producer.lines, producer.records, producer.bytes, 0))


def _watched(
    listen: str | None, job: Job, batching: Batching, sink: AnySink, stop: asyncio.Event
) -> AbstractAsyncContextManager[None]:
    """Serve the run's counters, if that was asked for."""
    if listen is None:
        return nullcontext()
    from shippers.serving import Run, served  # noqa: PLC0415  # an HTTP server takes longer to load than all the rest

    def read() -> int:
        return batching.lines + sum(each.counts.read_lines for each in job.shared)

    return served(listen, Run(job.metrics, lambda: job.problems, lambda: _sent(job, sink).lines, read, stop.is_set))


async def _work(job: Job, batching: Batching, sink: AnySink, stop: asyncio.Event, find: Find | None) -> None:
    await job.work(batching, sink, stop, find)
    if isinstance(sink, Outlet):
        if any(job.problems.values()):
            stop.set()  # it did not end of itself: nobody waits for an empty spool
        await sink.settle(stop)


def _sink(settings: Settings, context: Context | None) -> Producer | Outlet:
    if context is None or not settings.spool_bytes:
        return Producer(settings, None if context is None else context.metrics)
    try:
        spool = Spool(context.checkpoints.directory / SPOOL, settings.spool_bytes)
    except SpoolError as error:
        raise SettingError(str(error)) from None
    producer = Producer(settings, context.metrics, f"lines wait in {spool.directory}")
    return Outlet(producer, spool, Telling(spool, context.metrics), settings)


def _tell_missing(batching: Batching, sink: AnySink, ended: str) -> None:
    missing = batching.lines - (sink.safe_lines if isinstance(sink, Outlet) else sink.lines)
    if ended or missing:
        say(f"{ended}{missing} lines were not acknowledged")
    if isinstance(sink, Outlet):
        sink.telling.left()


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


def _listen(stop: asyncio.Event, batching: Batching, sink: AnySink) -> None:
    """Stop at the first SIGTERM or SIGINT, end at once at the second."""

    def heard() -> None:
        if stop.is_set():
            _tell_missing(batching, sink, "ended at once: ")
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, heard)
