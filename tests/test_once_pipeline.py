"""The pipeline leaves out what had arrived: a run that is ended at once, and the next one, on a sink that keeps everything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from shippers.batching import Batching, Limits
from shippers.checkpoints import Checkpoints
from shippers.metrics import Metrics
from shippers.once import looking
from shippers.once.looking import Once, Wanted
from shippers.once.tracking import Found
from shippers.pipeline import ship
from shippers.records import Record
from streams.core.values import Line
from tests.pipeline import until
from tests.test_once import texts_of

DEADLINE_S = 60.0


class Kept:
    """A sink that has what it was given."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.records: list[Record] = []
        self.drains = asyncio.Event()  # cleared: what was given is never known to be safe

    async def send(self, record: Record) -> None:
        """Take it."""
        self.records.append(record)

    async def tick(self, at_ms: int) -> None:
        """Nobody ticks."""

    async def drain(self) -> None:
        """Wait until it may be said."""
        await self.drains.wait()

    def check(self) -> None:
        """All is well."""

    async def find(self, wanted: Wanted, since_ms: int, until_ms: int) -> Found | None:  # noqa: ARG002  # it has them all
        """Return what has arrived."""
        return [(record.key, record.id) for record in self.records if wanted(record.id)]


class Numbers:
    """A source of numbered lines that goes on behind its mark."""

    problems = 0
    keep_s = 0.01
    resumes = True

    def __init__(self, name: str, context: Checkpoints, count: int) -> None:
        """``count``: so many there are now."""
        self.name = self.kept_as = name
        self._checkpoints, self._count = context, count
        self.at: int = context.load(name) or 0

    async def read(self, stop: asyncio.Event) -> AsyncIterator[Sequence[Line]]:
        """Give one line after another, and wait for the stop."""
        while self.at < self._count:
            self.at += 1
            yield [Line(f"{self.name} {self.at - 1}", app="a", instance="x")]
        await stop.wait()

    def position(self) -> object:
        """Return how many were given."""
        return self.at

    async def kept(self, position: object) -> None:
        """Note it."""
        self._checkpoints.save(self.name, position)


class Run:
    """One run of two sources that share an instance."""

    def __init__(self, sink: Kept, directory: Path, counts: tuple[int, int]) -> None:
        """It begins at once."""
        self.checkpoints, self.metrics, self.stop = Checkpoints(directory), Metrics(), asyncio.Event()
        self.sources = [Numbers(name, self.checkpoints, count) for name, count in zip("pq", counts, strict=True)]
        once = Once(sink.find, self.checkpoints, self.metrics, "local")
        batching = Batching(Limits(lines=3, age_ms=10))
        self.task = asyncio.create_task(ship(self.sources, batching, sink, self.stop, self.metrics, once))

    async def end(self) -> None:
        """Stop it, and wait for its end."""
        self.stop.set()
        await asyncio.wait_for(self.task, DEADLINE_S)

    async def kill(self) -> None:
        """End it where it stands."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def left_out(self, source: str) -> float:
        """Return how many lines of a source were left out."""
        return self.metrics.registry.get_sample_value("flyship_again_lines_total", {"source": source}) or 0.0


async def _has(sink: Kept, count: int) -> None:
    async def there() -> bool:
        return sum(record.lines for record in sink.records) >= count

    await until(f"{count} lines are there", there, DEADLINE_S, every=0.01)


def _numbers(sink: Kept, name: str) -> list[int]:
    return [int(text[2:]) for text in texts_of(sink.records, "x") if text.startswith(name)]


async def test_two_sources_of_one_instance(tmp_path: Path) -> None:
    """Sources that feed the same instance share no record, so that of each it is known what has arrived."""
    sink = Kept()
    run = Run(sink, tmp_path, (20, 10))
    await _has(sink, 30)
    await run.kill()
    sink.drains.set()
    run = Run(sink, tmp_path, (25, 40))
    await _has(sink, 65)
    await run.end()
    assert _numbers(sink, "p") == list(range(25))
    assert _numbers(sink, "q") == list(range(40))
    assert (run.left_out("p"), run.left_out("q")) == (20, 10)
    assert [run.checkpoints.load(name) for name in "pq"] == [25, 40]


async def test_no_mark_while_lines_are_held(tmp_path: Path) -> None:
    """What is held is nowhere but at its source: no mark is made behind it, and another kill loses nothing."""
    sink = Kept()
    run = Run(sink, tmp_path, (3, 0))
    await _has(sink, 3)
    await run.kill()
    sink.drains.set()
    run = Run(sink, tmp_path, (2, 300))

    async def marked() -> bool:
        return run.checkpoints.load("q") == 300

    await until("the other source has its mark", marked, DEADLINE_S, every=0.01)
    assert run.checkpoints.load("p") is None
    await run.kill()
    run = Run(sink, tmp_path, (5, 300))
    await _has(sink, 305)
    await run.end()
    assert _numbers(sink, "p") == list(range(5))


async def test_a_kafka_that_stays_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a while sources begin without knowing what had arrived: that is told, and their lines are shipped again."""
    sink = Kept()
    run = Run(sink, tmp_path, (5, 0))
    await _has(sink, 5)
    await run.kill()
    sink.drains.set()
    monkeypatch.setattr(looking, "PATIENCE_S", 0.05)
    monkeypatch.setattr(Kept, "find", _silent)
    run = Run(sink, tmp_path, (5, 0))
    await _has(sink, 10)
    await run.end()
    assert "p: what had arrived when flyship ended last cannot be read from Kafka: it may come twice" in capsys.readouterr().err


async def test_a_stop_before_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped while Kafka is asked, a run ends and has read nothing; the next one still leaves out what had arrived."""
    sink = Kept()
    run = Run(sink, tmp_path, (5, 0))
    await _has(sink, 5)
    await run.kill()
    sink.drains.set()
    with monkeypatch.context() as patch:
        patch.setattr(Kept, "find", _silent)
        run = Run(sink, tmp_path, (5, 0))
        await run.end()
        assert run.sources[0].at == 0
    run = Run(sink, tmp_path, (6, 0))
    await _has(sink, 6)
    await run.end()
    assert _numbers(sink, "p") == list(range(6))


async def _silent(*_: object) -> Found | None:
    return None
