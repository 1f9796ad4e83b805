"""Both steps in one process, without a broker: lines on standard input become windows and alerts. Decides nothing.

Time comes from the lines while they keep coming (a file, or what ``flyctl logs`` sends first), and from the wall clock when
they pause and the last one is recent: then nobody logs, and windows must close all the same.
"""

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

from msgspec.structs import replace

from streams import codec
from streams.core import lines, panes, reading, stamps, watching
from streams.core.joins import Joins
from streams.core.parsing import w3c
from streams.core.plan import PANE_MS, Plan
from streams.core.probed import PROVIDER as PROBE
from streams.core.records import Output, Progress, Record, Snapshot
from streams.core.traces import AGE_MS
from streams.core.values import Line, Request

END_MS = 125_000  # the last tick after the pane of the last line: everything closes, and rules see two quiet minutes
MAX_ROWS = 500  # of one batch
IDLE_SECONDS = 1.0
BLOCK_BYTES = 65_536


class Pipeline:
    """Stage 1 and stage 2 with one partition between them."""

    def __init__(self, plan: Plan) -> None:
        """Start with nothing known."""
        self.plan = replace(plan, partitions=1)
        self.partition = panes.Partition(0)
        self.board = watching.Board()

    def feed(self, record: Record) -> Iterator[Output]:
        """Take a record in; yield windows, alerts, requests and dead records."""
        for output in panes.step(self.partition, record, self.plan).outputs:
            if isinstance(output, Snapshot | Progress):
                yield from watching.step(self.board, output, self.plan).outputs
            else:
                yield output


class Timeline:
    """Turns lines into records with the clock that the lines tell; a tick comes before each pane's first line."""

    def __init__(self, ahead_ms: int, now_ms: Callable[[], int]) -> None:
        """Stamps more than ``ahead_ms`` ahead of ``now_ms()`` do not move the clock."""
        self._ahead_ms = ahead_ms
        self._now_ms = now_ms
        self._offset = 0
        self._rows: dict[tuple[str, str, str, str], list[list[str | None]]] = {}
        self._held = 0
        self.clock_ms = 0

    def line(self, line: Line) -> Iterator[Record]:
        """Take a line in; yield the records that became complete before it."""
        at_ms = stamp_ms(line)
        if at_ms is not None and at_ms > self.clock_ms and at_ms <= self._now_ms() + self._ahead_ms:
            if at_ms // PANE_MS > self.clock_ms // PANE_MS:
                yield from self.flush()
                start_ms = at_ms - at_ms % PANE_MS
                if self.clock_ms + AGE_MS < start_ms:  # after a silence: errors held back are told while their panes stand
                    yield self._record(codec.TICK, self.clock_ms + AGE_MS)
                yield self._record(codec.TICK, start_ms)
            self.clock_ms = at_ms
        provider = PROBE if line.provider == PROBE else "app"  # all others keep their order
        self._rows.setdefault((line.app, line.instance, line.region, provider), []).append([line.stamp, line.text])
        self._held += 1
        if self._held >= MAX_ROWS:
            self._begin()
            yield from self.flush()

    @property
    def begun(self) -> bool:
        """Tell whether there is anything to tell the time for."""
        return bool(self.clock_ms or self._held)

    def _begin(self) -> None:
        """Let time begin now, if no line has told any: until then lines wait for one that does."""
        self.clock_ms = self.clock_ms or self._now_ms()

    def flush(self) -> Iterator[Record]:
        """Yield what is held as one record an instance, if it is known when that is."""
        if not self.clock_ms:
            return
        held, self._rows, self._held = self._rows, {}, 0
        for (app, instance, region, provider), rows in held.items():
            yield self._record(codec.encode_batch(app, instance, region, provider, "", rows), self.clock_ms)

    def tick(self, at_ms: int) -> Iterator[Record]:
        """Yield what is held, then a tick."""
        self._begin()
        yield from self.flush()
        self.clock_ms = max(self.clock_ms, at_ms)
        yield self._record(codec.TICK, self.clock_ms)

    def end(self) -> Iterator[Record]:
        """Yield what is held, then the last tick; nothing when nothing came."""
        if not self._held and not self.clock_ms:
            return
        self._begin()
        yield from self.tick(self.clock_ms - self.clock_ms % PANE_MS + END_MS)

    def _record(self, value: bytes, at_ms: int) -> Record:
        self._offset += 1
        return Record(self._offset, at_ms, value)


def stamp_ms(line: Line) -> int | None:
    """Return when a line was logged: by its envelope, else by its own words, None when neither says."""
    if line.stamp is not None:
        return stamps.ms(line.stamp)
    parsed = reading.parse(line, Joins(1))
    return parsed.at_ms if isinstance(parsed, Request) else w3c.told_ms(line.text)


def watch(source: BinaryIO, plan: Plan, app: str, *, live: bool = True) -> Iterator[Output | int]:
    """Read lines until the input ends; yield outputs as they come, and the number of lines read after each block.

    ``live``: let the wall clock move time on while the input pauses.
    """
    pipeline, timeline = Pipeline(plan), Timeline(plan.ahead_ms, _now_ms)
    assembler, blocks = lines.Assembler(), _blocks(source)
    count = 0
    for block in blocks:
        if block is None:
            now_ms = _now_ms()
            recent = not timeline.clock_ms or now_ms - timeline.clock_ms <= plan.lateness_ms
            if live and timeline.begun and recent:
                yield from _fed(pipeline, timeline.tick(now_ms))
            continue
        raws = [whole for raw in block for whole in assembler.take(raw)]
        for raw in raws:
            yield from _fed(pipeline, timeline.line(lines.unwrap(raw, app)))
        yield from _fed(pipeline, timeline.flush())
        count += len(raws)
        yield count
    for raw in assembler.rest():
        yield from _fed(pipeline, timeline.line(lines.unwrap(raw, app)))
    yield from _fed(pipeline, timeline.end())


def _fed(pipeline: Pipeline, records: Iterator[Record]) -> Iterator[Output]:
    for record in records:
        yield from pipeline.feed(record)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _blocks(source: BinaryIO) -> Iterator[list[str] | None]:
    """Yield lists of whole lines as they come, None after each second without any."""
    filled: queue.Queue[list[str] | None] = queue.Queue(maxsize=64)

    def read() -> None:
        rest = b""
        while block := source.read1(BLOCK_BYTES):  # type: ignore[attr-defined]  # a buffered reader has it
            *whole, rest = (rest + block).split(b"\n")
            if whole:
                filled.put([raw.decode("utf-8", "replace") for raw in whole])
        if rest:
            filled.put([rest.decode("utf-8", "replace")])
        filled.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            block = filled.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            yield None
            continue
        if block is None:
            return
        yield block


def stdin() -> BinaryIO:
    """Return standard input as bytes."""
    return sys.stdin.buffer
