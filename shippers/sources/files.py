"""The source ``files``: log files by glob, read once from their beginning to their end. Knows no batch and no Kafka."""

import asyncio
import glob
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

from shippers.console import say
from shippers.sources.blocks import UnreadableFileError, blocks
from shippers.sources.marks import Identity, Mark, Registry
from shippers.sources.passage import Passage
from shippers.sources.readings import Readings
from streams.core.values import Line


class NoMatchError(Exception):
    """A pattern matches no file; the message says which."""


def matches(pattern: str) -> list[Path]:
    """Return the files a pattern (or a plain name) stands for, by name."""
    path = Path(pattern)
    if path.exists() and not path.is_dir():  # a name may contain brackets
        return [path]
    names = glob.iglob(pattern, recursive=True)  # noqa: PTH207  # a Path globs below itself, a user from anywhere
    return sorted(path for path in map(Path, names) if not path.is_dir())


def unmatched(pattern: str) -> str:
    """Say that a pattern matches no file."""
    if Path(pattern).is_dir():
        return f"{pattern!r} is a directory: name its files, such as {str(Path(pattern) / '*.log')!r}"
    return f"no file matches {pattern!r}"


def expanded(patterns: Iterable[str]) -> list[Path]:
    """Return the files of all patterns, each file once; NoMatchError for a pattern that matches none."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        paths = matches(pattern)
        if not paths:
            raise NoMatchError(unmatched(pattern))
        found.update(dict.fromkeys(paths))
    return list(found)


class Files:
    """Lines of files, one file after another. A damaged file is told and counted; the others go on.

    With a registry a file begins where an earlier run ended.
    """

    name = "files"
    keep_s = 0.25
    resumes = True  # at a mark, or from the first line

    def __init__(self, paths: Sequence[Path], readings: Readings, registry: Registry | None = None) -> None:
        """``registry``: how far each file was read before, and where that is kept."""
        self.problems = 0
        self._paths = [Path(os.path.abspath(path)) for path in paths] if registry else paths  # noqa: PTH100  # no link is followed
        self._readings = readings
        self._registry = registry
        self.kept_as = registry.name if registry else ""
        self._marks: dict[Identity, Mark] = {}

    async def read(self, stop: asyncio.Event) -> AsyncIterator[list[Line]]:
        """Give lines until the last file's end, or ``stop``."""
        known = (self._registry.load() or []) if self._registry else []
        self._marks = {mark.identity: mark for mark in known}
        met: set[Identity] = set()
        for path in self._paths:
            passage = Passage(path, known) if self._registry else None
            async for lines in self._read_one(path, passage):
                yield lines
                await asyncio.sleep(0)
                if stop.is_set():  # mid-file: what is held is half of a line, not a last line
                    break
            if passage is not None and (mark := passage.mark(0)):
                met.add(mark.identity)
            if stop.is_set():
                break
        else:
            self._marks = {identity: mark for identity, mark in self._marks.items() if identity in met}
            yield []
        if told := self._readings.left_out():
            say(told)

    async def _read_one(self, path: Path, passage: Passage | None) -> AsyncIterator[list[Line]]:
        reading = self._readings.of(path)
        try:
            for block in blocks(path) if passage is None else passage.blocks():
                lines = reading.push(block)
                self._note(passage, reading.held_bytes)
                yield lines
        except UnreadableFileError as error:
            say(str(error))
            self.problems += 1
        lines = reading.rest()
        self._note(passage, 0)
        yield lines

    def _note(self, passage: Passage | None, held_bytes: int) -> None:
        if passage is not None and (mark := passage.mark(held_bytes)):
            self._marks[mark.identity] = mark

    def position(self) -> object:
        """Return the marks of all files; None without a registry."""
        return tuple(self._marks.values()) if self._registry else None

    async def kept(self, position: object) -> None:
        """Note the marks on disk."""
        if self._registry and isinstance(position, tuple):
            await self._registry.keep(position)
