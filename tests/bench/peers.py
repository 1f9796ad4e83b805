"""``make bench-peers``: whole commands over the same file of 500,000 nginx lines, on all cores, in turn.

What each is asked: flywatch replay computes panes, windows, rules, statuses, percentiles, routes and security; goaccess all its
panels; angle-grinder counts by status alone, then counts and a percentile by status and path, the nearest to our question that
it has.
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from streams.core import stamps
from tests.bench import data

LINES = 500_000
LINES_A_SECOND = 50
ROUNDS = 3
PARTS = r'parse regex "^[^ ]+ [^ ]+ [^ ]+ \[[^\]]+\] \"[A-Z]+ (?P<path>[^ \"?]+)[^\"]*\" (?P<status>[0-9]+) (?P<size>[0-9]+) "'


def write(path: Path, count: int) -> None:
    """Write nginx's combined lines."""
    rng = random.Random(5)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            stamp = stamps.text(data.START_MS + number * 1000 // LINES_A_SECOND)[:19] + "Z"
            file.write(data.combined(rng, stamp) + "\n")


def commands(log: str, ag: str) -> dict[str, list[str]]:
    """Return what is run, by what the table calls it."""
    return {
        "flywatch replay": [sys.executable, "-m", "streams", "replay", log, "--json", "--app", "web"],
        "goaccess, all panels": ["goaccess", log, "--log-format=COMBINED", "--no-progress", "-o", os.devnull + ".json"],
        "ag, by status": [ag, "--file", log, "-o", "json", f"* | {PARTS} | count by status"],
        "ag, by status and path, p95": [ag, "--file", log, "-o", "json", f"* | {PARTS} | count, p95(size) by status, path"],
    }


def timed(command: list[str], directory: str) -> float:
    """Run a command; return its seconds on the clock."""
    command = [word.replace(os.devnull, f"{directory}/out") for word in command]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as users have it
    began = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Print a row for each command: median seconds, lines/s, and how many times slower than flywatch."""
    ag = shutil.which("agrind") or ".peers/bin/agrind"
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "access.log"
        write(log, LINES)
        asked = commands(str(log), ag)
        seconds: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(ROUNDS):
            for name, command in asked.items():
                seconds[name].append(timed(command, directory))
    ours = statistics.median(seconds["flywatch replay"])
    print(f"{'command':30} {'seconds':>8} {'lines/s':>10} {'flywatch is':>12}")
    for name, took in seconds.items():
        median = statistics.median(took)
        print(f"{name:30} {median:8.2f} {LINES / median:10,.0f} {median / ours:11.1f}x")


if __name__ == "__main__":
    main()
