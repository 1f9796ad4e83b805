"""``flyship nats`` with a real NATS server and a real Kafka: servers and shippers are killed, and no line is missing."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.fly_stream import DEADLINE_S, Publisher, Shipper, arrived, holds
from tests.pipeline import Pipeline
from tests.servers.fly_org import FlyOrg
from tests.servers.nats import NatsServer

LINES, PER_S = 5_000, 500  # NATS_TEST_LINES says more

pytestmark = pytest.mark.kafka


async def _killed_once(server: NatsServer, shipper: Shipper, publisher: Publisher, at: int, away: int) -> None:
    """Kill the server when so many lines are said, and start it again some lines later."""
    listened = shipper.listened()
    await holds("so many lines are said", lambda: publisher.count >= at, 10 * DEADLINE_S)
    await asyncio.to_thread(server.kill)
    await holds("it was away", lambda: publisher.count >= at + away)
    await asyncio.to_thread(server.start)
    await holds("it listens again", lambda: shipper.listened() > listened)


@pytest.mark.timeout(900)  # with many lines it takes long
async def test_a_server_that_is_killed_again_and_again(kafka_bootstrap: str, tmp_path: Path, org: FlyOrg) -> None:
    """The server is killed five times while lines are said: each is in Kafka once, in order; five gaps are told as filled."""
    rng = random.Random(6)
    lines = int(os.environ.get("NATS_TEST_LINES", LINES))
    publisher = Publisher(org.api, org.server, lag_s=0.7)
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        shipper = Shipper(org.env | pipeline.env, tmp_path / "one")
        await shipper.start()
        saying = asyncio.create_task(publisher.say(lines, PER_S))
        try:
            for number in range(5):
                at = int(lines * (number + rng.uniform(0.1, 0.5)) / 5)
                await _killed_once(org.server, shipper, publisher, at, rng.randrange(50, PER_S // 2))
            await saying
            await holds("five gaps are told", lambda: sum(shipper.gaps().values()) == 5)
            found = await arrived(pipeline, publisher, shipper.told)
            assert await shipper.stop() == 0, shipper.told()
        finally:
            saying.cancel()
            shipper.kill()
            await publisher.close()
    assert found == publisher.said, "a line came twice, or out of order"
    assert shipper.gaps() == {"filled": 5, "unfilled": 0}, shipper.told()


async def test_a_shipper_that_is_killed(kafka_bootstrap: str, tmp_path: Path, org: FlyOrg) -> None:
    """Stopped or killed while lines are said, a shipper loses and repeats none."""
    publisher = Publisher(org.api, org.server)
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        shipper = Shipper(org.env | pipeline.env, tmp_path / "one")
        await shipper.start()
        try:
            await publisher.say(1_000, PER_S)
            assert await shipper.stop() == 0, shipper.told()
            await publisher.say(500, PER_S)
            await shipper.start()
            await publisher.say(1_000, PER_S)
            assert await arrived(pipeline, publisher, shipper.told) == publisher.said
            for _ in range(3):
                shipper.kill()
                await publisher.say(500, PER_S)
                await shipper.start()
                await publisher.say(500, PER_S)
            found = await arrived(pipeline, publisher, shipper.told)
        finally:
            shipper.kill()
            await publisher.close()
    assert found == publisher.said, shipper.told()
    assert "lines had arrived before the kill, and are not sent again" in shipper.told()
