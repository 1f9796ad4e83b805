"""``make bench-ship``: lines/s of ``flyship files`` into a local Kafka, and the ratio to ``orjson.loads`` of the same lines.

Two kinds of files: lines in Fly's envelope (NDJSON, as its log stream has them), and the bare lines of nginx. The CPU time of
the shipper's process counts, its start left out by shipping an empty file; by the clock it shares the machine with the broker.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import orjson

from config.kafka.broker import local_broker
from tests.bench.data import lines, ndjson
from tests.pipeline import ROOT, Pipeline

LINES, SAMPLE = 900_000, 60_000
ROUNDS = 3
LOOK_S = 0.05
FLOOR_RATIO, FLOOR_LINES = 0.25, 150_000


class Used(NamedTuple):
    """What a run took."""

    cpu_s: float
    clock_s: float
    peak_mb: int


def yardstick_s(enveloped: list[bytes]) -> float:
    """Return the CPU seconds of ``orjson.loads`` for a line, the best of some rounds."""
    best = float("inf")
    for _ in range(5):
        began_s = time.process_time()
        for line in enveloped:
            orjson.loads(line)
        best = min(best, (time.process_time() - began_s) / len(enveloped))
    return best


def shipped(env: dict[str, str], path: Path, count: int, *words: str) -> Used:
    """Ship a file; return what that took."""
    command = [sys.executable, "-m", "shippers", "files", *words, str(path)]
    began_s = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    peak_kb = 0  # not wait4's: that begins with what this process had when it forked
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        peak_kb = int(found[1]) if found else peak_kb
        time.sleep(LOOK_S)  # not for luck: between two looks
    clock_s = time.perf_counter() - began_s
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    told = process.stderr.read() if process.stderr else ""
    if process.returncode or f"shipped {count} lines" not in told:
        raise SystemExit(told)
    return Used(ended[2].ru_utime + ended[2].ru_stime, clock_s, peak_kb // 1024)


def files(directory: Path) -> dict[str, tuple[Path, list[bytes]]]:
    """Write the files; return each with its distinct lines."""
    rows = list(lines("morgan", SAMPLE))
    kinds = {"enveloped": [ndjson(row) for row in rows], "bare": [row[3].encode() for row in lines("nginx", SAMPLE)]}
    found = {}
    for kind, distinct in kinds.items():
        path = directory / f"{kind}.log"
        block = b"".join(line + b"\n" for line in distinct)
        with path.open("wb") as file:
            for _ in range(LINES // SAMPLE):
                file.write(block)
        found[kind] = path, distinct
    return found


def main() -> None:
    """Start a broker, ship, and print."""
    with tempfile.TemporaryDirectory() as name, local_broker() as broker:
        directory = Path(name)
        pipeline = Pipeline(broker.bootstrap, directory, {"WORKER__DATA_DIR": str(directory)})
        if (done := pipeline.run("streams", "topics")).returncode:
            raise SystemExit(done.stderr.decode())
        (directory / "empty.log").touch()
        start = min((shipped(pipeline.env, directory / "empty.log", 0) for _ in range(ROUNDS)), key=lambda used: used.cpu_s)
        print(f"start: {start.cpu_s:.2f} s of CPU time, {start.peak_mb} MB")
        for kind, (path, distinct) in files(directory).items():
            enveloped = distinct if kind == "enveloped" else [ndjson(row) for row in lines("nginx", SAMPLE)]
            for words in ((), ("--resume", "--state", str(directory / "state"))):
                rounds = [(yardstick_s(enveloped), _once(pipeline.env, path, directory, words)) for _ in range(ROUNDS)]
                cpu_s = min(used.cpu_s for _, used in rounds) - start.cpu_s
                clock_s = min(used.clock_s for _, used in rounds) - start.clock_s
                ratio = statistics.median(loads_s * LINES / (used.cpu_s - start.cpu_s) for loads_s, used in rounds)
                way = f"{kind:10} {' '.join(words[:1]):9}"
                by_cpu = f"{LINES / cpu_s:10,.0f} lines/s of CPU time (floor {FLOOR_LINES:,})"
                of_loads = f"{ratio:.2f} of orjson.loads (floor {FLOOR_RATIO})"
                peak_mb = max(used.peak_mb for _, used in rounds)
                print(f"{way} {by_cpu}, {LINES / clock_s:,.0f} by the clock; {of_loads}; {peak_mb} MB", flush=True)


def _once(env: dict[str, str], path: Path, directory: Path, words: tuple[str, ...]) -> Used:
    for document in (directory / "state").glob("*"):
        document.unlink()
    return shipped(env, path, LINES, *words)


if __name__ == "__main__":
    main()
