"""``flyship files --follow`` as a process on a real Kafka: stopped, killed and started again while a log grows and rotates."""

import asyncio
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
RESTARTS = {signal.SIGTERM: 2, signal.SIGKILL: 5}
EVERY_S = 0.005  # between two lines
KEPT = 200  # rotated logs: more than are made while a shipper starts, on however slow a machine


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
    words = ["files", "--follow", "--from-start", "--batch-lines", "5", "--state", str(log.parent / "state"), str(log)]
    with told.open("ab") as errors:
        return subprocess.Popen([sys.executable, "-m", "shippers", *words], cwd=ROOT, env=pipeline.env, stderr=errors)


async def _texts(pipeline: Pipeline) -> list[str]:
    return [row[1] for record in await pipeline.read("logs") for row in record.get("lines", ())]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_log_that_grows_through_restarts(kafka_bootstrap: str, tmp_path: Path, how: signal.Signals) -> None:
    """Stopped or killed at random moments, every line is there once and in order."""
    rng, log, told = random.Random(how), tmp_path / "app.log", tmp_path / "told"
    writer = Writer(log)
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        writing = asyncio.create_task(writer.wait_and_write())
        shipped = 0
        for _ in range(RESTARTS[how]):
            process = _started(pipeline, log, told)
            began = shipped

            async def grown(began: int = began) -> bool:
                nonlocal shipped
                shipped = sum((await pipeline.ends("logs")).values())
                noted = any((tmp_path / "state").glob("files-*.json"))  # before the very first mark a rotated file is unknown
                return noted and shipped > began + rng.randrange(2, 8)

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
        assert [int(text.split()[0]) for text in await _texts(pipeline)] == list(range(writer.count)), told.read_text()
    assert ("lines had arrived before the kill" in told.read_text()) == (how is signal.SIGKILL)
    assert "Traceback" not in told.read_text()
