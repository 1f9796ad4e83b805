"""``make bench-receive``: lines/s that ``flyship receive`` takes on one core, and the ratio to ``orjson.loads`` of the lines.

A load generator in this process sends NDJSON of Fly's envelope, packed by gzip, in requests of 1,000 lines over a few
connections. CPU time of the receiver counts; what it takes goes to a dry run's stdout, so no broker is in it.
"""

import asyncio
import gzip
import os
import re
import resource
import subprocess
import sys
import time

import aiohttp
import orjson

from tests.bench.data import lines, ndjson

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


def main() -> None:
    """Print lines/s by CPU time and by the clock, the ratio, and the peak memory."""
    packed, enveloped = bodies()
    began_s = time.process_time()
    for line in enveloped:
        orjson.loads(line)
    yardstick_s = (time.process_time() - began_s) / len(enveloped)
    env = {name: value for name, value in os.environ.items() if not name.startswith("FLYSHIP_")}
    command = [sys.executable, "-m", "shippers", "receive", "--listen", "127.0.0.1:0", "--dry-run"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, text=True) as process:
        told = process.stderr.readline() if process.stderr else ""
        found = re.search(r"listening on (\S+)", told)
        if found is None:
            raise SystemExit(told)
        began_s = time.perf_counter()
        asyncio.run(send(found[1], packed))
        took_s = time.perf_counter() - began_s
        process.terminate()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime
    print(f"{LINES / cpu_s:10,.0f} lines/s of CPU time (floor {FLOOR:,}), {LINES / took_s:,.0f} by the clock")
    print(f"{yardstick_s * LINES / cpu_s:10.2f} of orjson.loads; peak memory {used.ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
