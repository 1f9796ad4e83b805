"""Resuming files: however a run ends, and whatever happens to the files meanwhile, each line is given once."""

import asyncio
import contextlib
import gzip
import os
import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shippers.context import Context
from shippers.sources import follow, tail
from shippers.sources.files import Files, expanded
from shippers.sources.follow import Follow
from shippers.sources.marks import Registry
from shippers.sources.readings import Readings
from shippers.sources.unwrapping import Unwrapping
from streams.core.values import Line

DEADLINE_S = 60.0
PIECES = [b"{", b"{\r", b"}", b'  "a": 1', b"x", b"\xff", b"", b'{\n "message": "m",\n "timestamp": "2025-10-10T17:02:56Z"\n}']


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait: files are looked at without a pause, and left as soon as they are read."""
    monkeypatch.setattr(follow, "POLL_S", 0.0)
    monkeypatch.setattr(follow, "SCAN_MS", 0)
    monkeypatch.setattr(tail, "QUIET_MS", 0)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a kill, unlike a power cut, leaves what was written


class Runs:
    """Runs of a follower, one after another, over one state directory; ``safe`` is what was given up to the last mark."""

    def __init__(self, directory: Path, pattern: str, *, from_start: bool = True) -> None:
        """``pattern``: below the directory."""
        self.safe: list[str] = []
        self.gaps: list[dict[str, Any]] = []
        self._pattern = str(directory / pattern)
        self._state = str(directory / "state")
        self._from_start = from_start

    async def run(self, until: int, lines_unsafe: int = 0) -> None:
        """Read until ``until`` lines were given in all, and be killed; what came last, up to ``lines_unsafe``, is not safe."""
        source = self._source()
        given: list[Line] = []
        async with asyncio.timeout(DEADLINE_S), _closing(source.read(asyncio.Event())) as lists:
            async for lines in lists:
                given += lines
                if len(self.safe) + len(given) <= max(until - lines_unsafe, 0):
                    await source.kept(source.position())
                    self._take(given)
                    given = []
                if len(self.safe) + len(given) >= until and source.position() is not None:
                    break

    async def drained(self) -> None:
        """Start, stop in good order as soon as everything is open, and take all that is given."""
        context = Context.of(self._state, {})
        source = Follow(
            [self._pattern],
            Readings("a", ""),
            context.metrics,
            from_start=self._from_start,
            registry=Registry(context, "files"),
        )
        stop = asyncio.Event()
        async with asyncio.timeout(DEADLINE_S):
            async for lines in source.read(stop):
                self._take(list(lines))
                await source.kept(source.position())
                if source._tails:  # noqa: SLF001  # the moment after the first look cannot be seen from outside
                    stop.set()

    def _source(self) -> Follow:
        context = Context.of(self._state, {})
        names, registry = Readings("a", ""), Registry(context, "files")
        return Follow([self._pattern], names, context.metrics, from_start=self._from_start, registry=registry)

    def _take(self, lines: list[Line]) -> None:
        self.safe += [line.text for line in lines if line.provider != "probe"]
        self.gaps += [orjson.loads(line.text) for line in lines if line.provider == "probe"]


@contextlib.asynccontextmanager
async def _closing(lists: AsyncIterator[list[Line]]) -> AsyncIterator[AsyncIterator[list[Line]]]:
    try:
        yield lists
    finally:
        await lists.aclose()  # type: ignore[attr-defined]  # a generator, as a kill would end it


class Log:
    """A log that is written to and rotated, and what was written."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        """Begin with an empty file."""
        self.written: list[str] = []
        self._path = path
        self._rng = rng
        self._partial = ""
        path.touch()

    def write(self) -> None:
        """Write some lines, the last one maybe only in part."""
        self.finish()
        lines = [f"line {len(self.written) + number} {self._rng.random()}" for number in range(self._rng.randrange(1, 60))]
        text = "\n".join(lines) + "\n"
        self.written += lines
        with self._path.open("a") as file:
            if self._rng.random() < 0.3:
                cut = self._rng.randrange(1, len(lines[-1]))
                self._partial, text = text[-cut:], text[:-cut]
                self.written.pop()
                self._whole = lines[-1]
            file.write(text)

    def finish(self) -> None:
        """Write the rest of a line."""
        if self._partial:
            with self._path.open("a") as file:
                file.write(self._partial)
            self.written.append(self._whole)
            self._partial = ""

    def rotate(self) -> None:
        """Rename it, and the older ones, as logrotate does."""
        self.finish()
        for number in range(40, 0, -1):
            if (older := self._path.with_name(f"{self._path.name}.{number}")).exists():
                older.rename(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.rename(self._path.with_name(f"{self._path.name}.1"))
        self._path.touch()


@given(st.lists(st.sampled_from(PIECES), max_size=14), st.booleans(), st.lists(st.integers(0, 200), max_size=4))
def test_who_begins_at_what_is_held_reads_the_same(pieces: list[bytes], ended: bool, cuts: list[int]) -> None:
    """A second reading from the first byte that was not given gives the rest, at every place, documents or not."""
    data = b"\n".join(pieces) + (b"\n" if ended else b"")
    first, found, at = Unwrapping("a", "i"), list[Line](), 0
    for cut in sorted({min(cut, len(data)) for cut in cuts}):
        found += first.push(data[at:cut])
        at = cut
    second, whole = Unwrapping("a", "i"), Unwrapping("a", "i")
    found += second.push(data[at - first.held_bytes :]) + second.rest()
    assert found == whole.push(data) + whole.rest()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("pattern", ["a.log", "a.log*"])
@pytest.mark.parametrize("seed", range(25))
async def test_each_line_once_through_kills_and_rotations(tmp_path: Path, seed: int, pattern: str) -> None:
    """Killed at any moment, with any rotations while it runs or is down, it gives every line once and in order."""
    rng = random.Random(seed)
    for number in range(1, 4):  # of which "a.log*" makes names of their own
        older = tmp_path / f"a.log.{number}"
        older.write_text(f"older {number}\n" * 9)
        os.utime(older, (1_760_000_000 - number, 1_760_000_000 - number))
    log, runs = Log(tmp_path / "a.log", rng), Runs(tmp_path, pattern)
    await runs.run(27 if pattern == "a.log*" else 0)
    runs.safe.clear()
    for _ in range(8):
        for _ in range(rng.randrange(1, 4)):
            log.write()
            if rng.random() < 0.4:
                log.rotate()
        behind = len(log.written) - len(runs.safe)
        await runs.run(len(runs.safe) + rng.randrange(behind + 1), rng.choice((0, 0, 5, 50)))
    log.finish()
    await runs.run(len(log.written))
    assert runs.safe == log.written
    assert runs.gaps == []


@pytest.mark.usefixtures("impatient")
async def test_a_stop_keeps_half_a_line_for_the_next_run(tmp_path: Path) -> None:
    """A run that stops in good order leaves a line that is not ended yet, and the next run gives it whole."""
    log, runs = tmp_path / "a.log", Runs(tmp_path, "a.log")
    log.write_text("one\ntw")
    await runs.drained()
    assert runs.safe == ["one"]
    with log.open("a") as file:
        file.write("o\n")
    await runs.run(2)
    assert runs.safe == ["one", "two"]


@pytest.mark.usefixtures("impatient")
async def test_what_is_written_while_it_is_down_is_read_though_nothing_was_before(tmp_path: Path) -> None:
    """Begun at the end of a quiet file, it gives what is written while it is down, also in files that are new."""
    old, new, runs = tmp_path / "a.log", tmp_path / "b.log", Runs(tmp_path, "*.log", from_start=False)
    old.write_text("before\n")
    await runs.drained()
    with old.open("a") as file:
        file.write("one\n")
    new.write_text("two\n")
    await runs.run(2)
    assert runs.safe == ["one", "two"]


LONG = "".join(f"2025-10-10T17:00:{number:02}Z line {number}\n" for number in range(20))


@pytest.mark.usefixtures("impatient")
async def test_a_copy_that_was_made_before_truncating(tmp_path: Path) -> None:
    """With logrotate's copytruncate the rest is read from the copy, whatever its inode, then the file from its start."""
    log, runs = tmp_path / "a.log", Runs(tmp_path, "a.log")
    log.write_text(LONG)
    await runs.run(20)
    with log.open("a") as file:
        file.write("rest\n")
    shutil.copy(log, tmp_path / "a.log-20251010")
    log.write_text("new\n")
    await runs.run(22)
    assert runs.safe[20:] == ["rest", "new"]
    assert runs.gaps == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("reason", ["deleted", "truncated"])
async def test_what_is_lost_is_told(tmp_path: Path, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that was deleted or truncated while nobody read it is a gap: a line that can alert, and one for people."""
    log, runs = tmp_path / "a.log", Runs(tmp_path, "a.log")
    log.write_text(LONG)
    await runs.run(20)
    if reason == "deleted":
        log.rename(tmp_path / "elsewhere")
        shutil.copy(tmp_path / "elsewhere", tmp_path / "unlike")  # the inode is not given again
        (tmp_path / "elsewhere").unlink()
    log.write_text("new\n")
    await runs.run(21)
    assert runs.safe[20:] == ["new"]
    (gap,) = runs.gaps
    assert (gap["probe"], gap["ok"], gap["reason"], gap["from_byte"]) == ("log_gap", False, reason, len(LONG))
    assert f"a.log was {reason} while flyship did not run" in capsys.readouterr().err


@pytest.mark.usefixtures("impatient")
async def test_an_inode_that_is_given_again(tmp_path: Path) -> None:
    """A new file with the inode of one that was read is read from its start."""
    log, runs = tmp_path / "a.log", Runs(tmp_path, "a.log")
    log.write_text(LONG)
    await runs.run(20)
    with log.open("r+") as file:  # the same inode, surely; longer than before, and no copy of it
        file.write("".join(f"another {number} {'.' * 40}\n" for number in range(40)))
    await runs.run(60)
    assert runs.safe[20:] == [f"another {number} {'.' * 40}" for number in range(40)]


def _resuming(tmp_path: Path, state: Path) -> tuple[Files, asyncio.Event]:
    registry = Registry(Context.of(str(state), {}), "files")
    return Files(expanded([str(tmp_path / "*.log*")]), Readings("a", ""), registry), asyncio.Event()


async def _shipped(source: Files, stop: asyncio.Event, most: int = 1 << 30) -> list[str]:
    found: list[str] = []
    async for lines in source.read(stop):
        found += [line.text for line in lines]
        await source.kept(source.position())
        if len(found) >= most:
            stop.set()
    return found


async def test_files_once_each_over_several_runs(tmp_path: Path) -> None:
    """With --resume a run gives what is new: appended, in new files; not what was renamed or packed since."""
    state, logs = tmp_path / "state", tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_text(LONG)
    (logs / "b.log").write_text("b\n")
    assert await _shipped(*_resuming(logs, state)) == [*LONG.splitlines(), "b"]
    assert await _shipped(*_resuming(logs, state)) == []
    (logs / "a.log").rename(logs / "a.log.1")
    with (logs / "a.log.1").open("a") as file:
        file.write("rest\n")
    (logs / "a.log").write_text("new\n")
    assert await _shipped(*_resuming(logs, state)) == ["new", "rest"]
    (logs / "a.log.2.gz").write_bytes(gzip.compress((logs / "a.log.1").read_bytes() + b"more\n"))
    (logs / "a.log.1").unlink()
    assert await _shipped(*_resuming(logs, state)) == ["more"]
    assert await _shipped(*_resuming(logs, state)) == []


async def test_files_that_are_stopped_go_on_where_they_were(tmp_path: Path) -> None:
    """A stop in the middle of a file, packed or not, repeats and loses nothing with --resume."""
    lines = [f"line {number} {random.Random(number).random()}" for number in range(60_000)]
    text = "".join(f"{line}\n" for line in lines).encode()
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log.gz").write_bytes(gzip.compress(text, 1))
    (logs / "b.log").write_bytes(text)
    found: list[str] = []
    for most in (1, 1, 50_000, 1, 1 << 30):
        found += await _shipped(*_resuming(logs, tmp_path / "state"), most)
    assert found == lines + lines


async def test_a_state_that_cannot_be_kept_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where marks cannot be written the lines are given all the same, and one line says what that means."""
    (tmp_path / "state").write_text("no directory")
    (tmp_path / "a.log").write_text("one\n")
    assert await _shipped(*_resuming(tmp_path, tmp_path / "state")) == ["one"]
    _, told = capsys.readouterr().err.splitlines()
    assert "cannot note how far files were read" in told
