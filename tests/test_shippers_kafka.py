"""Shipping to a real Kafka: keys, order, times, a broker that goes away, signals."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.produce import ProduceRequest

from shippers import client
from shippers.batching import Batch
from shippers.client import DeliveryError
from shippers.producer import Producer
from shippers.records import Record, records
from shippers.settings import Settings
from streams.codec import decode_at

pytestmark = pytest.mark.kafka

DEADLINE_S = 90.0
PARTITIONS = 4
FLYSHIP = [sys.executable, "-m", "shippers"]
REPOSITORY = Path(__file__).parents[1]


async def _topic(bootstrap: str, **config: str) -> str:
    topic = f"test.ship.{uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=config)])
    finally:
        await admin.close()
    return topic


async def _read(bootstrap: str, topic: str) -> list[Any]:
    """Read a topic from its beginning to its present end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        found: list[Any] = []
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                found += (await consumer.getmany(partition, timeout_ms=1_000)).get(partition, [])
        return found
    finally:
        await consumer.stop()


def _texts(messages: list[Any], key: bytes) -> list[str]:
    values = (orjson.loads(message.value) for message in messages if message.key == key)
    return [row[1] for value in values for row in value["lines"]]


async def _until(holds: Callable[[], bool], told: str) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline_s, told
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _producing(bootstrap: str, topic: str, **more: Any) -> AsyncIterator[Producer]:
    producer = Producer(Settings(bootstrap=bootstrap, topic=topic, **more))
    await producer.start()
    try:
        yield producer
    finally:
        await producer.close()


def _record(number: int, size: int = 0) -> Record:
    rows: list[list[str | None]] = [[None, f"{number}{' ' * size}"]]
    (record,) = records(Batch("a", f"i{number % 8}", "", "app", "", rows, None))
    return record


def _numbers_once_in_order(messages: list[Any], count: int) -> None:
    """Hold what arrived against the numbers 0..count-1, sent to eight instances in turn."""
    for instance in range(8):
        texts = _texts(messages, b"a/i%d" % instance)
        assert [int(text) for text in texts] == list(range(instance, count, 8))


def _environ(bootstrap: str, topic: str) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(REPOSITORY),
        "FLYWATCH_KAFKA__BOOTSTRAP": bootstrap,
        "FLYWATCH_TOPICS__LOGS": topic,
    }


async def _started(environ: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    pipe = subprocess.PIPE
    return await asyncio.create_subprocess_exec(*FLYSHIP, *arguments, stdin=pipe, stdout=pipe, stderr=pipe, env=environ)


async def test_files_arrive_by_instance_in_order(kafka_bootstrap: str, tmp_path: Path) -> None:
    """Every line of two files arrives once, in order, under the key app/instance, in one partition an instance."""
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("".join(f"{name} {number}\n" for number in range(5_000)))
    topic = await _topic(kafka_bootstrap)
    process = await _started(_environ(kafka_bootstrap, topic), "files", "--app", "shop", str(tmp_path / "*.log"))
    _, told = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert process.returncode == 0, told
    assert b"shipped 10000 lines in 50 records" in told
    messages = await _read(kafka_bootstrap, topic)
    for name in ("a.log", "b.log"):
        key = f"shop/{name}".encode()
        assert _texts(messages, key) == [f"{name} {number}" for number in range(5_000)]
        assert len({message.partition for message in messages if message.key == key}) == 1


async def test_a_signal_drains_to_kafka(kafka_bootstrap: str) -> None:
    """Lines that were written before SIGTERM are in the topic when the process has ended with 0."""
    topic = await _topic(kafka_bootstrap)
    process = await _started(_environ(kafka_bootstrap, topic), "stdin", "--batch-age-ms", "60000")
    assert process.stdin and process.stderr  # noqa: PT018  # for the type checker
    process.stdin.write(b"".join(b"%d\n" % number for number in range(400)))
    await process.stdin.drain()
    deadline_s = time.monotonic() + DEADLINE_S
    while len(await _read(kafka_bootstrap, topic)) < 2:  # two full batches: it runs and reads
        assert time.monotonic() < deadline_s
    process.stdin.write(b"".join(b"%d\n" % number for number in range(400, 450)))
    await process.stdin.drain()
    process.terminate()
    assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0
    told = await process.stderr.read()
    assert b"shipped 450 lines in 3 records" in told
    texts = _texts(await _read(kafka_bootstrap, topic), b"local/stdin")
    assert texts == [str(number) for number in range(450)]


async def test_a_missing_topic_is_named_and_not_created(kafka_bootstrap: str) -> None:
    """A topic that does not exist is an error that says what to run."""
    topic = f"test.ship.{uuid4().hex}"
    with pytest.raises(DeliveryError, match=rf'topic {topic} does not exist: run "flywatch topics"'):
        async with _producing(kafka_bootstrap, topic):
            pass


async def test_history_carries_its_own_times(kafka_bootstrap: str, tmp_path: Path) -> None:
    """Records say their newest line's time, and every partition gets every tick, in order."""
    lines = [f"2025-10-10T17:00:{second:02}Z app[i{second % 8}] ord [info]{second}\n" for second in range(0, 60, 3)]
    (tmp_path / "a.log").write_text("".join(lines))
    topic = await _topic(kafka_bootstrap)
    process = await _started(_environ(kafka_bootstrap, topic), "files", "--history", str(tmp_path / "a.log"))
    _, told = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert process.returncode == 0, told
    messages = await _read(kafka_bootstrap, topic)
    start_ms = 1_760_115_600_000
    expected = [start_ms + second * 1_000 for second in (10, 20, 30, 40, 50, 50 + 125)]
    for partition in range(PARTITIONS):
        mine = [message for message in messages if message.partition == partition]
        ticks = [decode_at(message.headers) for message in mine if orjson.loads(message.value).get("tick")]
        assert ticks == expected
        times = [decode_at(message.headers) or 0 for message in mine]
        assert times == sorted(times)
    for message in messages:
        if rows := orjson.loads(message.value).get("lines"):
            assert decode_at(message.headers) == start_ms + max(int(row[1]) for row in rows) * 1_000


async def test_a_record_the_broker_never_takes(kafka_bootstrap: str) -> None:
    """A refusal for good ends the shipping with its reason, it is not repeated."""
    topic = await _topic(kafka_bootstrap, **{"max.message.bytes": "1000"})
    async with _producing(kafka_bootstrap, topic, compression="none") as producer:
        await producer.send(_record(0, size=2_000))
        with pytest.raises(DeliveryError, match="MessageSizeTooLarge"):
            await asyncio.wait_for(producer.drain(), DEADLINE_S)


async def test_a_broker_killed_while_lines_flow(
    own_broker: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broker that is killed, and away for longer than every timeout, loses, repeats and reorders nothing."""
    monkeypatch.setattr(client, "REQUEST_TIMEOUT_MS", 2_000)
    topic = await _topic(own_broker.bootstrap)
    sent = 0
    async with _producing(own_broker.bootstrap, topic, in_flight_bytes=1_000_000) as producer:

        async def flow() -> None:
            nonlocal sent
            while sent < 4_000:
                await producer.send(_record(sent, size=2_000))
                sent += 1

        flowing = asyncio.create_task(flow())
        await _until(lambda: producer.records > 400, "nothing flows")
        await asyncio.to_thread(own_broker.kill)
        await _until(lambda: "does not answer" in capsys.readouterr().err, "the loss was not told")
        held = sent
        await asyncio.sleep(1)  # not for luck: whatever it does, it must not read on
        assert sent == held
        await asyncio.to_thread(own_broker.start)
        await asyncio.wait_for(flowing, DEADLINE_S)
        await asyncio.wait_for(producer.drain(), DEADLINE_S)
    assert "Kafka answers again after" in capsys.readouterr().err
    _numbers_once_in_order(await _read(own_broker.bootstrap, topic), 4_000)


@pytest.mark.parametrize("at_ms", [None, 1_760_115_600_000])
async def test_an_answer_lost_with_its_broker(own_broker: Any, monkeypatch: pytest.MonkeyPatch, at_ms: int | None) -> None:
    """What a broker wrote, and died before it could say so, is in the topic once, however old the lines are."""
    topic = await _topic(own_broker.bootstrap)
    async with _producing(own_broker.bootstrap, topic) as producer:
        connection = producer._client.client  # noqa: SLF001  # a moment that cannot be made from outside
        send, answers = connection.send, 0

        async def lossy(node: int, request: Any, **more: Any) -> Any:
            nonlocal answers
            answer = await send(node, request, **more)
            if isinstance(request, ProduceRequest):
                answers += 1
                if answers == 3:
                    await asyncio.to_thread(own_broker.kill)
                    await asyncio.to_thread(own_broker.start)
                    raise KafkaConnectionError("the answer was lost")
            return answer

        monkeypatch.setattr(connection, "send", lossy)
        for number in range(400):
            await producer.send(msgspec.structs.replace(_record(number), at_ms=at_ms))
            if number % 80 == 79:
                await asyncio.wait_for(producer.drain(), DEADLINE_S)
    assert answers > 3
    _numbers_once_in_order(await _read(own_broker.bootstrap, topic), 400)


async def test_a_partition_without_leader_for_longer_than_the_timeout(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While no broker leads a partition, as after a restart, its records wait: aiokafka would throw them away."""
    monkeypatch.setattr(client, "REQUEST_TIMEOUT_MS", 500)
    topic = await _topic(kafka_bootstrap)
    async with _producing(kafka_bootstrap, topic) as producer:
        cluster = producer._client.client.cluster  # noqa: SLF001  # a moment that cannot be made from outside
        with monkeypatch.context() as patch:
            patch.setattr(cluster, "leader_for_partition", lambda _: -1)
            for number in range(80):
                await producer.send(_record(number))
            await asyncio.sleep(1.5)  # not for luck: three times the timeout
        for number in range(80, 160):
            await producer.send(_record(number))
        await asyncio.wait_for(producer.drain(), DEADLINE_S)
    _numbers_once_in_order(await _read(kafka_bootstrap, topic), 160)


async def test_numbers_that_the_broker_refuses(kafka_bootstrap: str, capsys: pytest.CaptureFixture[str]) -> None:
    """After a gap in its numbers (a broker lost what it had acknowledged) the producer begins anew, exactly."""
    topic = await _topic(kafka_bootstrap)
    async with _producing(kafka_bootstrap, topic) as producer:
        for number in range(2_000):
            if number == 1_000:
                await asyncio.wait_for(producer.drain(), DEADLINE_S)
                numbering = producer._client._txn_manager  # noqa: SLF001  # the gap cannot be made from outside
                for partition in range(PARTITIONS):
                    numbering.increment_sequence_number(TopicPartition(topic, partition), 5)
            await producer.send(_record(number))
        await asyncio.wait_for(producer.drain(), DEADLINE_S)
        assert producer.lines == 2_000
    assert "again" in capsys.readouterr().err
    _numbers_once_in_order(await _read(kafka_bootstrap, topic), 2_000)
