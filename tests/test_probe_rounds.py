"""When probes measure, and what becomes of those that take too long, fail, or are not to be waited for."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import orjson
import pytest

from shippers.findings import Finding
from shippers.metrics import Metrics
from shippers.probes.failures import Failure
from shippers.probes.lines import failed_line, probe_line
from shippers.probes.rounds import Probes
from shippers.probes.schedule import Schedule
from streams.core.values import Line
from tests.simulated import simulated

Measure = Callable[[int], Awaitable[Sequence[Line]]]


class Measured:
    """A probe that measures as a test says, and notes when it began and ended."""

    kind = "health"

    def __init__(self, name: str, measure: Measure | None = None, every_s: float = 10.0, deadline_s: float = 5.0) -> None:
        """Make one; without ``measure`` it is fine at once."""
        self.name, self.apps = name, (name,)
        self.every_s, self.deadline_s = every_s, deadline_s
        self.began_s: list[float] = []
        self.under_way = self.most_under_way = 0
        self._measure = measure

    async def measure(self, at_ms: int) -> Sequence[Line]:
        """Measure."""
        self.began_s.append(round(asyncio.get_running_loop().time(), 3))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._measure(at_ms) if self._measure else [probe_line(self.name, "health", at_ms, "health", True, {})]
        finally:
            self.under_way -= 1

    async def try_out(self) -> list[Finding]:
        """Nothing."""
        return []


def after(seconds: float) -> Measure:
    """Return a measuring that takes its time."""

    async def measure(at_ms: int) -> Sequence[Line]:
        await asyncio.sleep(seconds)  # not for luck: the time is simulated
        return [probe_line("slow", "health", at_ms, "health", True, {})]

    return measure


async def run(probes: Sequence[Measured], seconds: float, metrics: Metrics | None = None, **settings: float) -> list[Line]:
    """Run probes for some simulated seconds; return their lines."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.call_later(seconds, stop.set)
    source = Probes(
        probes,
        metrics or Metrics(),
        jitter=settings.get("jitter", 0.0),
        concurrency=int(settings.get("concurrency", 8)),
        now_ms=lambda: 1_760_000_000_000 + int(loop.time() * 1000),
        dice=random.Random(6).random,
    )
    found = [line async for lines in source.read(stop) for line in lines]
    assert loop.time() == pytest.approx(seconds), "the stop ends it at once"
    return found


def test_each_on_its_interval() -> None:
    """Without jitter rounds stand on the grid of their interval, and a line's stamp is when its round began."""
    quick, slow = Measured("quick"), Measured("calm", every_s=60.0)
    lines = simulated(run([quick, slow], 61.0))
    assert quick.began_s == [0, 10, 20, 30, 40, 50, 60]
    assert slow.began_s == [0, 60]
    assert [line.stamp for line in lines if line.app == "calm"] == ["2025-10-09T08:53:20Z", "2025-10-09T08:54:20Z"]


def test_jitter_parts_probes_and_does_not_drift() -> None:
    """With jitter each round begins within its share of the interval, at times of its own, and hours later, too."""
    probes = [Measured(str(number)) for number in range(5)]
    simulated(run(probes, 7_200.0, jitter=0.5))
    for probe in probes:
        assert len(probe.began_s) == 720
        assert all(0 <= began_s - 10 * number <= 5.0 for number, began_s in enumerate(probe.began_s))
    assert len({probe.began_s[0] for probe in probes}) == 5


def test_a_round_over_its_deadline_is_told_and_the_others_go_on() -> None:
    """A round that hangs ends at its deadline with a line that says timeout; others are not held up by it."""
    hanging, quick, metrics = Measured("hanging", after(1e6)), Measured("quick"), Metrics()
    lines = simulated(run([hanging, quick], 29.0, metrics))
    assert quick.began_s == hanging.began_s == [0, 10, 20]
    told = [orjson.loads(line.text) for line in lines if line.app == "hanging"]
    assert told == [{"probe": "health", "ok": False, "error": "timeout", "detail": "not done within 5 s"}] * 3
    assert metrics.registry.get_sample_value("flyship_errors_total", {"source": "health", "kind": "timeout"}) == 3


def test_no_round_overlaps_itself() -> None:
    """A round longer than its interval lets the next ones out; the grid stays."""
    slow = Measured("slow", after(25.0), deadline_s=1e5)
    simulated(run([slow], 99.0))
    assert slow.most_under_way == 1
    assert slow.began_s == [0, 30, 60, 90]


def test_only_so_many_at_once() -> None:
    """Of many probes only as many measure at once as may; the others have their turn, and none overtakes itself."""
    probes = [Measured(str(number), after(4.0)) for number in range(5)]
    simulated(run(probes, 19.0, concurrency=2))
    assert [probe.began_s for probe in probes] == [[0, 10], [0, 12], [4, 14], [4, 16], [8]]


def test_a_late_round_is_left_out() -> None:
    """After a pause of the whole process one round is made for each probe, not all that were missed; the grid stays."""
    schedule = Schedule([10.0, 60.0], 0.0, 8, lambda: 0.0, 0.0)
    assert schedule.begin(0.0) == [0, 1]
    schedule.ended(0, 0.5)
    schedule.ended(1, 0.5)
    assert (schedule.begin(9.9), schedule.next_s) == ([], 10.0)
    assert sorted(schedule.begin(3_605.0)) == [0, 1]
    assert schedule.skipped == 359 + 59
    schedule.ended(0, 3_606.0)
    schedule.ended(1, 3_606.0)
    assert schedule.next_s == 3_610.0


def test_a_bug_is_told_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    """What a probe raises is a line, counted, said once, without the error's own text; the other probes go on."""

    async def broken(at_ms: int) -> Sequence[Line]:
        raise KeyError("a-secret", at_ms)

    metrics, quick = Metrics(), Measured("quick")
    lines = simulated(run([Measured("broken", broken), quick], 25.0, metrics))
    errors = [orjson.loads(line.text) for line in lines if line.level == "error"]
    assert [error["error"] for error in errors] == ["bug"] * 3
    assert errors[0]["detail"].startswith("KeyError in test_probe_rounds.py:")
    assert metrics.registry.get_sample_value("flyship_errors_total", {"source": "health", "kind": "bug"}) == 3
    assert len(quick.began_s) == 3
    told = capsys.readouterr().err
    assert told.count("broken") == 2  # the name and the app, in one line
    assert "a-secret" not in told + "".join(line.text for line in lines)


def test_people_hear_of_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is said when it begins, when it becomes something else, and when it is over: not each time."""
    states = [Failure.REFUSED] * 3 + [Failure.TIMEOUT] * 2 + [None] * 3

    async def changing(at_ms: int) -> Sequence[Line]:
        error = states.pop(0)
        if error is None:
            return [probe_line("shop", "health", at_ms, "health", True, {"status": 200})]
        return [failed_line("shop", "health", at_ms, "health", error, "it is so")]

    simulated(run([Measured("health shop", changing)], 75.0))
    assert capsys.readouterr().err.splitlines() == [
        "flyship: health shop: shop: refused: it is so",
        "flyship: health shop: shop: timeout: it is so",
        "flyship: health shop: shop: ok, status 200",
    ]


def test_once() -> None:
    """With ``once`` each probe measures once, without jitter, and the source ends; what is wrong is a problem."""

    async def refused(at_ms: int) -> Sequence[Line]:
        return [failed_line("shop", "health", at_ms, "health", Failure.REFUSED, "it is so")]

    async def go() -> tuple[int, int]:
        probes = [Measured("a", after(4.0)), Measured("b", refused), Measured("c", every_s=1.0)]
        source = Probes(probes, Metrics(), jitter=1.0, concurrency=1, once=True, now_ms=lambda: 0)
        return len([line async for lines in source.read(asyncio.Event()) for line in lines]), source.problems

    assert simulated(go()) == (3, 1)
