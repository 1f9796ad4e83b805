"""How soon a breach is told, live on a real Kafka."""

import asyncio
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.codec import encode_batch
from streams.core import stamps
from tests.pipeline import Pipeline, until
from tests.test_exact import owns_partitions

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]
APPS = 40
BREACH_SECONDS = 25.0  # each app begins to fail at a random moment of so long
LONGEST_SECONDS = 20.0
RULES = """
[[rule]]
name = "failing"
severity = "critical"
metric = "error_ratio"
window = "10s"
above = 0.05
"""


async def say(pipeline: Pipeline, began_at: dict[str, float], arrived_ms: dict[str, int], stop: asyncio.Event) -> None:
    """Write four records a second of each app, failing from its moment on; note when the first failing line arrived."""
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, acks="all")
    await producer.start()
    try:
        while not stop.is_set():
            for app, moment in began_at.items():
                failing = time.monotonic() >= moment
                stamp = stamps.text(time.time_ns() // 1_000_000)
                rows = [[stamp, f"GET /orders {500 if failing else 200} 12 - 3.100 ms"] for _ in range(5)]
                value = encode_batch(app, "i", "iad", "app", "info", rows)
                sent = await producer.send(pipeline.topics["logs"], value, key=f"{app}/i".encode())
                if failing and app not in arrived_ms:
                    arrived_ms[app] = (await sent).timestamp
            await asyncio.wait([asyncio.create_task(stop.wait())], timeout=0.25)
    finally:
        await producer.stop()


async def told_ms(pipeline: Pipeline) -> dict[str, int]:
    """Return when the first alert of each app was written."""
    consumer = AIOKafkaConsumer(bootstrap_servers=pipeline.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(pipeline.topics["alerts"], number) for number in range(pipeline.partitions)])
        found: dict[str, int] = {}
        batches = await consumer.getmany(timeout_ms=1500, max_records=5000)
        for record in sorted((r for batch in batches.values() for r in batch), key=lambda r: int(r.timestamp)):
            found.setdefault((record.value or b"").split(b'"app":"', 1)[1].split(b'"', 1)[0].decode(), record.timestamp)
        return found
    finally:
        await consumer.stop()


async def test_a_breach_is_told_within_20_seconds(
    kafka_bootstrap: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """From the arrival of an app's first failing line to its alert on the topic it takes less than 20 s, for 40 apps."""
    (tmp_path / "flywatch.toml").write_text('unlisted = "full"\n')
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "security.toml").touch()
    async with Pipeline(kafka_bootstrap, tmp_path, {"CONFIG": str(tmp_path)}) as pipeline:
        await owns_partitions(pipeline, pipeline.start_worker())
        rng, now = random.Random(5), time.monotonic()
        began_at = {f"app-{number}": now + 12 + rng.uniform(0, BREACH_SECONDS) for number in range(APPS)}
        arrived_ms: dict[str, int] = {}
        stop = asyncio.Event()
        saying = asyncio.create_task(say(pipeline, began_at, arrived_ms, stop))

        async def all_told() -> dict[str, int]:
            found = await told_ms(pipeline)
            return found if len(found) == APPS else {}

        try:
            alerts_ms = await until("every app's alert is on the topic", all_told, 12 + BREACH_SECONDS + 60)
        finally:
            stop.set()
            await saying
        seconds = sorted((alerts_ms[app] - arrived_ms[app]) / 1000 for app in began_at)
        record_property("seconds_p50", seconds[APPS // 2])
        record_property("seconds_longest", seconds[-1])
        sys.stdout.write(f"breach to alert: median {seconds[APPS // 2]:.1f} s, longest of {APPS} {seconds[-1]:.1f} s\n")
        assert seconds[0] > 0
        assert seconds[-1] < LONGEST_SECONDS
