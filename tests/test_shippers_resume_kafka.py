"""``flyship files --follow`` as a process on a real Kafka: stopped, killed and started again while a log grows and rotates."""

import asyncio
import itertools
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipeline import Pipeline, until

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[1]
DEADLINE_S = 60.0
RESTARTS = 2
EVERY_S = 0.005  # between two lines
KEPT = 200  # rotated logs: more than are made while a shipper starts, on however slow a machine
WINDOW_S = 5.0  # marks are made four times a second; the rest is for a machine that others use, too


class Writer:
    """Writes numbered lines, and rotates its log now and then, until it is told to stop.

    It rotates once a shipper was seen at work: what has another name by its first start is not its log.
    """

    def __init__(self, log: Path) -> None:
        """Begin when ``run`` is called."""
        self.count = 0
        self.stopping = self.rotates = False
        self._log = log

    async def wait_and_write(self) -> None:
        """Write a line every few milliseconds; the times are in it."""
        while not self.stopping:
            self._line()
            if self.rotates and self.count % 300 == 0:
                self._rotate()
            await asyncio.sleep(EVERY_S)

    def _line(self) -> None:
        with self._log.open("a") as file:
            file.write(f"{self.count} {time.time()}\n")
        self.count += 1

    def _rotate(self) -> None:
        for number in range(KEPT - 1, 0, -1):
            older = self._log.with_name(f"{self._log.name}.{number}")
            if older.exists():
                older.rename(self._log.with_name(f"{self._log.name}.{number + 1}"))
        self._log.rename(self._log.with_name(f"{self._log.name}.1"))


def _started(pipeline: Pipeline, log: Path, told: Path) -> "subprocess.Popen[bytes]":
    words = ["files", "--follow", "--from-start", "--state", str(log.parent / "state"), str(log)]
    with told.open("ab") as errors:
        return subprocess.Popen([sys.executable, "-m", "shippers", *words], cwd=ROOT, env=pipeline.env, stderr=errors)


async def _texts(pipeline: Pipeline) -> list[str]:
    return [row[1] for record in await pipeline.read("logs") for row in record.get("lines", ())]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_log_that_grows_through_restarts(kafka_bootstrap: str, tmp_path: Path, how: signal.Signals) -> None:
    """Stopped, every line is there once; killed, none is lost, and what was not noted yet comes again, in order."""
    rng, log, told = random.Random(how), tmp_path / "app.log", tmp_path / "told"
    writer = Writer(log)
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        writing = asyncio.create_task(writer.wait_and_write())
        shipped = 0
        for _ in range(RESTARTS):
            process = _started(pipeline, log, told)
            began = shipped

            async def grown(began: int = began) -> bool:
                nonlocal shipped
                shipped = sum((await pipeline.ends("logs")).values())
                return shipped > began + rng.randrange(2, 8)

            try:
                await until("records come", grown, DEADLINE_S)
                writer.rotates = True
            finally:
                process.send_signal(how)
                await asyncio.to_thread(process.wait, DEADLINE_S)
        writer.stopping = True
        await writing
        process = _started(pipeline, log, told)

        async def whole() -> bool:
            return {int(text.split()[0]) for text in await _texts(pipeline)} == set(range(writer.count))

        try:
            await until("every line is there", whole, DEADLINE_S)
        finally:
            process.terminate()
            assert await asyncio.to_thread(process.wait, DEADLINE_S) == 0
        _check([int(text.split()[0]) for text in await _texts(pipeline)], writer.count, how)
    assert "Traceback" not in told.read_text()


def _check(numbers: list[int], count: int, how: signal.Signals) -> None:
    repeats = len(numbers) - count
    if how is signal.SIGTERM:
        assert numbers == list(range(count))
    assert repeats <= RESTARTS * WINDOW_S / EVERY_S
    backwards = [later for earlier, later in itertools.pairwise(numbers) if later <= earlier]
    assert len(backwards) <= RESTARTS, "it went back oftener than it was killed"
    assert list(dict.fromkeys(numbers)) == list(range(count))
