"""A bug in what reads Fly's stream: of two that share it the other one goes on, one by itself begins where it was."""

from pathlib import Path

import pytest

from tests.fly_stream import Publisher, Shipper, arrived, holds
from tests.pipeline import ROOT, Pipeline
from tests.servers.fly_org import FlyOrg
from tests.test_shippers_nats_group import PER_S, Two

pytestmark = pytest.mark.kafka

BUG = """
from shippers.sources.nats import NatsStream
digest, calls = NatsStream._digest, []
def broken(self, *most):
    calls.append(1)
    if len(calls) == 150: raise KeyError("a-secret")
    return digest(self, *most)
NatsStream._digest = broken
"""


async def test_a_bug_in_one_of_a_group(kafka_bootstrap: str, tmp_path: Path, org: FlyOrg) -> None:
    """It leaves the group at once, so that others have its part, and joins again: each line is there once, in order."""
    (tmp_path / "bug").mkdir()
    (tmp_path / "bug" / "sitecustomize.py").write_text(BUG)
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        two = Two(org, pipeline, tmp_path)
        env = org.env | pipeline.env | {"PYTHONPATH": f"{tmp_path / 'bug'}:{ROOT}"}
        two.both[0] = broken = Shipper(env, tmp_path / "one", "--queue", "two")
        await two.start()
        try:
            await two.publisher.say(2_000, PER_S)
            await holds("it had its bug, and is back", lambda: broken.listened() >= 2)
            await two.publisher.say(300, PER_S)
            found = await arrived(pipeline, two.publisher, two.told)
            assert await broken.stop() == 0
        finally:
            await two.close()
    assert found == two.publisher.said, two.told()
    assert broken.told().count("a fault of ours, KeyError in sitecustomize.py:6: the source leaves its group") == 1
    assert "a-secret" not in broken.told()
    assert "Traceback" not in broken.told()


async def test_a_bug_in_one_by_itself(kafka_bootstrap: str, tmp_path: Path, org: FlyOrg) -> None:
    """It begins anew in the same process, and fills the gap behind what it had noted: each line is there once, in order."""
    (tmp_path / "bug").mkdir()
    (tmp_path / "bug" / "sitecustomize.py").write_text(BUG)
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        alone = Shipper(org.env | pipeline.env | {"PYTHONPATH": f"{tmp_path / 'bug'}:{ROOT}"}, tmp_path / "one")
        publisher = Publisher(org.api, org.server)
        await alone.start()
        try:
            await publisher.say(2_000, PER_S)
            await holds("it had its bug, and is back", lambda: alone.listened() >= 2)
            await publisher.say(300, PER_S)
            found = await arrived(pipeline, publisher, alone.told)
            assert await alone.stop() == 0, alone.told()
        finally:
            alone.kill()
            await publisher.close()
    assert found == publisher.said, alone.told()
    assert alone.told().count("a fault of ours, KeyError in sitecustomize.py:6: the source is tried again") == 1
