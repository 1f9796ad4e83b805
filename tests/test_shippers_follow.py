"""Following files as ``tail -F`` does: new lines, rotation, truncation, partial lines, files that appear later."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shippers.metrics import Metrics
from shippers.sources import tail
from shippers.sources.follow import Follow
from shippers.sources.marks import Seen
from shippers.sources.readings import Readings
from shippers.sources.unwrapping import Unwrapping
from streams.core.values import Line

DEADLINE_S = 20.0


class Reader:
    """Reads a source in the background."""

    def __init__(self, source: Follow) -> None:
        """Begin at once."""
        self.lines: list[Line] = []
        self._stop = asyncio.Event()
        self._reading = asyncio.create_task(self._read(source))

    async def _read(self, source: Follow) -> None:
        async for lines in source.read(self._stop):
            self.lines += lines

    @property
    def texts(self) -> list[str]:
        """What has come so far."""
        return [line.text for line in self.lines]

    async def until(self, texts: list[str]) -> None:
        """Wait until exactly these lines have come."""
        await _until(lambda: self.texts == texts, lambda: f"{self.texts} is not {texts}")

    async def stopped(self) -> list[str]:
        """Drain."""
        self._stop.set()
        await asyncio.wait_for(self._reading, DEADLINE_S)
        return self.texts


async def _until(holds: Callable[[], bool], told: Callable[[], str] = lambda: "") -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline_s, told()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def _following(*patterns: Path, from_start: bool = True) -> AsyncIterator[Reader]:
    reader = Reader(Follow([str(pattern) for pattern in patterns], Readings("a", ""), Metrics(), from_start=from_start))
    try:
        yield reader
    finally:
        await reader.stopped()


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


async def test_begins_at_the_end(tmp_path: Path) -> None:
    """Without --from-start only what is written after the start is read."""
    log = tmp_path / "a.log"
    log.write_text("old\n")
    reader = Reader(source := Follow([str(log)], Readings("a", ""), Metrics(), from_start=False))
    await _until(lambda: bool(source._tails))  # noqa: SLF001  # it is open: what comes now is new
    _append(log, "new\n")
    await reader.until(["new"])
    assert await reader.stopped() == ["new"]


async def test_a_partial_line_waits_for_its_newline(tmp_path: Path) -> None:
    """A line that is written in pieces comes once it is whole, and at the drain as it is."""
    log = tmp_path / "a.log"
    log.write_text("one\ntw")
    async with _following(log) as reader:
        await reader.until(["one"])
        _append(log, "o\nthr")
        await reader.until(["one", "two"])
        assert await reader.stopped() == ["one", "two", "thr"]


async def test_rotation_by_rename(tmp_path: Path) -> None:
    """Lines written to the renamed file come before those of its successor; nothing is lost or read twice."""
    log = tmp_path / "a.log"
    log.write_text("1\n")
    async with _following(tmp_path / "a.log*") as reader:
        await reader.until(["1"])
        log.rename(tmp_path / "a.log.1")
        log.write_text("3\n")
        _append(tmp_path / "a.log.1", "2\n")
        await reader.until(["1", "2", "3"])
        (tmp_path / "a.log.1").rename(tmp_path / "a.log.2")
        log.rename(tmp_path / "a.log.1")
        log.write_text("4\n")
        await reader.until(["1", "2", "3", "4"])
        assert {line.instance for line in reader.lines} == {"a.log"}
        assert await reader.stopped() == ["1", "2", "3", "4"]


async def test_rotation_with_deletion_gives_an_inode_again(tmp_path: Path) -> None:
    """A successor is read even where the file system gives it the inode of a file that was read before."""
    log = tmp_path / "a.log"
    log.write_text("0\n")
    expected = ["0"]
    async with _following(tmp_path / "a.log*") as reader:
        for number in range(1, 4):
            await reader.until(expected)
            log.unlink()
            log.write_text(f"{number}\n")
            expected.append(str(number))
        await reader.until(expected)


async def test_truncation(tmp_path: Path) -> None:
    """A file that was truncated is read from its beginning, also when it has become longer than before."""
    log = tmp_path / "a.log"
    log.write_text("first 1\nfirst 2\n")
    async with _following(log) as reader:
        await reader.until(["first 1", "first 2"])
        log.write_text("s 1\n")
        await reader.until(["first 1", "first 2", "s 1"])
        log.write_text("third 1\nthird 2\n")
        await reader.until(["first 1", "first 2", "s 1", "third 1", "third 2"])


async def test_a_file_that_appears_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that appears is read from its beginning; a compressed one, a rotated copy, is left alone."""
    async with _following(tmp_path / "*.log*", from_start=False) as reader:
        await _until(lambda: "no file matches" in capsys.readouterr().err)
        (tmp_path / "b.log.1.gz").write_bytes(b"packed")
        (tmp_path / "b.log").write_text("begin\n")
        await reader.until(["begin"])
        _append(tmp_path / "b.log", "more\n")
        await reader.until(["begin", "more"])


async def test_many_lines_and_rotations(tmp_path: Path) -> None:
    """Under a fast writer that rotates, every line comes once and in order."""
    log, number = tmp_path / "a.log", 0
    async with _following(log) as reader:
        for rotation in range(4):
            with log.open("w") as file:
                for _ in range(5_000):
                    file.write(f"line {number}\n")
                    number += 1
            await _until(lambda wanted=number: len(reader.lines) > wanted - 5_000)  # type: ignore[misc]
            log.rename(tmp_path / f"a.log.{rotation}")
        log.write_text("")
        await reader.until([f"line {count}" for count in range(number)])


@pytest.mark.parametrize("pattern", ["a.log", "a.log*"])
async def test_rotations_while_nobody_takes_lines(tmp_path: Path, pattern: str) -> None:
    """However often a log is rotated while reading waits for Kafka, all its files are read, oldest first."""
    log, stop = tmp_path / "a.log", asyncio.Event()
    log.write_text("0\n")
    source = Follow([str(tmp_path / pattern)], Readings("a", ""), Metrics(), from_start=True)
    found: list[str] = []
    number = 0
    async with asyncio.timeout(DEADLINE_S):
        async for lines in source.read(stop):
            found += [line.text for line in lines]
            while found == ["0"] and number < 4:
                number += 1
                for older in range(4, 0, -1):
                    with contextlib.suppress(FileNotFoundError):
                        (tmp_path / f"a.log.{older}").rename(tmp_path / f"a.log.{older + 1}")
                log.rename(tmp_path / "a.log.1")
                log.write_text(f"{number}\n")
            if len(found) >= 5:
                stop.set()
    assert found == ["0", "1", "2", "3", "4"]


async def test_a_quiet_brace_is_released(tmp_path: Path) -> None:
    """An opening brace alone on its line is not held back when nothing follows."""
    log = tmp_path / "a.log"
    log.write_text("{\n")
    async with _following(log) as reader:
        await reader.until(["{"])


def test_a_rotated_file_is_left_in_the_end(tmp_path: Path) -> None:
    """A successor is read at last even if its predecessor never becomes quiet."""
    log = tmp_path / "a.log"
    log.write_text("old 0\n")
    reading = tail.Tail(log, lambda: Unwrapping("a", "i"), Seen()).open(0)
    found = reading.poll(0)
    log.rename(tmp_path / "a.log.1")
    log.write_text("new\n")
    now_ms = 0
    while "new" not in {line.text for line in found}:
        now_ms += 500
        assert now_ms < 3 * tail.ROTATED_MS
        _append(tmp_path / "a.log.1", f"old {now_ms}\n")
        reading.look(now_ms, set)
        found += reading.poll(now_ms)
    assert now_ms >= tail.ROTATED_MS
    reading.close()
    assert not reading.identities()


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """A named pipe cannot be followed, and opening it must not hang."""
    os.mkfifo(tmp_path / "pipe.log")
    with pytest.raises(OSError, match="not a regular file"):
        tail.Tail(tmp_path / "pipe.log", lambda: Unwrapping("a", "i"), Seen()).open(0)
