"""``make bench``, first half: the core's lines/s on one core and its ratio to ``orjson.loads`` over the same lines.

Rounds of yardstick and core alternate in one process; caches are emptied before every round; the median is told.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable

import orjson

from streams.core import panes, routes, stamps
from streams.core.plan import Plan
from streams.core.records import Record
from streams.settings import load
from tests.bench.data import MAKERS, columnar, lines, ndjson

LINES = 60_000
ROUNDS = 7
BLOCK_LINES = 500
FOR_EVER_MS = 1 << 62
FLOORS = {"ndjson": 0.33, "columnar": 0.42}
AIMS = {"ndjson": 0.43, "columnar": 0.55}


def timed(run: Callable[[], None]) -> float:
    """Return the CPU seconds of one cold run: other load on the machine changes them least."""
    routes.forget()  # cold: a warm cache would flatter
    stamps._cache.clear()  # noqa: SLF001
    gc.collect()
    began = time.process_time()
    run()
    return time.process_time() - began


def core(records: list[bytes], plan: Plan) -> Callable[[], None]:
    """Return a run of stage 1 over records of fly.logs, with a tick after every 100."""

    def run() -> None:
        state = panes.Partition(0)
        for number, value in enumerate(records):
            panes.step(state, Record(number, 1_760_000_000_000, value), plan)
            if number % 100 == 99:
                panes.step(state, Record(number, 1_760_000_000_000, b'{"v":1,"tick":true}'), plan)

    return run


def measure(kind: str, *, requests: bool) -> list[tuple[str, str, float, float]]:
    """Return (kind, way, lines/s, ratio) of NDJSON and columnar records."""
    from msgspec.structs import replace  # noqa: PLC0415

    plan = replace(load(environ={}).plan(), lateness_ms=FOR_EVER_MS, ahead_ms=FOR_EVER_MS, requests=requests)
    rows = list(lines(kind, LINES))
    enveloped = [ndjson(row) for row in rows]
    blocks = [b"\n".join(enveloped[i : i + BLOCK_LINES]) for i in range(0, LINES, BLOCK_LINES)]
    ways = {"ndjson": core(blocks, plan), "columnar": core([value for _, value in columnar(rows, BLOCK_LINES)], plan)}

    def yardstick() -> None:
        for line in enveloped:
            orjson.loads(line)

    timed(yardstick)
    seconds: dict[str, list[float]] = {name: [] for name in ("yardstick", *ways)}
    for _ in range(ROUNDS):
        for name, run in {"yardstick": yardstick, **ways}.items():
            seconds[name].append(timed(run))
    found = []
    for name in ways:
        ratio = statistics.median(y / s for y, s in zip(seconds["yardstick"], seconds[name], strict=True))
        found.append((kind, name, LINES / statistics.median(seconds[name]), ratio))
    return found


def main() -> None:
    """Print a row for each kind of lines and each way."""
    gc.set_threshold(50_000, 20, 100)
    kinds = sys.argv[1:] or list(MAKERS)
    print(f"{'lines':10} {'way':10} {'requests':9} {'lines/s':>10} {'ratio':>6}  floor  aim")
    for kind in kinds:
        for requests in (False, True):
            for _, way, rate, ratio in measure(kind, requests=requests):
                said = "published" if requests else "-"
                print(
                    f"{kind:10} {way:10} {said:9} {rate:10,.0f} {ratio:6.3f}  {FLOORS[way]:5.2f} {AIMS[way]:4.2f}", flush=True
                )


if __name__ == "__main__":
    main()
