"""Numbered lines, said to the API always and to NATS while it is up, and shippers that hear them: for the tests of gaps."""

import asyncio
import contextlib
import random
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import nats.errors
import orjson
from nats.aio.client import Client

from shippers.nanoseconds import stamp_of
from tests.pipeline import ROOT, Pipeline, until
from tests.servers.fly_api import FlyApi
from tests.servers.nats import NatsServer

DEADLINE_S = 60.0
APPS = {"shop": ("148e1", "148e2"), "web": ("3d8f1",)}
Row = tuple[str, str]  # stamp, text


async def holds(what: str, condition: Callable[[], bool], seconds: float = DEADLINE_S) -> None:
    """Wait until a condition holds."""

    async def asked() -> bool:
        return condition()

    await until(what, asked, seconds, 0.05)


class Publisher:
    """Says numbered lines, some of them with the stamp and the words of the one before."""

    def __init__(self, api: FlyApi, server: NatsServer, lag_s: float = 0.0) -> None:
        """``lag_s``: so much later the API has a line."""
        self.said: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self.count = 0
        self._api, self._server, self._lag_s = api, server, lag_s
        self._late: deque[tuple[float, tuple[str, str, int, str]]] = deque()
        self._client: Any = None
        self._rng = random.Random(6)
        for app in APPS:
            api.app(app)

    async def say(self, lines: int, per_s: int) -> None:
        """Say so many lines at such a rate."""
        began_s, first = time.monotonic(), self.count
        while self.count < first + lines:
            due = min(lines, int((time.monotonic() - began_s) * per_s) + 1) - (self.count - first)
            for _ in range(due):
                await self._one()
            self._reach_api()
            await asyncio.sleep(0.005)  # not for luck: the rate
        while self._late:
            self._reach_api()
            await asyncio.sleep(0.01)  # not for luck: the lag

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            await self._client.close()

    async def _one(self) -> None:
        app = self._rng.choice(tuple(APPS))
        instance = self._rng.choice(APPS[app])
        said = self.said[app, instance]
        at_ns = time.time_ns()
        row = (stamp_of(at_ns), f"line {self.count}")
        if said and self._rng.random() < 0.02:
            row = said[-1]  # a true repeat: the same words in the same nanosecond
        said.append(row)
        self.count += 1
        self._late.append((time.monotonic() + self._lag_s, (app, instance, _ns(row[0]), row[1])))
        await self._publish(app, instance, row)

    def _reach_api(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            self._api.say(*self._late.popleft()[1])

    async def _publish(self, app: str, instance: str, row: Row) -> None:
        fly = {"app": {"instance": instance, "name": app}, "region": "ams"}
        event = {"event": {"provider": "app"}, "fly": fly, "host": "h", "log": {"level": "info"}}
        message = orjson.dumps(event | {"message": row[1], "timestamp": row[0]})
        with contextlib.suppress(nats.errors.Error, OSError):
            if self._client is None or not self._client.is_connected:
                self._client = await _publishing(self._server)
            await self._client.publish(f"logs.{app}.ams.{instance}", message)


async def _publishing(server: NatsServer) -> Any:
    client: Any = Client()

    async def ignore(_: Exception) -> None:
        """The next line connects again."""

    await client.connect(
        server.url, user="fly", password=server.password, error_cb=ignore, allow_reconnect=False, max_reconnect_attempts=1,
        reconnect_time_wait=0, connect_timeout=2,
    )  # fmt: skip
    return client


def _ns(stamp: str) -> int:
    from shippers.nanoseconds import at_ns  # noqa: PLC0415  # beside stamp_of it would hide which of both the test trusts

    found = at_ns(stamp)
    assert found is not None
    return found


class Shipper:
    """A ``flyship nats`` with a state directory of its own."""

    def __init__(self, env: Mapping[str, str], directory: Path, *arguments: str) -> None:
        """Prepare."""
        directory.mkdir(parents=True, exist_ok=True)
        self.log = directory / "told"
        self._env = {**env, "FLYSHIP_STATE": str(directory / "state")}
        self._arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> "subprocess.Popen[bytes]":
        """Start it."""
        command = [sys.executable, "-m", "shippers", "nats", *self._arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=self._env, cwd=ROOT)
        return self.process

    def runs(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        before = self.listened()
        process = self.launch()
        await holds("it listens", lambda: self.listened() > before or process.poll() is not None)
        assert process.poll() is None, self.told()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def stop(self) -> int:
        """Stop it as Fly does, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, DEADLINE_S)

    def told(self) -> str:
        """Return what it said to people."""
        return self.log.read_text() if self.log.exists() else ""

    def listened(self) -> int:
        """Return how often it said that it listens."""
        return self.told().count("nats: listening to")

    def gaps(self) -> dict[str, int]:
        """Return how many gaps it said were filled or not."""
        found = re.findall(r"nats: the gap of .* (is filled|could not be filled whole)", self.told())
        return {"filled": found.count("is filled"), "unfilled": found.count("could not be filled whole")}


def shipped(records: Iterable[dict[str, Any]]) -> dict[tuple[str, str], list[Row]]:
    """Return the rows of each instance, in the order of its partition; what probes said is left out."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for record in records:
        if record.get("instance") != "nats":
            found[record["app"], record["instance"]] += [(row[0], row[1]) for row in record.get("lines", ())]
    return found


def without_repeats(rows: Iterable[Row], said: Iterable[Row]) -> list[Row]:
    """Drop repeats by identity: as many of each stamp and text stay as were said, the first ones."""
    left: dict[Row, int] = defaultdict(int)
    for row in said:
        left[row] += 1
    kept = []
    for row in rows:
        if left[row] > 0:
            left[row] -= 1
            kept.append(row)
    return kept


async def arrived(
    pipeline: Pipeline, publisher: Publisher, told: Callable[[], str], seconds: float = DEADLINE_S
) -> dict[tuple[str, str], list[Row]]:
    """Wait until every line that was said is in fly.logs; return what is there."""
    found: dict[tuple[str, str], list[Row]] = {}

    async def whole() -> bool:
        nonlocal found
        found = shipped(await pipeline.read("logs"))
        return all(len(without_repeats(found[key], rows)) == len(rows) for key, rows in publisher.said.items())

    try:
        await until("every line is in fly.logs", whole, seconds, 1.0)
    except AssertionError:
        missing = ", ".join(f"{key}: {len(rows)} said, {len(found[key])} there" for key, rows in publisher.said.items())
        raise AssertionError(f"{missing}; {told()}") from None
    return found
