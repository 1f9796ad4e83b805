"""Kafka goes away under load, and the shipper is killed: every source that can resume, in one process, loses nothing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from config.kafka.broker import Broker
from shippers.nanoseconds import stamp_of
from tests.fly_stream import DEADLINE_S, Publisher, arrived, holds
from tests.pipeline import ROOT, Pipeline
from tests.servers.fly_org import FlyOrg

AWAY_S = float(os.environ.get("OUTAGE_TEST_S", "8"))
PER_S = 250

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]  # an outage of a minute takes long


class Said(Publisher):
    """Says lines to the stream, to the API alone, and into a file."""

    def __init__(self, org: FlyOrg, log: Path) -> None:
        """Prepare."""
        super().__init__(org.api, org.server)
        self._org, self._log = org, log
        org.api.app("past")
        log.touch()

    async def go_on(self, until: asyncio.Event) -> None:
        """Say lines until told otherwise."""
        while not until.is_set():
            await self.say(PER_S // 5, PER_S)
            at_ns = time.time_ns()
            for number in range(10):
                row = (stamp_of(at_ns + number), f"line {len(self.said['past', '1'])}")
                self.said["past", "1"].append(row)
                self._org.api.say("past", "1", at_ns + number, row[1])
            with self._log.open("a") as file:
                for _ in range(10):
                    row = (stamp_of(at_ns), f"line {len(self.said['filed', 'f1'])}")
                    self.said["filed", "f1"].append(row)
                    line = {"level": "info", "instance": "f1", "message": row[1], "region": "ams", "timestamp": row[0]}
                    file.write(json.dumps(line) + "\n")

    async def more(self, lines: int) -> None:
        """Wait until so many more lines are said to the stream."""
        at = self.count + lines
        await holds("lines are said", lambda: self.count >= at)


class Run:
    """A ``flyship run``."""

    def __init__(self, env: dict[str, str], directory: Path) -> None:
        """Nothing runs yet."""
        self.state, self._log = directory / "state", directory / "told"
        self._env = env | {"FLYSHIP_STATE": str(self.state)}
        self.process: Any = None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "shippers", "run"], stderr=log, cwd=ROOT, env=self._env)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def told(self) -> str:
        """Return what it said to people."""
        return self._log.read_text()

    def waits(self) -> int:
        """Return how many bytes wait on disk."""
        return sum(path.stat().st_size for path in (self.state / "spool").glob("*.spool"))


async def test_all_that_can_resume(own_broker: Broker, tmp_path: Path, org: FlyOrg) -> None:
    """Stream, API and files under load, Kafka away, then the shipper killed, then both back: every line once, in order."""
    log = tmp_path / "app.log"
    api = f'[api]\nbase = "{org.api.base}"\napps = ["past"]\npoll = "1s"\nlate = "1s"\n'
    org.configure(f'subjects = ["logs.shop.>", "logs.web.>"]\n{api}[files]\npaths = ["{log}"]\napp = "filed"\n')
    async with Pipeline(own_broker.bootstrap, tmp_path) as pipeline:
        said, run, enough = Said(org, log), Run(org.env | pipeline.env, tmp_path), asyncio.Event()
        run.start()
        await holds("it listens", lambda: "nats: listening" in run.told())
        saying = asyncio.create_task(said.go_on(enough))
        try:
            await said.more(PER_S)
            await asyncio.to_thread(own_broker.kill)
            began_s = time.monotonic()
            await holds("it is away for so long", lambda: time.monotonic() - began_s >= AWAY_S, AWAY_S + DEADLINE_S)
            assert run.waits() > 0, run.told()
            run.kill()
            await said.more(PER_S)
            await asyncio.to_thread(own_broker.start)
            run.start()
            await said.more(2 * PER_S)
            enough.set()
            await saying
            found = await arrived(pipeline, said, run.told, 2 * DEADLINE_S)
            await holds("the spool is empty", lambda: not run.waits())
            run.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(run.process.wait, DEADLINE_S) == 0, run.told()
        finally:
            saying.cancel()
            run.kill()
            await said.close()
    assert set(said.said) == {("shop", "148e1"), ("shop", "148e2"), ("web", "3d8f1"), ("past", "1"), ("filed", "f1")}
    for key, rows in said.said.items():
        assert found[key] == rows, (key, run.told())
