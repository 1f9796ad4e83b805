"""``make bench-receive``: lines/s that ``flyship receive`` takes on one core, and the ratio to ``orjson.loads`` of the lines.

A load generator in this process sends NDJSON of Fly's envelope, packed by gzip, in requests of 1,000 lines over a few
connections. CPU time of the receiver counts: into a dry run's stdout, where no broker is in it, and into a local Kafka, where
a request is answered when its lines are there; by the clock it shares the machine with sender and broker.
"""

import asyncio
import gzip
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import orjson

from config.kafka.broker import local_broker
from tests.bench.data import lines, ndjson
from tests.pipeline import ROOT, Pipeline

LINES, A_REQUEST, CONNECTIONS = 500_000, 1_000, 4
FLOOR = 50_000


def bodies() -> tuple[list[bytes], list[bytes]]:
    """Return 20 packed bodies, and their lines."""
    enveloped = [ndjson(row) for row in lines("morgan", 20 * A_REQUEST)]
    blocks = [b"\n".join(enveloped[at : at + A_REQUEST]) for at in range(0, len(enveloped), A_REQUEST)]
    return [gzip.compress(block, 6) for block in blocks], enveloped


async def send(address: str, packed: list[bytes]) -> None:
    """Send all of it, each connection one request after another."""
    numbers = iter(range(LINES // A_REQUEST))
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"}
    async with aiohttp.ClientSession() as client:

        async def sender() -> None:
            for number in numbers:
                url = f"http://{address}/logs"
                async with client.post(url, data=packed[number % len(packed)], headers=headers) as answer:
                    answer.raise_for_status()

        await asyncio.gather(*(sender() for _ in range(CONNECTIONS)))


def received(env: dict[str, str], packed: list[bytes], *words: str) -> tuple[float, float, int]:
    """Receive all of it; return the CPU seconds, those by the clock, and the peak memory in MB."""
    command = [sys.executable, "-m", "shippers", "receive", "--listen", "127.0.0.1:0", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, text=True)
    for told in process.stderr or ():
        if found := re.search(r"listening on (\S+)", told):
            break
    else:
        raise SystemExit("flyship receive does not listen")
    began_s = time.perf_counter()
    asyncio.run(send(found[1], packed))
    took_s = time.perf_counter() - began_s
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    process.terminate()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    told = process.stderr.read() if process.stderr else ""
    if process.returncode or f"shipped {LINES} lines" not in told:
        raise SystemExit(told)
    return used.ru_utime + used.ru_stime, took_s, int(peak[1]) // 1024 if peak else 0


def main() -> None:
    """Print lines/s by CPU time and by the clock, the ratio, and the peak memory."""
    packed, enveloped = bodies()
    began_s = time.process_time()
    for line in enveloped:
        orjson.loads(line)
    yardstick_s = (time.process_time() - began_s) / len(enveloped)
    with tempfile.TemporaryDirectory() as name, local_broker() as broker:
        pipeline = Pipeline(broker.bootstrap, Path(name), {"WORKER__DATA_DIR": name})
        if (done := pipeline.run("streams", "topics")).returncode:
            raise SystemExit(done.stderr.decode())
        env = pipeline.env | {"FLYSHIP_STATE": name}
        for way, words in (("dry run", ("--dry-run",)), ("into Kafka", ())):
            cpu_s, took_s, peak_mb = received(env, packed, *words)
            by_cpu = f"{LINES / cpu_s:10,.0f} lines/s of CPU time (floor {FLOOR:,}), {LINES / took_s:,.0f} by the clock"
            print(f"{way:10} {by_cpu}; {yardstick_s * LINES / cpu_s:.2f} of orjson.loads; {peak_mb} MB", flush=True)


if __name__ == "__main__":
    main()
