"""Nothing is lost and nothing counted twice, on a real Kafka, whatever happens to the workers and the broker."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from config.kafka.broker import Broker
from streams.codec import json_line
from streams.core import lines, reading, stamps
from streams.core.joins import Joins
from streams.core.plan import MINUTE_MS
from streams.core.records import Published
from streams.core.values import Request
from streams.hosts.replay import Replay
from streams.settings import load
from tests.oracle import percentile
from tests.pipeline import ROOT, Pipeline, ndjson, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]
APPS = ("hotdash-production", "hotdash-staging", "hotdash-chatwoot")
FIXTURES = ROOT.parent / "shared" / "fixtures"  # real logs, where they are
START_MS = 1_760_000_000_000


def write_incident(path: Path, count: int, seed: int, start_ms: int = START_MS, span_ms: int = 40 * MINUTE_MS) -> Counter[str]:
    """Write lines of three apps over 40 minutes, one of them failing and slow in the middle; return requests a minute."""
    rng, truth = random.Random(seed), Counter[str]()
    with path.open("wb") as file:
        for number in range(count):
            at_ms = start_ms + number * span_ms // count
            app = rng.choice(APPS)
            bad = app == APPS[0] and 0.3 < number / count < 0.6
            status = rng.choice([500, 503] if rng.random() < (0.2 if bad else 0.002) else [200, 200, 201, 404])
            took_ms = rng.lognormvariate(4.5, 0.8) * (60 if bad else 1)
            message = f"GET /orders/{number % 977} {status} {number % 5000} - {took_ms:.3f} ms"
            file.write(ndjson(app, f"{app}-{rng.randrange(2)}", stamps.text(at_ms), message) + b"\n")
            truth[f"{app}/{stamps.text(at_ms - at_ms % MINUTE_MS)}"] += 1
    return truth


def ship(pipeline: Pipeline, *words: str) -> "subprocess.Popen[bytes]":
    """Start a shipper in a pipeline's environment."""
    return subprocess.Popen([sys.executable, "-m", "shippers", "files", *words], cwd=ROOT, env=pipeline.env)


def replayed(path: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Return windows by id and alerts by transition as a replay of the file gives them."""
    found: dict[str, dict[str, object]] = {"windows": {}, "alerts": {}}
    for output in Replay(load(environ={}).plan(), [path], "local").outputs():
        assert isinstance(output, Published)
        document = dict(output.value)
        found[output.topic][str(document.get("transition_id", document["id"]))] = document
    return found["windows"], found["alerts"]


def without_clock(document: dict[str, object]) -> dict[str, object]:
    """Drop the only field that the wall clock fills."""
    return {name: value for name, value in document.items() if name != "published_at"}


async def owns_partitions(pipeline: Pipeline, worker: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Wait until a worker said that it is ready with partitions."""
    log = pipeline.directory / f"worker-{pipeline.workers.index(worker)}.log"

    async def ready() -> bool:
        assert worker.poll() is None, pipeline.logs()
        return "watch: ready with partitions" in log.read_text()

    await until("a worker is ready", ready, seconds)


async def complete(pipeline: Pipeline, truth: Counter[str], workers: list["subprocess.Popen[bytes]"], seconds: float) -> None:
    """Wait until the windows hold as many requests as were said; whoever ends himself meanwhile is started again."""

    async def reached() -> bool:
        for number, worker in enumerate(workers):
            if worker.poll() is not None:
                workers[number] = pipeline.start_worker()
        windows = await pipeline.windows()
        return bool(sum(window["requests"] for window in windows.values()) >= truth.total())

    try:
        await until("every line is in a window", reached, seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{pipeline.logs()}") from error
    windows = await pipeline.windows()
    assert {an_id: window["requests"] for an_id, window in windows.items()} == dict(truth)


async def hurt(pipeline: Pipeline, workers: list["subprocess.Popen[bytes]"], rng: random.Random, kills: int) -> None:
    """Kill workers with -9 at random points, then stop one for longer than its session."""
    for _ in range(kills):
        number = rng.randrange(len(workers))
        await owns_partitions(pipeline, workers[number])
        await moment(rng.uniform(0.0, 3.0))
        workers[number].kill()
        workers[number].wait(10)
        workers[number] = pipeline.start_worker()
    await owns_partitions(pipeline, workers[0])
    workers[0].send_signal(signal.SIGSTOP)
    await moment(9.0)
    workers[0].send_signal(signal.SIGCONT)

    async def ended() -> bool:
        return workers[0].poll() is not None

    await until("the stopped worker ends itself", ended, 20)
    assert workers[0].returncode == 70


async def moment(seconds: float) -> None:
    """Let time pass that is itself the condition: the random point of a kill, or longer than a session."""
    deadline = time.monotonic() + seconds

    async def over() -> bool:
        return time.monotonic() >= deadline

    await until("time passed", over, seconds + 5)


@pytest.mark.parametrize("seed", [1])
async def test_kills_lose_nothing_and_change_no_alert(kafka_bootstrap: str, tmp_path: Path, seed: int) -> None:
    """Five kill -9 and a stop past the session leave every window and alert as an undisturbed replay gives them."""
    path = tmp_path / "lines.ndjson"
    truth = write_incident(path, 200_000, seed)
    async with Pipeline(kafka_bootstrap, tmp_path, {"TIME__MODE": "history"}) as pipeline:
        workers = [pipeline.start_worker(), pipeline.start_worker()]
        shipper = ship(pipeline, "--history", str(path))
        await hurt(pipeline, workers, random.Random(seed), kills=5)
        await complete(pipeline, truth, workers, 120)
        assert shipper.wait(30) == 0
        windows, alerts = replayed(path)
        got_windows = {an_id: without_clock(window) for an_id, window in (await pipeline.windows()).items()}
        got_alerts = {alert["transition_id"]: without_clock(alert) for alert in await pipeline.alerts()}
        assert got_alerts == alerts
        assert {an_id: window | {"revision": 0} for an_id, window in got_windows.items()} == windows
        copies: dict[str, set[bytes]] = {}
        for alert in await pipeline.read("alerts"):
            copies.setdefault(alert["transition_id"], set()).add(json_line(without_clock(alert)))
        assert all(len(same) == 1 for same in copies.values())


def recounted(paths: list[Path]) -> dict[str, list[Request]]:
    """Read files line by line, and return their requests by the window in which they count."""
    found: dict[str, list[Request]] = {}
    for path in paths:
        opened: dict[str, Joins] = {}
        assembler = lines.Assembler()
        raws = path.read_bytes().decode("utf-8", "replace").split("\n")
        for raw in [whole for each in raws for whole in assembler.take(each)] + assembler.rest():
            line = lines.unwrap(raw, "", path.name)
            request = reading.parse(line, opened.setdefault(f"{line.app}/{line.instance}", Joins()))
            if isinstance(request, Request) and request.at_ms is not None:
                start = stamps.text(request.at_ms - request.at_ms % MINUTE_MS)
                found.setdefault(f"{line.app or 'local'}/{start}", []).append(request)
    return found


def assert_equal(window: dict[str, Any], requests: list[Request]) -> None:
    """Hold a window against its requests: counts exactly, percentiles within 1 %."""
    assert window["requests"] == len(requests), window["id"]
    statuses = Counter(str(request.status) for request in requests if request.status is not None)
    assert window["by_status"] == dict(statuses)
    took = sorted(request.duration_ms for request in requests if request.duration_ms is not None and request.status != 101)
    for percent in (50, 95, 99):
        exact, got = percentile(took, percent), window["duration_ms"][f"p{percent}"]
        assert (got is None) == (exact is None)
        assert exact is None or got == pytest.approx(exact, rel=0.0101, abs=0.001)


async def test_live_windows_equal_a_recount(kafka_bootstrap: str, tmp_path: Path) -> None:
    """What flyship ships of real logs and 300,000 generated lines is in the windows: counts exactly, percentiles to 1 %."""
    generated = tmp_path / "lines.ndjson"
    now_ms = time.time_ns() // 1_000_000
    write_incident(generated, 300_000, 7, now_ms - 20 * MINUTE_MS, 19 * MINUTE_MS)
    logs = [path for path in sorted(FIXTURES.rglob("*.log")) if "security" not in str(path)]
    truth = recounted([generated, *logs])
    settings = {"TIME__LATENESS": "36500d", "CONFIG": str(tmp_path)}
    (tmp_path / "flywatch.toml").write_text("")
    (tmp_path / "rules.toml").write_text("")
    (tmp_path / "security.toml").touch()
    async with Pipeline(kafka_bootstrap, tmp_path, settings) as pipeline:
        workers = [pipeline.start_worker(), pipeline.start_worker()]
        await owns_partitions(pipeline, workers[0])
        assert await asyncio.to_thread(ship(pipeline, str(generated), *map(str, logs)).wait, 60) == 0
        workers[1].kill()
        told = Counter({an_id: len(requests) for an_id, requests in truth.items()})

        async def reached() -> bool:
            windows = await pipeline.windows()
            return all(windows.get(an_id, {}).get("requests") == n for an_id, n in told.items())

        await until("every line is in its window", reached, 120)
        windows = await pipeline.windows()
        for an_id, requests in truth.items():
            assert_equal(windows[an_id], requests)
        old = {an_id for an_id in windows if (stamps.ms(windows[an_id]["start"]) or 0) < now_ms - 3_600_000}
        assert {an_id for an_id in old if windows[an_id]["requests"]} <= truth.keys()


async def test_a_broker_restart_loses_nothing(own_broker: Broker, tmp_path: Path) -> None:
    """The shipper and the workers go on by themselves when the broker is killed and comes back."""
    path = tmp_path / "lines.ndjson"
    truth = write_incident(path, 100_000, 3)
    async with Pipeline(own_broker.bootstrap, tmp_path, {"TIME__MODE": "history"}) as pipeline:
        worker = pipeline.start_worker(supervised=True)
        await owns_partitions(pipeline, worker)
        shipper = ship(pipeline, "--history", str(path))

        async def some_arrived() -> bool:
            return len(await pipeline.read("logs")) > 50

        await until("the shipper is at work", some_arrived, 30)
        await asyncio.to_thread(own_broker.kill)
        await moment(3.0)
        await asyncio.to_thread(own_broker.start)
        assert await asyncio.to_thread(shipper.wait, 90) == 0
        await complete(pipeline, truth, [worker], 120)
