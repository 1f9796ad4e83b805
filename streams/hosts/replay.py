"""The same two steps over files of any size: history, without a broker and without waiting. Decides nothing.

Each file is folded into panes in the order of its lines; the panes of all files are merged by time and closed in order.
Memory is bounded by the panes kept open (``limits.panes``), not by the size of the input.
"""

import gzip
import heapq
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from msgspec.structs import replace

from streams.core import batches, lines, panes, watching
from streams.core.batches import Unreadable
from streams.core.folding import Folding
from streams.core.plan import Plan
from streams.core.records import Output, Progress, Snapshot
from streams.core.tally import Tally
from streams.hosts.local import END_MS, stamp_ms

BLOCK_BYTES = 262_144
FIRST_BYTES = 65_536  # looked through for a first time
FOR_EVER_MS = 1 << 62
Pane = tuple[int, str, Tally]  # start in ms, app, what happened


class UnreadableFile(Exception):
    """A file that is not there, or whose compression is broken; the message says which, where and why."""


def opened(path: Path) -> BinaryIO:
    """Open a plain, .gz or .zst file for reading."""
    try:
        if path.suffix == ".gz":
            return cast("BinaryIO", gzip.open(path, "rb"))
        raw = path.open("rb")
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error
    if path.suffix == ".zst":
        return cast("BinaryIO", io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)))
    return raw


def blocks(path: Path) -> Iterator[bytes]:
    """Yield blocks of whole lines."""
    rest = b""
    with opened(path) as file:
        while True:
            try:
                block = file.read(BLOCK_BYTES)
            except (OSError, EOFError, zstandard.ZstdError) as error:
                raise UnreadableFile(f"{path}: broken after {file.tell()} bytes of content: {error}") from error
            if not block:
                break
            whole, newline, rest_of_block = block.rpartition(b"\n")
            if newline:
                yield rest + whole
                rest = rest_of_block
            else:
                rest += block
                if len(rest) > BLOCK_BYTES * 16:  # a "line" of megabytes: cut here, the core cuts it further
                    yield rest
                    rest = b""
    if rest:
        yield rest


class FilePanes:
    """One file on its way into panes."""

    def __init__(self, path: Path, app: str, plan: Plan) -> None:
        """Name the app of lines that do not say theirs."""
        self.path = path
        self.lines = 0
        self._app = app
        self._plan = plan
        self._state = panes.Partition(0)
        self._assembler = lines.Assembler()
        self._clock_ms: int | None = None  # where lines without a time count: with their neighbours

    def panes(self) -> Iterator[Pane]:
        """Yield panes by time; a pane comes a second time only if the file goes back further than ``limits.panes`` panes."""
        state = self._state
        for block in blocks(self.path):
            if self._clock_ms is None:
                self._clock_ms = self._first_ms(block)
            folding = Folding(state.sources, state.joins, state.apps, self._plan, self._clock_ms)
            self._take(folding, block)
            folding.finish()
            panes.absorb(state, folding, self._plan)
            newest = max((start for start, *_ in folding.counted), default=None)
            if newest is not None:
                self._clock_ms = newest
            if len(state.panes) > self._plan.limits.panes:
                yield from self._oldest(len(state.panes) // 4)
        yield from self._oldest(len(state.panes))

    def _first_ms(self, block: bytes) -> int:
        """Return the first time that a line tells, else when the file was written."""
        for raw in block[:FIRST_BYTES].decode("utf-8", "replace").split("\n"):
            at_ms = stamp_ms(lines.unwrap(raw, self._app))
            if at_ms is not None:
                return at_ms
        return int(self.path.stat().st_mtime * 1000)

    def _take(self, folding: Folding, block: bytes) -> None:
        if block.startswith(b'{"') and batches.is_fly(block.partition(b"\n")[0]):
            content = batches.read(block, b"", len(block))
            if isinstance(content, batches.Lines) and not content.bad:
                self.lines += len(content.good)
                folding.lines(content.good)
                return
        raws = [whole for raw in block.decode("utf-8", "replace").split("\n") for whole in self._assembler.take(raw)]
        self.lines += len(raws)
        folding.take(lines.unwrap(raw, self._app) for raw in raws)

    def _oldest(self, count: int) -> Iterator[Pane]:
        for start, app in heapq.nsmallest(count, self._state.panes):
            yield start, app, self._state.panes.pop((start, app))


class Replay:
    """Files through both stages."""

    def __init__(self, plan: Plan, paths: list[Path], app: str) -> None:
        """Prepare to read these files; the lines of no app are of ``app``."""
        self.total = Tally()
        self._plan = replace(plan, partitions=1, silent_ms=None)
        folding = replace(plan, lateness_ms=FOR_EVER_MS, ahead_ms=FOR_EVER_MS, requests=False)  # history is never late
        self._files = [FilePanes(path, app, folding) for path in paths]
        self._board = watching.Board()
        self._offset = 0

    @property
    def lines(self) -> int:
        """Lines read so far."""
        return sum(file.lines for file in self._files)

    def outputs(self, progress: Callable[[int], None] = lambda _: None) -> Iterator[Output]:
        """Yield windows and alerts in order of time; ``progress`` is told the time reached, in ms."""
        reached: int | None = None
        for start, app, tally in heapq.merge(*(file.panes() for file in self._files), key=lambda pane: pane[:2]):
            if reached is not None and start > reached:
                progress(start)
                yield from self._close(start + self._plan.grace_ms)
            reached = max(start, reached) if reached is not None else start
            self.total.merge(tally, self._plan.limits.routes_per_pane, self._plan.limits.evidence_lines)
            self._offset += 1
            yield from watching.step(self._board, Snapshot(app, start, self._offset, self._offset, tally), self._plan).outputs
        if reached is not None:
            yield from self._close(reached + END_MS)

    def _close(self, clock_ms: int) -> Iterator[Output]:
        yield from watching.step(self._board, Progress(0, clock_ms, self._offset), self._plan).outputs


__all__ = ["FilePanes", "Replay", "Unreadable", "UnreadableFile", "blocks", "opened"]
