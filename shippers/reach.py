"""One source on its way through the pipeline: how far it came, how far that is safe, and what a bug of it leads to.

An error that nobody expected ends its source alone. Knows no single source, no batch and no Kafka.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol, runtime_checkable

from shippers import bugs
from shippers.console import say
from shippers.counting import Counting
from shippers.dropping import Dropping
from shippers.metrics import UNEXPECTED, Metrics
from shippers.once.tracking import Tracking
from shippers.pauses import MOST_S, Pauses
from shippers.sources import BeginsAnew, Counted, Resumable, Source
from streams.core.values import Line

OUT = "is read no more until flyship starts again"


@runtime_checkable
class Bounded(Protocol):
    """What keeps records that it cannot deliver, up to a bound. While it is full no more lines should enter."""

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


class SourceBug(Exception):
    """A source has raised what it should not; ``__cause__`` is that."""


class Reach:
    """How far a source's lines went into batching, and how far they are known to be safe."""

    def __init__(self, source: Source, sink: object, metrics: Metrics, tracking: Tracking | None, otherwise: str = OUT) -> None:
        """``tracking``: where its records are known again after a kill. ``otherwise``: see ``ship``."""
        self.source = source
        self.tracking = tracking
        self.counting = None if isinstance(source, Counted) else Counting(metrics, source.name)
        self.dropping = Dropping(source.name)
        self.marking = asyncio.Lock()  # one mark is made at a time
        self._metrics = metrics
        metrics.begin(source.name)
        self._can_wait = getattr(source, "can_wait", True)
        self._bounded = sink if isinstance(sink, Bounded) else None
        self.resumable = source if isinstance(source, Resumable) else None
        self.position: object = None
        self._kept: object = None
        self._can_keep = self.resumable is not None
        self._anew = source if isinstance(source, BeginsAnew) and source.lasts else None
        self._taking: asyncio.Timeout | None = None
        self._otherwise = otherwise
        self._pauses, self._pause_s = Pauses(_now_s()), 0.0
        self._is_ailing = False  # it had a bug, and has not run well since

    @property
    def waits(self) -> bool:
        """Whether there is something to keep, and it may be: lines that are held are nowhere but at the source."""
        return self._can_keep and self.position != self._kept and not (self.tracking and self.tracking.waits)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for its lines."""
        return self._bounded is not None and self._bounded.full

    @property
    def can_begin_anew(self) -> bool:
        """Whether it may be read again after a bug. Not one that could not note, or say, how far it came."""
        return self._anew is not None

    async def next(self, given: AsyncIterator[Sequence[Line]]) -> Sequence[Line] | None:
        """Return the next lines of a reading, None at its end; SourceBug where the source fails."""
        try:
            async with asyncio.timeout(None) as self._taking:
                lines = None if self._is_broken else await anext(given, None)
        except Exception as error:
            if self._is_broken and isinstance(error, TimeoutError):
                return None
            raise SourceBug from error
        finally:
            self._taking = None
        if self._is_ailing and self._pauses.is_well(_now_s()):
            say(f"{self.source.name}: goes on, for {MOST_S:.0f} s by now")
            self._is_ailing = False
        return lines

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
        """Hear that lines went into batching."""
        if self.resumable is None:
            return
        try:
            self.position = self.resumable.position()
        except Exception as error:
            self._anew = None  # from where?
            raise SourceBug from error

    def begin_mark(self) -> None:
        """Hear that a mark is going to be made."""
        if self.tracking and self.waits:
            self.tracking.begin()

    async def keep(self, position: object) -> None:
        """Tell the source that its lines up to a position are safe. One that fails is not read on."""
        if self.resumable is None or not self._can_keep or position == self._kept:
            return
        if self.tracking:
            await self.tracking.sync()
        try:
            await self.resumable.kept(position)
        except Exception as error:  # noqa: BLE001  # whatever it is, the other sources go on
            self._break_off(error)
            return
        self._kept = position
        if self.tracking:
            self.tracking.marked()

    @property
    def _is_broken(self) -> bool:
        return self.resumable is not None and not self._can_keep

    def _break_off(self, error: Exception) -> None:
        self._can_keep, self._anew = False, None
        self.failed(error)
        if self._taking is not None:
            self._taking.reschedule(_now_s())

    def failed(self, error: BaseException) -> None:
        """Count a bug, and tell it, once, with what comes of it: no second time until it changes or was away."""
        name, metrics, was_well = self.source.name, self._metrics, self._pauses.is_well(_now_s())
        then = f"is tried again, after {MOST_S:.0f} s at most" if self._anew else self._otherwise
        text = f"a fault of ours, {bugs.told(error)}: the source {then}"
        if was_well or text != metrics.said.get((name, UNEXPECTED)):
            say(f"{name}: {text}")
        metrics.failed(name, UNEXPECTED, text)
        metrics.down[name] = text
        self.source.problems += 1
        self._is_ailing, self._pause_s = True, self._pauses.take(_now_s())

    async def rest(self, stop: asyncio.Event) -> bool:
        """Leave the source alone for a while, each time for longer; False if the stop comes."""
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), self._pause_s)
        return not stop.is_set()

    def begin_anew(self) -> bool:
        """Let the source begin where it was kept last; False if it cannot."""
        if self._anew is None:
            return False
        try:
            self._anew.begin_anew()
        except Exception as error:  # noqa: BLE001  # as above
            self._anew = None
            self.failed(error)
            return False
        self.position = self._kept = None
        self._pauses.begun(_now_s())
        self.source.problems -= 1
        self._metrics.down.pop(self.source.name, None)
        return True


async def closed(given: AsyncIterator[Sequence[Line]]) -> None:
    """End a reading that was broken off; what it has against that was told already, or is no more of interest."""
    if isinstance(given, AsyncGenerator):
        with suppress(Exception):
            await given.aclose()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
