"""The source ``probes``: runs each probe on its interval, within its deadline, some at once. Knows no single probe."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence

from shippers.bugs import told
from shippers.console import say
from shippers.metrics import Metrics
from shippers.probes import Connected, Probe
from shippers.probes.failures import Failure
from shippers.probes.lines import failed_line, said, shown
from shippers.probes.schedule import Schedule
from streams.core.values import Line

SOURCE = "probes"
NEVER_S = 1e9


def wall_ms() -> int:
    """Return the time of day."""
    return time.time_ns() // 1_000_000


class Probes:
    """A source. Ends at the stop without waiting for rounds under way; with ``once``, after a round of each probe.

    It runs on the event loop's clock; ``now_ms`` is the time of day that lines carry, ``dice`` gives 0 to 1.
    """

    name = SOURCE
    counts_itself = True  # by kind

    def __init__(
        self,
        probes: Sequence[Probe],
        metrics: Metrics,
        *,
        jitter: float,
        concurrency: int,
        once: bool = False,
        now_ms: Callable[[], int] = wall_ms,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """``jitter`` is a share of each interval; at most ``concurrency`` rounds are under way at once."""
        self.problems = 0  # of single rounds, where ``once`` asks for them: an app that is down is no problem of shipping
        self.probes, self._metrics = probes, metrics
        self._jitter, self._concurrency, self._once = jitter, concurrency, once
        self.lasts = not once
        metrics.kinds[SOURCE] = tuple(dict.fromkeys(probe.kind for probe in probes))
        self._now_ms, self._dice = now_ms, dice
        self._told: dict[int, dict[tuple[str, str], str]] = {}  # by probe: what was said last of whom, while it is wrong

    async def read(self, stop: asyncio.Event) -> AsyncIterator[Sequence[Line]]:
        """Give the lines of each round as it ends."""
        loop = asyncio.get_running_loop()
        every_s = [NEVER_S if self._once else probe.every_s for probe in self.probes]
        schedule = Schedule(every_s, 0 if self._once else self._jitter, self._concurrency, self._dice, loop.time())
        stopping = asyncio.create_task(stop.wait())
        rounds: dict[asyncio.Task[Sequence[Line]], int] = {}
        left = len(self.probes) if self._once else -1  # rounds to come, where they are counted
        try:
            while left and not stop.is_set():
                for number in schedule.begin(loop.time()):
                    rounds[asyncio.create_task(one_round(self.probes[number], self._now_ms()))] = number
                next_s = schedule.next_s
                timeout_s = None if next_s is None else max(0.0, next_s - loop.time())
                await asyncio.wait({stopping, *rounds}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in rounds if task.done()]:
                    number = rounds.pop(task)
                    schedule.ended(number, loop.time())
                    left -= 1
                    yield self._counted(number, task.result())
        finally:
            for waiting in (stopping, *rounds):
                waiting.cancel()
            await asyncio.gather(stopping, *rounds, return_exceptions=True)
            for probe in self.probes:
                if isinstance(probe, Connected):
                    probe.drop()

    def begin_anew(self) -> None:
        """Nothing is kept between readings but what was said to people."""

    def _counted(self, number: int, lines: Sequence[Line]) -> Sequence[Line]:
        """Count lines, and tell people what is wrong: when it begins, when it changes, when it is over."""
        probe, before, after = self.probes[number], self._told.get(number, {}), dict[tuple[str, str], str]()
        metrics = self._metrics
        metrics.lines.labels(probe.kind).inc(len(lines))
        metrics.bytes.labels(probe.kind).inc(sum(len(line.text) for line in lines))
        for line in lines:
            what, whom = said(line), (line.app, line.instance)
            if not what.ok:
                metrics.failed(probe.kind, what.error, shown(line))
                self.problems += self._once
                if not what.event:
                    after[whom] = what.error
            changes = not what.ok if what.event else before.get(whom) != after.get(whom)
            if self._once or changes:
                say(f"{probe.name}: {shown(line)}")
        self._told[number] = after
        return lines


async def one_round(probe: Probe, at_ms: int) -> Sequence[Line]:
    """Measure once; over the deadline, and of a bug, the lines say so."""
    try:
        async with asyncio.timeout(probe.deadline_s):
            return await probe.measure(at_ms)
    except TimeoutError:
        return _to_each(probe, at_ms, Failure.TIMEOUT, f"not done within {probe.deadline_s:g} s")
    except Exception as error:  # noqa: BLE001  # our bug in one probe must not stop the others
        return _to_each(probe, at_ms, Failure.BUG, told(error))


def _to_each(probe: Probe, at_ms: int, error: Failure, detail: str) -> list[Line]:
    return [failed_line(app, probe.kind, at_ms, probe.kind, error, detail) for app in probe.apps]
