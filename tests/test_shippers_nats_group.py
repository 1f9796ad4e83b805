"""``flyship nats --queue`` with a real NATS server and Kafka: whoever of a group comes or goes, each line is there once."""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from config.kafka.broker import Broker, local_broker
from tests.fly_stream import DEADLINE_S, Publisher, Shipper, arrived, holds
from tests.pipeline import ROOT, Pipeline
from tests.servers.fly_org import FlyOrg

LINES, PER_S = 6_000, 500  # NATS_TEST_LINES says more

pytestmark = pytest.mark.kafka


class Two:
    """Two shippers of a group, and who says lines to them."""

    def __init__(self, org: FlyOrg, pipeline: Pipeline, directory: Path) -> None:
        """Prepare."""
        env = org.env | pipeline.env
        self.both = [Shipper(env, directory / name, "--queue", "two") for name in ("one", "two")]
        self.publisher = Publisher(org.api, org.server, lag_s=0.3)

    async def start(self) -> None:
        """Start both; each has a part of the partitions."""
        await asyncio.gather(*(shipper.start() for shipper in self.both))
        await holds("both have a part", lambda: all(_ours(shipper) == 2 for shipper in self.both))

    async def said(self, lines: int) -> None:
        """Wait until so many lines are said."""
        await holds("so many lines are said", lambda: self.publisher.count >= lines, 10 * DEADLINE_S)

    async def close(self) -> None:
        """Kill both."""
        for shipper in self.both:
            shipper.kill()
        await self.publisher.close()

    def told(self) -> str:
        """Return what both said."""
        return "\n".join(shipper.told() for shipper in self.both)


def _ours(shipper: Shipper) -> int:
    """Return how many partitions a shipper said last that it has."""
    said = [line for line in shipper.told().splitlines() if "ours are" in line]
    return len(said[-1].partition("ours are ")[2].split(",")) if said else 0


@pytest.mark.timeout(900)  # with many lines it takes long
async def test_a_group_of_two_is_restarted(kafka_bootstrap: str, tmp_path: Path, org: FlyOrg) -> None:
    """Each in turn is stopped and started, and then killed and started: no line is lost, repeated or out of order."""
    rng = random.Random(6)
    lines = int(os.environ.get("NATS_TEST_LINES", LINES))
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        two = Two(org, pipeline, tmp_path)
        await two.start()
        saying = asyncio.create_task(two.publisher.say(lines, PER_S))
        try:
            for number, end in enumerate(("stop", "stop", "kill", "kill")):
                await two.said(int(lines * (number + rng.uniform(0.1, 0.4)) / 4))
                shipper = two.both[number % 2]
                if end == "stop":
                    assert await shipper.stop() == 0, shipper.told()
                else:
                    shipper.kill()
                await shipper.start()
            await saying
            found = await arrived(pipeline, two.publisher, two.told)
            for shipper in two.both:
                assert await shipper.stop() == 0, shipper.told()
        finally:
            saying.cancel()
            await two.close()
    assert found == two.publisher.said, two.told()
    assert "may be missing" not in two.told()


async def test_one_that_stood_still_for_long(kafka_bootstrap: str, tmp_path: Path, org: FlyOrg) -> None:
    """One that stands still is taken for dead: the other one goes on, and nothing comes twice when it wakes."""
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        two = Two(org, pipeline, tmp_path)
        await two.start()
        try:
            await two.publisher.say(300, PER_S)
            saying = asyncio.create_task(two.publisher.say(300, PER_S))
            await two.said(400)
            two.both[0].send(signal.SIGSTOP)
            await saying
            await holds("the other one has all", lambda: _ours(two.both[1]) == 4)
            await two.publisher.say(300, PER_S)
            two.both[0].send(signal.SIGCONT)
            await two.publisher.say(300, PER_S)
            await holds("both have a part again", lambda: all(_ours(shipper) == 2 for shipper in two.both))
            await two.publisher.say(300, PER_S)
            found = await arrived(pipeline, two.publisher, two.told)
        finally:
            await two.close()
    assert found == two.publisher.said, two.told()


async def test_a_broker_that_is_killed_under_a_group(own_broker: Broker, tmp_path: Path, org: FlyOrg) -> None:
    """While Kafka is away lines wait, or are fetched when it is back: each is there once, in order."""
    async with Pipeline(own_broker.bootstrap, tmp_path) as pipeline:
        two = Two(org, pipeline, tmp_path)
        await two.start()
        saying = asyncio.create_task(two.publisher.say(4_000, PER_S))
        try:
            for at, away in ((500, 700), (2_000, 1_500)):
                await two.said(at)
                await asyncio.to_thread(own_broker.kill)
                await two.said(at + away)
                await asyncio.to_thread(own_broker.start)
            await saying
            found = await arrived(pipeline, two.publisher, two.told, 2 * DEADLINE_S)
        finally:
            saying.cancel()
            await two.close()
    assert found == two.publisher.said, two.told()


async def test_a_group_that_one_may_not_join(jars: None, tmp_path: Path, org: FlyOrg) -> None:  # noqa: ARG001  # skips without
    """Who may not read the group ends with 1, and a line that says what to allow; doctor tells it before."""
    authorizer = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
    more = f"authorizer.class.name={authorizer}\nallow.everyone.if.no.acl.found=true\n"
    with local_broker(more=more) as broker:
        async with Pipeline(broker.bootstrap, tmp_path) as pipeline:
            await _for_somebody_else(broker.bootstrap, "flyship.two")
            command = [sys.executable, "-m", "shippers", "nats", "--queue", "two"]
            done = await asyncio.to_thread(
                subprocess.run,
                command,
                cwd=ROOT,
                env=org.env | pipeline.env,
                capture_output=True,
                timeout=DEADLINE_S,
                check=False,
            )
    told = done.stderr.decode()
    assert done.returncode == 1, told
    assert "Kafka does not let us into the group flyship.two: allow READ on it and on the topic" in told
    assert "Traceback" not in told


async def _flyship(env: dict[str, str], *words: str) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "shippers", *words]
    return await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=env, capture_output=True, timeout=DEADLINE_S, check=False
    )


async def _for_somebody_else(bootstrap: str, group: str) -> None:
    """Let one user alone read a group: the authorizer then keeps all others out of it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        kind, literal, read, allow = 3, 3, 3, 3  # of resource, of pattern, operation, permission: as the protocol numbers them
        request = CreateAclsRequest(kind, group, literal, "User:somebody", "*", read, allow)
        answer = await admin._send_request(request)  # noqa: SLF001  # it has no call for it
        assert answer.creation_responses[0][0] == 0, answer
    finally:
        await admin.close()


async def test_beside_other_sources(kafka_bootstrap: str, tmp_path: Path, org: FlyOrg) -> None:
    """In ``flyship run`` the stream of a group goes on beside sources that are not shared, and both are counted."""
    org.configure('queue = "two"\n[receive]\nlisten = "127.0.0.1:0"\n')
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        publisher = Publisher(org.api, org.server)
        log, state = tmp_path / "told", tmp_path / "state"
        with log.open("wb") as stderr:
            process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
                [sys.executable, "-m", "shippers", "run"],
                stderr=stderr, cwd=ROOT, env=org.env | pipeline.env | {"FLYSHIP_STATE": str(state)},
            )  # fmt: skip
        try:
            await holds("both listen", lambda: log.read_text().count("listening") == 2)
            address = re.findall(r"receive: listening on (\S+)", log.read_text())[0]
            fly = b'{"app":{"name":"other","instance":"1"},"region":"ams"}'
            body = b'{"message":"by HTTP","fly":%b,"timestamp":"2026-01-01T00:00:00Z"}' % fly
            answer = await asyncio.to_thread(urllib.request.urlopen, f"http://{address}/", body, DEADLINE_S)
            assert answer.status == 200
            await publisher.say(300, PER_S)
            found = await arrived(pipeline, publisher, log.read_text)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, DEADLINE_S) == 0, log.read_text()
        finally:
            process.kill()
            await publisher.close()
    assert found == publisher.said | {("other", "1"): [("2026-01-01T00:00:00Z", "by HTTP")]}
    assert "shipped 301 lines" in log.read_text()
