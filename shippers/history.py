"""Ships old log files as if they were written now: in the order of their stamps, with ticks that drive the clock.

Each record's time is its newest line's stamp. A tick says on every partition that the stream has reached a time; all
lines that are older were sent before it. Knows no wall clock.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from shippers.batching import Batching
from shippers.console import say
from shippers.pipeline import Sink, send_all
from shippers.sources.blocks import UnreadableFileError, blocks
from shippers.sources.readings import Readings
from streams.core.values import Line

TICK_MS = 10_000
LAST_TICK_MS = 125_000  # behind the last ten seconds: closes the last windows, and rules see two quiet minutes
MAX_UNSTAMPED = 10_000  # lines at a file's beginning that may wait for the first stamp
TURN_LINES = 500  # between two looks at what else there is to do

Stamped = tuple[int, Line]


class History:
    """Lines of several files in one order. A file that cannot be read to its end is told and counted."""

    def __init__(self, paths: Sequence[Path], readings: Readings, stamp_ms: Callable[[Line], int | None]) -> None:
        """``stamp_ms`` tells when a line was written, None where the line does not say."""
        self.problems = 0
        self._paths = paths
        self._readings = readings
        self._stamp_ms = stamp_ms

    def lines(self) -> Iterator[Stamped]:
        """Merge the files by stamp; each file's own order is kept."""
        yield from heapq.merge(*map(self._stamped, self._paths), key=_stamp)
        if told := self._readings.left_out():
            say(told)

    def _stamped(self, path: Path) -> Iterator[Stamped]:
        """Give a file's lines; one without a stamp has that of the line before it, or of the first one with a stamp."""
        lines, early = self._read(path), list[Line]()
        at_ms: int | None = None
        for line in lines:
            early.append(line)
            at_ms = self._stamp_ms(line)
            if at_ms is not None or len(early) >= MAX_UNSTAMPED:
                break
        if at_ms is None:
            if early:
                say(f"{path}: none of its first {len(early)} lines says when it was written; the file is left out")
                self.problems += 1
            return
        last_ms = at_ms
        yield from ((last_ms, line) for line in early)
        for line in lines:
            last_ms = last_ms if (at_ms := self._stamp_ms(line)) is None else at_ms
            yield last_ms, line

    def _read(self, path: Path) -> Iterator[Line]:
        reading = self._readings.of(path)
        try:
            yield from chain.from_iterable(map(reading.push, blocks(path)))
        except UnreadableFileError as error:
            say(str(error))
            self.problems += 1
        yield from reading.rest()


async def ship_history(history: History, batching: Batching, sink: Sink, stop: asyncio.Event) -> None:
    """Ship all lines with a tick after each ten seconds that had any, and one behind the end (not after a ``stop``)."""
    tick_ms: int | None = None
    newest_ms: int | None = None
    for number, (at_ms, line) in enumerate(history.lines()):
        if number % TURN_LINES == 0:
            await asyncio.sleep(0)
            if stop.is_set():
                break
        if tick_ms is not None and at_ms >= tick_ms:
            await send_all(sink, batching.flush())
            await sink.tick(tick_ms)
            tick_ms = None
        if newest_ms is None or at_ms > newest_ms:
            newest_ms = at_ms
        if tick_ms is None:
            tick_ms = (newest_ms // TICK_MS + 1) * TICK_MS
        await send_all(sink, batching.add((line,), at_ms, at_ms))
    await send_all(sink, batching.flush())
    if newest_ms is not None and not stop.is_set():
        await sink.tick(newest_ms - newest_ms % TICK_MS + LAST_TICK_MS)
    await sink.drain()


def _stamp(stamped: Stamped) -> int:
    return stamped[0]
