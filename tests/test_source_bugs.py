"""An error that nobody expected ends its source alone: told, counted, and read again where that is sound."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from config.kafka.broker import free_port
from shippers import pauses
from shippers.batching import Batching, Limits
from shippers.checkpoints import Checkpoints
from shippers.context import Context
from shippers.fly_api.feed import Feed
from shippers.fly_api.table import FlyApiTable
from shippers.metrics import Metrics
from shippers.nanoseconds import SECOND_NS
from shippers.once.looking import Once
from shippers.pipeline import ship
from shippers.probes.rounds import Probes
from shippers.probes.schedule import Schedule
from shippers.receiving.held import Held
from shippers.receiving.table import Receive
from shippers.sources import BeginsAnew, Source, tail
from shippers.sources.files_table import FilesTable
from shippers.sources.fly_api import FlyApi
from shippers.sources.followed import following
from shippers.sources.receive import Receiver
from streams.core.values import Line
from tests.pipeline import until
from tests.servers import fly_api
from tests.simulated import simulated
from tests.test_once import texts_of
from tests.test_once_pipeline import Kept
from tests.test_probe_rounds import Measured
from tests.test_shippers_status import CONFIG, DEADLINE_S, ROOT, _run

SECRET = "a-secret"  # noqa: S105  # in the words of errors


class Numbers:
    """A source of numbered lines, one after another, in which a test may have something fail."""

    keep_s = 0.02

    def __init__(self, name: str = "p", last: int = 30) -> None:
        """It ends by itself."""
        self.name = name
        self.problems = 0
        self.safe = self._given = 0
        self._last = last

    def fail(self, where: str) -> None:
        """Fail where a test wants it."""

    async def read(self, stop: asyncio.Event) -> AsyncIterator[Sequence[Line]]:
        """Go on behind what is safe."""
        self._given = self.safe
        while self._given < self._last and not stop.is_set():
            self.fail("read")
            self._given += 1
            yield [Line(f"{self._given}", app="a", instance=self.name)]
            await asyncio.sleep(0.001)  # not for luck: so many lines a second, and no more

    def position(self) -> object:
        """Return how many were given."""
        self.fail("position")
        return self._given

    async def kept(self, position: object) -> None:
        """Hear how many are safe."""
        self.fail("kept")
        assert isinstance(position, int)
        self.safe = position


class Anew(Numbers):
    """One that may be read again."""

    lasts = True

    def begin_anew(self) -> None:
        """``read`` does it."""


def failing(kind: type[Numbers], where: str, times: Sequence[int] = (10,), **given: Any) -> Numbers:
    """Return a source in which some calls of a method raise, counted from 1."""
    calls = 0

    class Failing(kind):  # type: ignore[misc,valid-type]  # the class is a test's to choose
        def fail(self, now: str) -> None:
            nonlocal calls
            calls += now == where
            if now == where and calls in times:
                raise KeyError(SECRET)

    return Failing(**given)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a source not be left alone for long."""
    monkeypatch.setattr(pauses, "FIRST_S", 0.01)


async def _has(sink: Kept, instance: str, count: int) -> None:
    async def there() -> bool:
        return len(texts_of(sink.records, instance)) >= count

    await until(f"{count} lines of {instance} are there", there, DEADLINE_S, every=0.01)


def _bugs(metrics: Metrics, source: str) -> float:
    return metrics.registry.get_sample_value("flyship_errors_total", {"source": source, "kind": "unexpected"}) or 0.0


def _once(failing: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises at its second call, and else does what it did."""
    calls = 0

    def called(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyError(SECRET)
        return failing(*given, **named)

    return called


@asynccontextmanager
async def shipping(metrics: Metrics, *sources: Source) -> AsyncIterator[Kept]:
    """Ship from sources, beside the test and to the stop, into a sink that keeps it all."""
    sink, stop = Kept(), asyncio.Event()
    sink.drains.set()
    task = asyncio.create_task(ship(sources, Batching(Limits(lines=3, age_ms=10)), sink, stop, metrics))
    try:
        yield sink
    finally:
        stop.set()
        await asyncio.wait_for(task, DEADLINE_S)


ALL = [str(number) for number in range(1, 31)]


@pytest.mark.parametrize("where", ["read", "position", "kept"])
async def test_one_source_ends_and_the_others_go_on(where: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a source raises is one line with its kind and place, without its words; it is counted, and is a problem."""
    metrics, other = Metrics(), Numbers("q", last=300)
    source = failing(Numbers, where, (3,), last=1_000_000)
    async with shipping(metrics, source, other) as sink:
        await _has(sink, "q", 300)
    assert texts_of(sink.records, "q") == [str(number) for number in range(1, 301)]
    assert other.safe == 300
    given = texts_of(sink.records, "p")
    assert given == [str(number) for number in range(1, len(given) + 1)]
    assert len(given) < 1_000
    (told,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("flyship: p: ")]
    assert re.search(r"KeyError in test_source_bugs\.py:\d+: the source is read no more until flyship starts again", told)
    assert SECRET not in told + str(metrics.said)
    assert (_bugs(metrics, "p"), source.problems, list(metrics.down)) == (1, 1, ["p"])
    assert source.safe <= len(given)


@pytest.mark.usefixtures("hurried")
async def test_a_source_that_can_begins_anew() -> None:
    """After a bug it is read again behind what it gave: each line once, and no problem is left."""
    metrics = Metrics()
    source = failing(Anew, "read", (1, 8, 9, 20))
    async with shipping(metrics, source) as sink:
        await _has(sink, "p", 30)
    assert texts_of(sink.records, "p") == ALL
    assert (_bugs(metrics, "p"), source.problems, metrics.down, source.safe) == (4, 0, {}, 30)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("where", ["position", "kept"])
async def test_who_cannot_say_how_far_it_came_does_not_begin_anew(where: str) -> None:
    """Where it is not known what is safe, lines could come twice: the source stays out."""
    metrics = Metrics()
    source = failing(Anew, where, (3,), last=1_000_000)
    async with shipping(metrics, source, Numbers("q", last=300)) as sink:
        await _has(sink, "q", 300)
    given = texts_of(sink.records, "p")
    assert given == [str(number) for number in range(1, len(given) + 1)]
    assert (_bugs(metrics, "p"), source.problems, list(metrics.down)) == (1, 1, ["p"])


@pytest.mark.usefixtures("hurried")
async def test_what_had_arrived_is_left_out_all_the_same(tmp_path: Path) -> None:
    """A source that begins anew while lines are held that may have arrived: each line is there."""
    checkpoints, sink, metrics, stop = Checkpoints(tmp_path), Kept(), Metrics(), asyncio.Event()

    def run(source: Numbers) -> "asyncio.Task[None]":
        source.kept_as, source.resumes = "p", True  # type: ignore[attr-defined]  # it gives again
        once = Once(sink.find, checkpoints, metrics, "local")
        return asyncio.create_task(ship([source], Batching(Limits(lines=3, age_ms=10)), sink, stop, metrics, once))

    task = run(Anew(last=10))
    await _has(sink, "p", 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    sink.drains.set()
    task = run(failing(Anew, "read", (5,)))  # nothing was kept: it gives all of them again
    await _has(sink, "p", 30)
    await asyncio.wait_for(task, DEADLINE_S)
    assert set(texts_of(sink.records, "p")) == set(ALL)
    assert _bugs(metrics, "p") == 1


def test_it_is_left_alone_for_longer_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    """A bug that comes again and again is said once and met once a minute in the end; the stop is heard meanwhile."""
    tried_s: list[float] = []

    class Always(Anew):
        def fail(self, where: str) -> None:
            if where == "read":
                tried_s.append(round(asyncio.get_running_loop().time(), 1))
                raise KeyError(SECRET)

    async def work() -> None:
        source, sink, stop, metrics = Always(), Kept(), asyncio.Event(), Metrics()
        sink.drains.set()
        asyncio.get_running_loop().call_later(250.0, stop.set)
        await ship([source], Batching(Limits()), sink, stop, metrics)
        assert asyncio.get_running_loop().time() == pytest.approx(250.0, abs=1.0)
        assert source.problems == 1
        assert _bugs(metrics, "p") == len(tried_s)

    simulated(work())
    pauses = [after - before for before, after in pairwise(tried_s)]
    assert pauses == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60], abs=0.2)
    assert capsys.readouterr().err.count("flyship: p: ") == 1


def _of_files(directory: Path, context: Context, _: fly_api.FlyApi) -> Source:
    (directory / "x.log").write_text("".join(f"{number}\n" for number in range(1, 31)))
    table = FilesTable.model_validate({"paths": [str(directory / "x.log")], "from_start": True, "app": "a", "instance": "x"})
    return following(table, context)


def _of_api(_: Path, context: Context, server: fly_api.FlyApi) -> Source:
    server.page_lines = 7
    return FlyApi(FlyApiTable.model_validate({"apps": ["a"], "base": server.base, "poll": "1s", "late": "1s"}), context)


def _of_probes(_: Path, context: Context, __: fly_api.FlyApi) -> Source:
    return Probes([Measured("a", every_s=0.01)], context.metrics, jitter=0, concurrency=1)


REAL: dict[str, tuple[type, str, Callable[[Path, Context, fly_api.FlyApi], Source], str, list[str]]] = {
    "files": (tail.Tail, "poll", _of_files, "x", ALL),
    "api": (Feed, "_give", _of_api, "x", ALL),
    "probes": (Schedule, "begin", _of_probes, "health", []),
}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("name", REAL)
async def test_real_sources_begin_anew(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, the logs API and probes go on after a bug in the middle of their work; each line is there once."""
    kind, method, make, instance, expected = REAL[name]
    monkeypatch.setattr(kind, method, _once(getattr(kind, method)))
    monkeypatch.setattr(tail, "BLOCK_BYTES", 16)
    context = Context({"FLY_API_TOKEN": fly_api.TOKEN}, Metrics(), Checkpoints(tmp_path / "state"))
    with fly_api.FlyApi() as server:
        server.app("a")
        at_ns = time.time_ns() - 60 * SECOND_NS
        for number in range(1, 31):
            server.say("a", "x", at_ns + number, str(number))
        source = make(tmp_path, context, server)
        assert isinstance(source, BeginsAnew)
        async with shipping(context.metrics, source) as sink:
            await _has(sink, instance, len(expected) or 20)
    assert (_bugs(context.metrics, source.name), source.problems, context.metrics.down) == (1, 0, {})
    assert not expected or texts_of(sink.records, instance) == expected


@pytest.mark.usefixtures("hurried")
async def test_receive_listens_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who sends to ``receive`` while it has a bug gets no answer, sends again, and is taken."""
    monkeypatch.setattr(Held, "lines", _once(Held.lines))
    context = Context({}, Metrics(), Checkpoints(tmp_path))
    port = free_port()
    table = Receive.model_validate({"listen": f"127.0.0.1:{port}", "app": "a"})

    async with shipping(context.metrics, Receiver(table, context)) as sink, aiohttp.ClientSession() as client:

        async def sent() -> bool:
            try:
                url = f"http://127.0.0.1:{port}/logs?instance=x"
                async with client.post(url, data="line", headers={"Content-Type": "text/plain"}) as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        for _ in range(3):
            await until("a line is taken", sent, DEADLINE_S, every=0.05)
    assert texts_of(sink.records, "x").count("line") >= 3
    assert (_bugs(context.metrics, "receive"), context.metrics.down) == (1, {})


BROKEN = """
import shippers.__main__, shippers.sources.tail
def poll(*_): raise KeyError("a-secret")
shippers.sources.tail.Tail.poll = poll
shippers.__main__.main()
"""


def _started(env: dict[str, str], errors: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", BROKEN, "run", "--dry-run"]
    with errors.open("wb") as told:
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=told)


async def test_a_run_of_which_a_source_is_broken(tmp_path: Path) -> None:
    """The process goes on: /healthz answers 503, status says what is wrong, receive still takes lines; in the end it is 1."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLYWATCH_", "FLYSHIP_"))}
    (tmp_path / "flyship.toml").write_text(CONFIG.format(directory=tmp_path))
    (tmp_path / "x.log").write_text("line\n")
    env = kept | {"FLYSHIP_CONFIG": str(tmp_path / "flyship.toml")}
    errors = tmp_path / "told"
    process = _started(env, errors)

    async def addresses() -> list[str] | None:
        assert process.poll() is None, errors.read_text()
        found = re.findall(r"(?:metrics|receive): listening on (\S+)", errors.read_text())
        return found if len(found) == 2 and "a fault of ours" in errors.read_text() else None

    try:
        metrics, receive = await until("a source has failed", addresses, DEADLINE_S)
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://{metrics}/healthz") as answer:
                assert (answer.status, await answer.json()) == (503, {"ok": False, "down": ["files"]})
            async with client.post(f"http://{receive}/logs?app=a&instance=i", data="x") as answer:
                assert answer.status == 200
        status = await asyncio.to_thread(_run, env, "status", "--at", metrics)
        assert status.returncode == 1
        assert "files: a fault of ours, KeyError in <string>:3: the source is tried again" in status.stdout
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, DEADLINE_S) == 1
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in errors.read_text()
    assert errors.read_text().count("a fault of ours") == 1
    assert SECRET not in errors.read_text()
