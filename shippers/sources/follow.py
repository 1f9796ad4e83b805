"""The source ``files --follow``: every file that matches, now or later, by polling. Knows no batch and no Kafka.

Polling, not inotify: it works on every file system (network mounts and shared folders send no events), and rotation is
a question of names and inodes, which an event does not answer. It costs one stat a file ten times a second.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from shippers.console import say
from shippers.sources.blocks import COMPRESSED
from shippers.sources.files import instance_of, matches
from shippers.sources.tail import Identity, Seen, Tail
from streams.core.values import Line

POLL_S = 0.1
SCAN_MS = 1_000  # how often the patterns are expanded again
GONE_MS = 60_000  # a file without a name, and without news, is closed after so long


class Follow:
    """Lines of growing files. Compressed files are left alone: where a log grows they are rotated copies of it."""

    def __init__(self, patterns: Sequence[str], app: str, instance: str, *, from_start: bool) -> None:
        """Files there at the start are read from their end unless ``from_start``; later ones from their beginning."""
        self.problems = 0
        self._patterns = patterns
        self._app = app
        self._instance = instance
        self._at_end = not from_start
        self._tails: dict[Path, Tail] = {}
        self._seen = Seen()
        self._told: set[str] = set()

    async def read(self, stop: asyncio.Event) -> AsyncIterator[list[Line]]:
        """Give lines until ``stop``."""
        loop = asyncio.get_running_loop()
        scanned_ms = -float(SCAN_MS)
        while not stop.is_set():
            now_ms = loop.time() * 1000
            if now_ms - scanned_ms >= SCAN_MS:
                for lines in self._scan(now_ms):
                    yield lines
                scanned_ms = now_ms
            busy = False
            for tail in self._tails.values():
                self._look(tail, now_ms)
                if lines := tail.poll(now_ms):
                    busy = True
                    yield lines
            if busy:
                await asyncio.sleep(0)
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), POLL_S)
        for tail in self._tails.values():
            yield tail.close()

    def _scan(self, now_ms: float) -> list[list[Line]]:
        """Open what is new, close what is gone; return what the closed ones held."""
        named: set[Identity] = set()
        found: dict[Path, Identity] = {}
        for pattern in self._patterns:
            paths = [path for path in matches(pattern) if path.suffix not in COMPRESSED]
            if not paths:
                self._tell(f"no file matches {pattern!r} yet: waiting for one")
            for path in paths:
                with contextlib.suppress(OSError):
                    status = path.stat()
                    found[path] = (status.st_dev, status.st_ino)
                    named.add(found[path])
        rests = self._close_gone(found, now_ms)
        for path, identity in found.items():
            known = path in self._tails or identity in self._open_elsewhere(None)
            if not known and not self._seen.holds(identity, path):
                self._open(path, now_ms)
        self._at_end = False
        self._seen.keep_only(named)
        return rests

    def _open(self, path: Path, now_ms: float) -> None:
        tail = Tail(path, self._app, self._instance or instance_of(path), self._seen)
        try:
            self._tails[path] = tail.open(now_ms, at_end=self._at_end)
        except OSError as error:
            self.problems += self._tell(f"cannot read {path}: {error.strerror or error}")

    def _look(self, tail: Tail, now_ms: float) -> None:
        try:
            tail.look(now_ms, lambda: self._open_elsewhere(tail))
        except OSError as error:
            self.problems += self._tell(f"cannot read {tail.path}: {error.strerror or error}")

    def _close_gone(self, found: dict[Path, Identity], now_ms: float) -> list[list[Line]]:
        gone = [tail for path, tail in self._tails.items() if path not in found and tail.quiet_ms(now_ms) >= GONE_MS]
        return [self._tails.pop(tail.path).close() for tail in gone]

    def _open_elsewhere(self, tail: Tail | None) -> set[Identity]:
        return {identity for other in self._tails.values() if other is not tail for identity in other.identities()}

    def _tell(self, text: str) -> bool:
        """Say it once; tell whether it was new."""
        new = text not in self._told
        if new:
            self._told.add(text)
            say(text)
        return new
