"""Shippers that are killed on a real Kafka: with a spool in between, without one, and with files that change meanwhile."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pipeline import Pipeline, until
from tests.servers.cable import Cable, Cabled, cabled_kafka

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("jars")]

ROOT = Path(__file__).parents[1]
DEADLINE_S = 90.0


@pytest.fixture(scope="module")
def kafka() -> Iterator[Cabled]:
    """Give a broker of this file's own."""
    with cabled_kafka() as found:
        yield found


class Shipper:
    """A flyship that follows a log, or reads it to its end."""

    def __init__(self, pipeline: Pipeline, log: Path) -> None:
        """Nothing runs yet."""
        self.log, self.told, self.state = log, log.with_name("told"), log.with_name("state")
        self._env = pipeline.env | {"FLYSHIP_STATE": str(self.state), "PYTHONPATH": str(ROOT)}
        self._words = ["--app", "a", "--batch-lines", "20", str(log)]
        self.said = 0

    def start(self, *how: str) -> None:
        """Start it."""
        command = [sys.executable, "-m", "shippers", "files", *(how or ("--follow", "--from-start")), *self._words]
        with self.told.open("ab") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors, env=self._env)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    async def end(self) -> int:
        """Wait for its end."""
        return await asyncio.to_thread(self.process.wait, DEADLINE_S)

    def say(self, count: int) -> None:
        """Let the log grow by numbered lines."""
        with self.log.open("a") as file:
            file.write("".join(f"{number}\n" for number in range(self.said, self.said + count)))
        self.said += count

    def waits(self) -> int:
        """Return how many bytes wait on disk."""
        return sum(path.stat().st_size for path in (self.state / "spool").glob("*.spool"))


async def _numbers(pipeline: Pipeline) -> list[int]:
    return [int(row[1]) for batch in await pipeline.read("logs") for row in batch["lines"] if row[1].isdecimal()]


async def _holds(what: str, holds: Callable[[], bool]) -> None:
    async def asked() -> bool:
        return holds()

    await until(what, asked, DEADLINE_S, every=0.02)


async def _there(pipeline: Pipeline, count: int) -> None:
    async def asked() -> bool:
        return len(set(await _numbers(pipeline))) >= count

    await until(f"{count} lines are there", asked, DEADLINE_S)


async def test_kafka_goes_away_and_the_shipper_is_killed(kafka: Cabled, tmp_path: Path) -> None:
    """Killed while Kafka answers, does not, and answers again, with lines in the spool: each line is there once, in order."""
    rng = random.Random(9)
    async with Cable(kafka) as cable, Pipeline(kafka.broker.bootstrap, tmp_path) as pipeline:
        pipeline.env["FLYWATCH_KAFKA__BOOTSTRAP"] = cable.bootstrap
        shipper = Shipper(pipeline, tmp_path / "app.log")
        shipper.say(1_000)
        shipper.start()
        try:
            await _there(pipeline, 500)
            shipper.kill()
            for _ in range(2):
                shipper.start()
                shipper.say(40)
                await _there(pipeline, shipper.said)
                cable.answers.clear()
                shipper.say(rng.randrange(500, 1_500))
                await _holds("lines are in the spool", lambda: shipper.waits() > 0)
                shipper.say(rng.randrange(500, 1_500))
                shipper.kill()
                cable.answers.set()
            shipper.start()
            await _there(pipeline, shipper.said)
            await _holds("the spool is empty", lambda: not shipper.waits())
            shipper.process.terminate()
            assert await shipper.end() == 0
        finally:
            shipper.kill()
        assert await _numbers(pipeline) == list(range(shipper.said)), shipper.told.read_text()
    assert "Traceback" not in shipper.told.read_text()


async def test_killed_before_it_heard_of_anything(kafka: Cabled, tmp_path: Path) -> None:
    """Without a spool: what has arrived, of which the killed shipper had heard nothing, is left out by the next one."""
    async with Cable(kafka) as cable, Pipeline(kafka.broker.bootstrap, tmp_path) as pipeline:
        pipeline.env["FLYWATCH_KAFKA__BOOTSTRAP"] = cable.bootstrap
        shipper = Shipper(pipeline, tmp_path / "app.log")
        try:
            shipper.say(100)
            shipper.start("--resume")
            assert await shipper.end() == 0
            shipper.say(1_010)
            for _ in range(2):
                shipper.start("--resume")
                await _there(pipeline, 1_100)
                shipper.kill()
            shipper.say(30)
            shipper.start("--resume")
            assert await shipper.end() == 0
        finally:
            shipper.kill()
        assert await _numbers(pipeline) == list(range(1_140)), shipper.told.read_text()


async def test_a_log_that_was_truncated_meanwhile(kafka: Cabled, tmp_path: Path) -> None:
    """A log that is written anew while nobody runs loses nothing of what is in it then, although its lines look alike."""
    async with Pipeline(kafka.broker.bootstrap, tmp_path) as pipeline:
        shipper = Shipper(pipeline, tmp_path / "app.log")
        shipper.say(3_000)
        shipper.start()
        try:
            await _there(pipeline, 3_000)
            shipper.kill()
            shipper.log.write_text("".join(f"{number}\n" for number in (*range(2_500, 3_000), *range(3_000, 4_000))))
            shipper.start()
            await _there(pipeline, 4_000)
            shipper.process.terminate()
            assert await shipper.end() == 0
        finally:
            shipper.kill()
        numbers = await _numbers(pipeline)
    assert numbers[-1_500:] == list(range(2_500, 4_000)), shipper.told.read_text()
    assert numbers[:3_000] == list(range(3_000))
