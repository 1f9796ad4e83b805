"""``flyship nats --queue``: whatever happens to its members, to NATS and to Kafka, every line is there once, in order."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from config.kafka.broker import Broker
from tests.fly_stream import Publisher, Shipper, arrived
from tests.pipeline import Pipeline
from tests.servers.fly_org import FlyOrg

LASTS_S = float(os.environ.get("CHAOS_TEST_S", "30"))
SEED = int(os.environ.get("CHAOS_TEST_SEED", "1"))
PER_S = 400

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(LASTS_S + 400)]


class Chaos:
    """Three members of a group, and what may happen to them and theirs."""

    def __init__(self, org: FlyOrg, broker: Broker, env: dict[str, str], directory: Path) -> None:
        """Nobody runs yet."""
        self.rng = random.Random(SEED)
        self.log: list[str] = []
        self._org, self._broker = org, broker
        self.members = [Shipper(env, directory / f"{number}", "--queue", "q") for number in range(3)]
        self._happens: tuple[Callable[[Shipper], Awaitable[None]], ...] = (
            self._stop, self._kill, self._pause, self._stream_away, self._kafka_away, self._start, self._start,
        )  # fmt: skip

    async def next(self) -> None:
        """Let something happen to one of them."""
        await asyncio.sleep(self.rng.uniform(1, 8))  # not for luck: the distance of things that happen
        happens, number = self.rng.choice(self._happens), self.rng.randrange(3)
        self.log.append(f"{time.strftime('%H:%M:%S')} {happens.__name__} {number}")
        await happens(self.members[number])

    async def end(self) -> None:
        """Let all run."""
        for member in self.members:
            await self._start(member)

    def told(self) -> str:
        """Return what happened, and what the members said of it."""
        return "\n".join([*self.log, *(member.told() for member in self.members)])

    async def _start(self, member: Shipper) -> None:
        if not member.runs():
            member.launch()

    async def _stop(self, member: Shipper) -> None:
        if member.runs():
            await member.stop()

    async def _kill(self, member: Shipper) -> None:
        member.kill()

    async def _pause(self, member: Shipper) -> None:
        if member.runs():
            member.send(signal.SIGSTOP)
            await asyncio.sleep(self.rng.choice((1, 15)))  # not for luck: less than a session, and more
            member.send(signal.SIGCONT)

    async def _stream_away(self, _: Shipper) -> None:
        await asyncio.to_thread(self._org.server.kill)
        await asyncio.sleep(self.rng.uniform(0, 4))  # not for luck: so long it is away
        await asyncio.to_thread(self._org.server.start)

    async def _kafka_away(self, _: Shipper) -> None:
        await asyncio.to_thread(self._broker.kill)
        await asyncio.sleep(self.rng.uniform(0, 12))  # not for luck: so long it is away
        await asyncio.to_thread(self._broker.start)


async def test_whatever_happens(own_broker: Broker, tmp_path: Path, org: FlyOrg) -> None:
    """Members stopped, killed, paused, started, NATS and Kafka killed, while lines are said: each is there once, in order."""
    publisher, enough = Publisher(org.api, org.server, lag_s=0.3), asyncio.Event()

    async def say() -> None:
        while not enough.is_set():
            await publisher.say(100, PER_S)

    async with Pipeline(own_broker.bootstrap, tmp_path) as pipeline:
        chaos = Chaos(org, own_broker, org.env | pipeline.env, tmp_path)
        await asyncio.gather(*(member.start() for member in chaos.members[:2]))
        saying = asyncio.create_task(say())
        try:
            ends_s = time.monotonic() + LASTS_S
            while time.monotonic() < ends_s:
                await chaos.next()
            await chaos.end()
            enough.set()
            await saying
            found = await arrived(pipeline, publisher, chaos.told, 150)
        finally:
            saying.cancel()
            for member in chaos.members:
                member.kill()
            await publisher.close()
    assert found == publisher.said, chaos.told()
