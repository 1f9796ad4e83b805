"""A real pipeline for tests: topics of its own on a real Kafka, workers as processes, and readers of what they wrote."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams import codec

ROOT = Path(__file__).resolve().parents[1]
ROLES = ("logs", "panes", "requests", "events", "security", "windows", "alerts", "dead")
POLL_SECONDS = 0.25


async def until(what: str, holds: Callable[[], Awaitable[Any]], seconds: float, every: float = POLL_SECONDS) -> Any:
    """Wait until a condition holds and return its value; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        if value := await holds():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"within {seconds:.0f} s it did not hold that {what}")
        await asyncio.sleep(every)


class Pipeline:
    """One pipeline on a broker: its own topics, its workers and shippers."""

    def __init__(self, bootstrap: str, directory: Path, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        """Prepare; ``settings`` are FLYWATCH_ variables without the prefix."""
        name = uuid.uuid4().hex[:8]
        self.bootstrap, self.directory, self.partitions = bootstrap, directory, 4
        self.topics = {role: f"t-{name}.{role}" for role in ROLES}
        self.env = os.environ | {
            "FLYWATCH_KAFKA__BOOTSTRAP": bootstrap,
            "FLYWATCH_TOPICS__PARTITIONS": str(self.partitions),
            "FLYWATCH_WORKER__DATA_DIR": str(directory / "faust"),
        }
        self.env |= {f"FLYWATCH_TOPICS__{role.upper()}": topic for role, topic in self.topics.items()}
        self.env |= {f"FLYWATCH_{key}": value for key, value in settings.items()}
        self.workers: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Self:
        """Create the topics."""
        done = await asyncio.to_thread(self.run, "streams", "topics")
        assert done.returncode == 0, done.stderr.decode()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop every worker."""
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                worker.send_signal(signal.SIGCONT)
                worker.terminate()  # a supervisor takes its child along
        deadline = time.monotonic() + 15
        for worker in self.workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(max(0.1, deadline - time.monotonic()))
            worker.kill()
            worker.wait(10)

    def run(self, *words: str) -> "subprocess.CompletedProcess[bytes]":
        """Run ``python -m WORDS`` in this pipeline's environment to its end."""
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=ROOT, env=self.env, capture_output=True, timeout=240, check=False
        )

    def start_worker(self, *, supervised: bool = False) -> "subprocess.Popen[bytes]":
        """Start one worker; its log goes to a file of its own."""
        log = (self.directory / f"worker-{len(self.workers)}.log").open("wb")
        command = [sys.executable, "-m", "streams", "worker", *(() if supervised else ("--once",))]
        with log:
            worker = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def logs(self) -> str:
        """Return what the workers said, for a failing test's message."""
        return "\n".join(f"{path.name}: {path.read_text()[-2000:]}" for path in sorted(self.directory.glob("worker-*.log")))

    async def read(self, role: str) -> list[dict[str, Any]]:
        """Return every document that is on a topic now, in the order of each partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            tps = [TopicPartition(self.topics[role], number) for number in range(self.partitions)]
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            found: list[dict[str, Any]] = []
            for tp in tps:
                while await consumer.position(tp) < ends[tp]:
                    batch = await consumer.getmany(tp, timeout_ms=2000, max_records=5000)
                    found += [json.loads(record.value) for records in batch.values() for record in records]
            return found
        finally:
            await consumer.stop()

    async def ends(self, role: str) -> dict[int, int]:
        """Return the end offset of each partition of a topic."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
        await consumer.start()
        try:
            tps = [TopicPartition(self.topics[role], number) for number in range(self.partitions)]
            return {tp.partition: end for tp, end in (await consumer.end_offsets(tps)).items()}
        finally:
            await consumer.stop()

    async def windows(self) -> dict[str, dict[str, Any]]:
        """Return the newest revision of each window by id."""
        newest: dict[str, dict[str, Any]] = {}
        for window in await self.read("windows"):
            if window["revision"] >= newest.get(window["id"], window)["revision"]:
                newest[window["id"]] = window
        return newest

    async def alerts(self) -> list[dict[str, Any]]:
        """Return transitions, repeats dropped by id, in order of time."""
        unique = {alert["transition_id"]: alert for alert in await self.read("alerts")}
        return sorted(unique.values(), key=lambda alert: (alert["at"], alert["transition_id"]))

    async def ship(self, records: Iterable[tuple[str, bytes]], pause: Callable[[int], Awaitable[None]] | None = None) -> None:
        """Write (key, value) records to fly.logs; ``pause`` is awaited with the number written so far."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", enable_idempotence=True)
        await producer.start()
        try:
            for number, (key, value) in enumerate(records):
                await producer.send(self.topics["logs"], value, key=key.encode())
                if pause is not None:
                    await pause(number)
            await producer.flush()
        finally:
            await producer.stop()


def ndjson(app: str, instance: str, stamp: str, message: str) -> bytes:
    """Return a line in the envelope of Fly's NATS stream."""
    fly = {"app": {"instance": instance, "name": app}, "region": "iad"}
    return codec.json_line({"fly": fly, "message": message, "timestamp": stamp})[:-1]


def counted(windows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Return requests by app over windows."""
    totals: dict[str, int] = defaultdict(int)
    for window in windows:
        totals[window["app"]] += window["requests"]
    return dict(totals)
