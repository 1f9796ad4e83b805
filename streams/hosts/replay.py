"""The same two steps over files of any size: history, without a broker and without waiting. Decides nothing.

Each file is folded into panes, in several processes if it is large; the panes of all files are merged by time and closed
in order. Memory is bounded by the panes kept open (``limits.panes``) and the chunks under way, not by the size of the input.
"""

import ctypes
import gc
import heapq
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from msgspec.structs import replace

from streams.core import watching
from streams.core.plan import Plan
from streams.core.records import Output, Progress, Security, Snapshot
from streams.core.tally import Tally
from streams.hosts.file_panes import FilePanes
from streams.hosts.local import END_MS

FOR_EVER_MS = 1 << 62
PR_SET_PDEATHSIG = 1


class Replay:
    """Files through both stages."""

    def __init__(self, plan: Plan, paths: list[Path], app: str, processes: int = 1) -> None:
        """Prepare to read these files, large ones in several processes; the lines of no app are of ``app``.

        UnreadableFile for a file that is not there. Processes are started here, so before any thread is, and ended by
        ``close``.
        """
        self.total = Tally()
        self._plan = replace(plan, partitions=1, silent_ms=None)
        folding = replace(plan, lateness_ms=FOR_EVER_MS, ahead_ms=FOR_EVER_MS, requests=False)  # history is never late
        self._files = [FilePanes(path, app, folding) for path in paths]
        self._processes = processes
        self._pool = _pool(processes) if processes > 1 and any(len(file.chunks) > 1 for file in self._files) else None
        self._board = watching.Board()
        self._offset = 0

    @property
    def lines(self) -> int:
        """Lines read so far."""
        return sum(file.lines for file in self._files)

    @property
    def share(self) -> float:
        """How much of the files was read so far, 0..1."""
        return sum(file.bytes_done for file in self._files) / max(1, sum(file.bytes_total for file in self._files))

    def outputs(
        self,
        progress: Callable[[int | None], None] = lambda _: None,
        show: Callable[[Security], None] = lambda _: None,
    ) -> Iterator[Output]:
        """Yield windows, alerts and what buckets ran over with, in order of time.

        ``progress`` is told the time that they have reached, in ms, or None when some more of a file was read. ``show`` is
        given what single lines show to security, as soon as they are read: there may be more of it than memory holds.
        """
        for file in self._files:
            file.tell, file.show = partial(progress, None), show
        files = [file.panes(self._pool, self._processes) for file in self._files]
        reached: int | None = None
        for start, app, tally in heapq.merge(*files, key=lambda pane: pane[:2]):
            if reached is not None and start > reached:
                progress(start)
                yield from self._close(start + self._plan.grace_ms)
            reached = max(start, reached) if reached is not None else start
            self.total.merge(tally, self._plan.limits.routes_per_pane, self._plan.limits.evidence_lines, 0)
            self._offset += 1
            yield from watching.step(self._board, Snapshot(app, start, self._offset, self._offset, tally), self._plan).outputs
        if reached is not None:
            yield from self._close(reached + END_MS)

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _close(self, clock_ms: int) -> Iterator[Output]:
        yield from watching.step(self._board, Progress(0, clock_ms, self._offset), self._plan).outputs


def _pool(processes: int) -> Executor:
    """Start processes that end with this one, and leave an interrupt to it."""
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_alone)
    pool.submit(_alone)  # with fork all of them start now
    return pool


def _alone() -> None:
    gc.set_threshold(50_000, 20, 100)  # as in a worker: rows live briefly and have no cycles
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
