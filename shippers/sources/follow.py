"""The source ``files --follow``: every file that matches, now or later, by polling. Knows no batch and no Kafka.

Polling, not inotify: it works on every file system (network mounts and shared folders send no events), and rotation is
a question of names and inodes, which an event does not answer. It costs one stat a file ten times a second.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path

from shippers.console import in_a_line, say
from shippers.gap_lines import gap_line
from shippers.metrics import Metrics
from shippers.sources.blocks import COMPRESSED
from shippers.sources.files import matches, unmatched
from shippers.sources.marks import Identity, Mark, Registry, Seen
from shippers.sources.readings import Readings
from shippers.sources.resuming import Lost, plans
from shippers.sources.tail import Tail
from streams.core.values import Line

POLL_S = 0.1
SCAN_MS = 1_000  # how often the patterns are expanded again
GONE_MS = 60_000  # a file without a name, and without news, is closed after so long


class Follow:
    """Lines of growing files. Compressed files are left alone: where a log grows they are rotated copies of it."""

    name = "files"
    keep_s = 0.25

    def __init__(
        self,
        patterns: Sequence[str],
        readings: Readings,
        metrics: Metrics,
        *,
        from_start: bool,
        registry: Registry | None = None,
    ) -> None:
        """Files there at the very first start are read from their end unless ``from_start``; later ones from their beginning.

        With a registry each file is read from where an earlier run ended.
        """
        self.problems = 0
        self._patterns = [os.path.abspath(pattern) for pattern in patterns]  # noqa: PTH100  # no path: a pattern
        self._readings = readings
        self._metrics = metrics
        self._registry = registry
        self._known: Sequence[Mark] | None = None  # what was kept last
        self.lasts = registry is not None  # without one nobody knows where it was
        self.kept_as = registry.name if registry else ""
        self.resumes = from_start or (registry is not None and registry.load() is not None)  # and not at the files' ends
        self._at_end = not from_start
        self._looked = False
        self._tails: dict[Path, Tail] = {}
        self._seen = Seen()
        self._told: set[str] = set()

    async def read(self, stop: asyncio.Event) -> AsyncIterator[list[Line]]:
        """Give lines until ``stop``."""
        loop = asyncio.get_running_loop()
        yield self._resume(loop.time() * 1000)
        scanned_ms = -float(SCAN_MS)
        while not stop.is_set():
            now_ms = loop.time() * 1000
            if now_ms - scanned_ms >= SCAN_MS:
                rest = self._scan(now_ms)
                scanned_ms, self._looked = now_ms, True
                yield rest
            busy = False
            for tail in self._tails.values():
                self._look(tail, now_ms)
                lines = tail.poll(now_ms)
                if tail.noted() or lines:
                    busy = True
                    yield lines
            if busy:
                await asyncio.sleep(0)
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), POLL_S)
        for tail in self._tails.values():
            yield tail.close(to_resume=self._registry is not None)
        if told := self._readings.left_out():
            say(told)

    def position(self) -> object:
        """Return the marks of all files, open or left; None without a registry."""
        if self._registry is None or not self._looked:  # a run that saw no file must not look like one
            return None
        return (*(mark for tail in self._tails.values() for mark in tail.marks), *self._seen.marks)

    async def kept(self, position: object) -> None:
        """Note the marks on disk."""
        if self._registry is not None and isinstance(position, tuple):
            self._known = position
            await self._registry.keep(position)

    def begin_anew(self) -> None:
        """Close all files: they are opened where they were kept."""
        for tail in self._tails.values():
            tail.close(to_resume=True)
        self._tails, self._seen, self._looked = {}, Seen(), False

    def _resume(self, now_ms: float) -> list[Line]:
        """Open what an earlier run had not read to its end; return a line for each thing that is lost."""
        known = self._registry.load() if self._registry and self._known is None else self._known
        if known is None:
            return []
        self._at_end = False  # what is there and not known has appeared since
        lost: list[Line] = []
        for path, plan in plans(known, self._patterns):
            for mark in plan.done:
                self._seen.add(mark)
            tail = Tail(path, partial(self._readings.of, path), self._seen)
            for piece in plan.pieces:
                if self._opened(piece.path, partial(tail.open, now_ms, piece.path, piece.offset)):
                    self._tails[path] = tail
            lost += [self._gap(mark, reason) for mark, reason in plan.lost]
            tail.noted()
        return lost

    def _gap(self, mark: Mark, reason: Lost) -> Line:
        """Tell that the rest of a file cannot be read: on stderr, in the counters, and as a line, so that it can alert."""
        path = Path(mark.path)
        say(f"files: {path} was {reason} while flyship did not run: what was behind byte {mark.offset} of it is not shipped")
        for state in ("opened", "unfilled"):
            self._metrics.gaps.labels(self.name, state).inc()
        told = {"reason": reason, "path": in_a_line(mark.path), "from_byte": mark.offset}
        return gap_line(self._readings.app, self.name, None, told, self._readings.instance_of(path))

    def _scan(self, now_ms: float) -> list[Line]:
        """Open what is new, close what is gone; return what the closed ones held."""
        for tail in sorted(self._tails.values(), key=_name_length):  # else a rotated file would pass for a log of its own
            self._look(tail, now_ms)
        named: set[Identity] = set()
        found: dict[Path, Identity] = {}
        for pattern in self._patterns:
            paths = [path for path in matches(pattern) if path.suffix not in COMPRESSED]
            if not paths:
                self._tell(f"{unmatched(pattern)}: waiting for one")
            for path in paths:
                with contextlib.suppress(OSError):
                    status = path.stat()
                    found[path] = (status.st_dev, status.st_ino)
                    named.add(found[path])
        rest = self._close_gone(found, now_ms)
        for path, identity in found.items():
            known = path in self._tails or identity in self._open_elsewhere(None)
            if not known and not self._seen.holds(identity, path):
                self._open(path, now_ms)
        self._at_end = False
        self._seen.keep_only(named)
        return rest

    def _open(self, path: Path, now_ms: float) -> None:
        tail = Tail(path, partial(self._readings.of, path), self._seen)
        if self._opened(path, partial(tail.open, now_ms, offset=None if self._at_end else 0)):
            self._tails[path] = tail
            tail.noted()

    def _look(self, tail: Tail, now_ms: float) -> None:
        self._opened(tail.path, partial(tail.look, now_ms, partial(self._open_elsewhere, tail)))

    def _opened(self, path: Path, opening: Callable[[], object]) -> bool:
        """Open a file; tell where that cannot be done."""
        try:
            opening()
        except OSError as error:
            text = f"cannot read {path}: {error.strerror or error}"
            if self._tell(text):
                self.problems += 1
                self._metrics.failed(self.name, "unreadable", text)
            return False
        return True

    def _close_gone(self, found: dict[Path, Identity], now_ms: float) -> list[Line]:
        gone = [tail for path, tail in self._tails.items() if path not in found and tail.quiet_ms(now_ms) >= GONE_MS]
        return [line for tail in gone for line in self._tails.pop(tail.path).close()]

    def _open_elsewhere(self, tail: Tail | None) -> set[Identity]:
        return {identity for other in self._tails.values() if other is not tail for identity in other.identities()}

    def _tell(self, text: str) -> bool:
        """Say it once; tell whether it was new."""
        new = text not in self._told
        if new:
            self._told.add(text)
            say(text)
        return new


def _name_length(tail: Tail) -> int:
    return len(tail.path.name)
