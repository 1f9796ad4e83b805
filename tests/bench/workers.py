"""``make bench``, second half: lines/s of one worker end to end on a real Kafka, and of two, beside the same yardstick.

fly.logs is filled first; the clock runs from the moment the last worker says it is ready until the commits cover every
record: read, parse, fold, state, panes, windows and parsed requests, all acknowledged. What was covered before the last
worker was ready does not count.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from config.kafka.broker import local_broker
from tests.bench.data import Line, columnar, lines, ndjson
from tests.pipeline import Pipeline, until

FLOORS = {1: None, 50: None, 200: 0.20, 1000: 0.25}
LINES = {1: 240_000, 50: 1_500_000, 200: 3_000_000, 1000: 3_000_000}
MACHINES = 64  # enough to spread evenly over the partitions, as two workers need
SAMPLE = 60_000  # distinct lines; larger inputs repeat them


def yardstick() -> float:
    """Return the lines/s of ``orjson.loads`` alone over the same lines."""
    enveloped = [ndjson(line) for line in lines("morgan", SAMPLE)]
    best = 0.0
    for _ in range(5):
        began = time.perf_counter()
        for line in enveloped:
            orjson.loads(line)
        best = max(best, SAMPLE / (time.perf_counter() - began))
    return best


def records(way: str, size: int) -> list[tuple[str, bytes]]:
    """Return (key, value) records of ``size`` lines, as NDJSON of one machine or as flyship's batches."""
    rows = [
        (app, f"{instance}-{number % (MACHINES // 8)}", stamp, message) for number, (app, instance, stamp, message) in _rows()
    ]
    return list(columnar(rows, size)) if way == "columnar" else list(_blocks(rows, size))


def _rows() -> Iterator[tuple[int, Line]]:
    return enumerate(lines("morgan", SAMPLE))


def _blocks(rows: list[Line], size: int) -> Iterator[tuple[str, bytes]]:
    by_machine: dict[str, list[Line]] = {}
    for row in rows:
        by_machine.setdefault(f"{row[0]}/{row[1]}", []).append(row)
    for key, own in by_machine.items():
        for at in range(0, len(own), size):
            yield key, b"\n".join(map(ndjson, own[at : at + size]))


async def covered(pipeline: Pipeline, ends: dict[int, int], ready: float) -> tuple[float, float] | None:
    """Return when the commits covered every record, in seconds since the epoch, and the share that they did since ``ready``.

    None while they do not cover everything.
    """
    name = f"flywatch-{pipeline.topics['logs']}-parse-changelog"
    consumer = AIOKafkaConsumer(bootstrap_servers=pipeline.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        tps = [TopicPartition(name, number) for number in ends]
        consumer.assign(tps)
        finals = await consumer.end_offsets(tps)
        reached, early = dict[int, float](), dict[int, int]()
        for tp in tps:
            while await consumer.position(tp) < finals[tp]:
                for batch in (await consumer.getmany(tp, timeout_ms=1000)).values():
                    for record in batch:
                        if record.key != b"commit":
                            continue
                        offset, at = json.loads(record.value)[0], record.timestamp / 1000
                        if at <= ready:
                            early[tp.partition] = min(offset + 1, ends[tp.partition])
                        if offset >= ends[tp.partition] - 1:
                            reached.setdefault(tp.partition, at)
        if len(reached) < len(ends):
            return None
        return max(reached.values()), 1 - sum(early.values()) / sum(ends.values())
    finally:
        await consumer.stop()


async def run(bootstrap: str, way: str, size: int, workers: int, *, requests: bool) -> float:
    """Return the lines/s of one run."""
    with tempfile.TemporaryDirectory() as directory:
        settings = {"TIME__LATENESS": "36500d", "PUBLISH__REQUESTS": str(requests).lower()}
        async with Pipeline(bootstrap, Path(directory), settings) as pipeline:
            sample = records(way, size)
            repeats = max(1, LINES[size] // SAMPLE)
            await pipeline.ship(record for _ in range(repeats) for record in sample)
            ends = await pipeline.ends("logs")
            began = [pipeline.start_worker() for _ in range(workers)]
            ready = await until("the workers are ready", lambda: _ready(pipeline, len(began)), 60)
            done, share = await until("all is committed", lambda: covered(pipeline, ends, ready), 240, every=4.0)
            return float(share * repeats * SAMPLE / (done - ready))


async def _ready(pipeline: Pipeline, workers: int) -> float | None:
    logs = [path.read_text() for path in pipeline.directory.glob("worker-*.log")]
    if sum("parse: ready with partitions" in log for log in logs) < workers:
        return None
    return max(path.stat().st_mtime for path in pipeline.directory.glob("worker-*.log"))


# (way, lines a record, workers, whether parsed requests are published too), the rows of the table
ROWS = (
    ("columnar", 1, 1, True),
    ("columnar", 50, 1, True),
    ("columnar", 200, 1, True),
    ("columnar", 200, 2, True),
    ("columnar", 1000, 1, True),
    ("columnar", 1000, 2, True),
    ("columnar", 200, 1, False),
    ("columnar", 200, 2, False),
    ("columnar", 1000, 1, False),
    ("ndjson", 200, 1, True),
    ("ndjson", 1000, 1, True),
)


def main() -> None:
    """Print the table; with arguments only the rows of so many lines a record."""
    sizes = [int(word) for word in sys.argv[1:]]
    names = ("lines a record", "workers", "requests", "lines/s", "records/s", "ratio")
    print(f"{'way':10} {names[0]:>14} {names[1]:>7} {names[2]:>9} {names[3]:>10} {names[4]:>10} {names[5]:>6}  floor")
    with ExitStack() as stack:
        bootstrap = os.environ.get("FLYWATCH_KAFKA__BOOTSTRAP") or stack.enter_context(local_broker()).bootstrap
        for way, size, workers, requests in ROWS:
            if sizes and size not in sizes:
                continue
            yard = yardstick()
            rate = asyncio.run(run(bootstrap, way, size, workers, requests=requests))
            floor = "" if FLOORS[size] is None else f"{FLOORS[size]:5.2f}"
            head = f"{way:10} {size:14} {workers:7} {'published' if requests else '-':>9}"
            print(f"{head} {rate:10,.0f} {rate / size:10,.0f} {rate / yard:6.3f}  {floor}", flush=True)


if __name__ == "__main__":
    main()
