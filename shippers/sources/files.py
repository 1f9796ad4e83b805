"""The source ``files``: log files by glob, read once from their beginning to their end. Knows no batch and no Kafka."""

import asyncio
import glob
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

from shippers.console import say
from shippers.sources.blocks import COMPRESSED, UnreadableFileError, blocks
from shippers.sources.unwrapping import Unwrapping
from streams.core.values import Line


class NoMatchError(Exception):
    """A pattern matches no file; the message says which."""


def matches(pattern: str) -> list[Path]:
    """Return the files a pattern (or a plain name) stands for, by name."""
    if Path(pattern).exists():  # a name may contain brackets
        return [Path(pattern)]
    names = glob.iglob(pattern, recursive=True)  # noqa: PTH207  # a Path globs below itself, a user from anywhere
    return sorted(path for path in map(Path, names) if not path.is_dir())


def expanded(patterns: Iterable[str]) -> list[Path]:
    """Return the files of all patterns, each file once; NoMatchError for a pattern that matches none."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        paths = matches(pattern)
        if not paths:
            raise NoMatchError(f"no file matches {pattern!r}")
        found.update(dict.fromkeys(paths))
    return list(found)


def instance_of(path: Path) -> str:
    """Return the instance a file stands for: its name, without the ending its compression added."""
    return path.stem if path.suffix in COMPRESSED else path.name


class Files:
    """Lines of files, one file after another. A damaged file is told and counted; the others go on."""

    def __init__(self, paths: Sequence[Path], app: str, instance: str) -> None:
        """Without an ``instance`` each file's name is one."""
        self.problems = 0
        self._paths = paths
        self._app = app
        self._instance = instance

    async def read(self, stop: asyncio.Event) -> AsyncIterator[list[Line]]:
        """Give lines until the last file's end, or ``stop``."""
        for path in self._paths:
            unwrapping = Unwrapping(self._app, self._instance or instance_of(path))
            try:
                for block in blocks(path):
                    yield unwrapping.push(block)
                    await asyncio.sleep(0)
                    if stop.is_set():  # mid-file: what is held is half of a line, not a last line
                        return
            except UnreadableFileError as error:
                say(str(error))
                self.problems += 1
            yield unwrapping.rest()
