"""One app's lines from the API, from its cursor on, with what went wrong on the way told once. Knows no batch and no file."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from msgspec import Struct

from shippers.console import say
from shippers.fly_api.client import LogsApi
from shippers.fly_api.cursors import Cursor, Moved
from shippers.fly_api.errors import PASSING, ApiError, Kind
from shippers.fly_api.walk import Fresh, Walk
from shippers.gap_lines import gap_line
from shippers.metrics import Metrics
from shippers.nanoseconds import SECOND_NS, stamp_of
from streams.core.values import Line

SOURCE = "api"
HISTORY_NS = 15 * 86_400 * SECOND_NS  # what the API keeps, about
SPARE_NS = 3_600 * SECOND_NS  # so much older than that may still be there
FIRST_PAUSE_S = 1.0
MEND_S = 60.0  # until the next question after one that somebody must mend something for
SKIPPED_NS = 60 * SECOND_NS  # how far behind the end of the history a new beginning is made
NEAR_NS = 5 * SECOND_NS  # lines that are younger come as they are said
NOTE_NS = 60 * SECOND_NS  # how often it is noted that nothing came

Give = Callable[[list[Line], Moved], Awaitable[None]]


class Span(Struct, frozen=True):
    """What to ask for: until when, whether to go on then, of which region and instance; how long to pause, what is late."""

    until_ns: int | None
    follow: bool
    region: str | None
    instance: str | None
    poll_s: float
    late_ns: int


class Feed:
    """The way of one app."""

    def __init__(self, app: str, api: LogsApi, cursor: Cursor, span: Span, metrics: Metrics) -> None:
        """Go on from a cursor, which stays as it is."""
        self._app, self._api, self._span, self._metrics = app, api, span, metrics
        self._walk = Walk(cursor.ask_ns, cursor.seen())
        self._looked_ns = self._noted_ns = cursor.looked_ns
        self._is_resumed = cursor.is_resumed
        self._missed = False
        self._trouble: Kind | None = None
        self._crowded = 0
        self._pause_s = self._retry_s = FIRST_PAUSE_S
        self._rewound_ns = 0

    @property
    def failed(self) -> bool:
        """Whether something was missed, or could not be asked for in the end."""
        return self._missed or self._trouble is not None

    async def run(self, give: Give, renew: Callable[[], None]) -> None:
        """Give lines until the end of the span; ``renew`` reads the token again."""
        while not self._is_done():
            before_ns = self._looked_ns
            try:
                fresh = await self._step()
            except ApiError as error:
                if error.kind is Kind.GONE and self._walk.token_ns < time.time_ns() - HISTORY_NS:
                    self._walk = Walk(time.time_ns() - HISTORY_NS + SKIPPED_NS)
                    await self._give_up(before_ns, self._walk.token_ns, give)
                    continue
                self._tell(error)
                if not self._span.follow:
                    return
                await self._wait(error.kind)
                renew()
                continue
            self._tell_well()
            if before_ns < (horizon_ns := time.time_ns() - HISTORY_NS) - SPARE_NS:
                await self._give_up(before_ns, horizon_ns, give)
            await self._give(fresh, give)
            if self._span.follow and self._is_caught_up(time.time_ns()):
                await self._pause()

    def _is_done(self) -> bool:
        if self._span.until_ns is not None and self._walk.token_ns >= self._span.until_ns:
            return True
        return self._walk.is_at_end and not self._span.follow

    def _is_caught_up(self, now_ns: int) -> bool:
        """Whether there is nothing more now, or only what was said since the last question: a page for each would be many."""
        walk = self._walk
        return walk.is_at_end or (walk.is_partial and walk.token_ns > now_ns - NEAR_NS)

    async def _step(self) -> list[Fresh]:
        walk, began_ns = self._walk, time.time_ns()
        page = await self._api.page(self._app, after=str(walk.token_ns), region=self._span.region, instance=self._span.instance)
        fresh = walk.identified(page, began_ns - self._span.late_ns)
        self._looked_ns = max(self._looked_ns, began_ns if walk.is_at_end else walk.token_ns)
        if fresh:
            self._pause_s = FIRST_PAUSE_S
        return fresh

    async def _give(self, fresh: list[Fresh], give: Give) -> None:
        """Give what is within the span; where nothing came note now and then that there was nothing."""
        ask_ns, until_ns = self._walk.kept_ns, self._span.until_ns
        if until_ns is not None:
            ask_ns = min(ask_ns, until_ns)
            fresh = [new for new in fresh if new.said.at_ns < until_ns]
        if not fresh and self._looked_ns < self._noted_ns + NOTE_NS and not self._is_done():
            return
        self._noted_ns = self._looked_ns
        again = tuple(new.identity for new in fresh if new.said.at_ns >= ask_ns)
        looked_ns = self._looked_ns if until_ns is None else min(self._looked_ns, until_ns)
        await give([new.said.line for new in fresh], Moved(self._app, ask_ns, looked_ns, again))

    async def _pause(self) -> None:
        """Wait for more, longer while nothing comes; look again at what was too young now and then."""
        await asyncio.sleep(self._pause_s * random.uniform(0.8, 1.0))  # noqa: S311  # spreads load
        self._pause_s = min(self._pause_s * 2, self._span.poll_s)
        if time.time_ns() - self._rewound_ns >= self._span.late_ns:
            self._rewound_ns = time.time_ns()
            self._walk.rewind()

    async def _wait(self, kind: Kind) -> None:
        """Wait before the questions go on that got no answer."""
        await asyncio.sleep(self._retry_s if kind in PASSING else MEND_S)
        self._retry_s = min(self._retry_s * 2, MEND_S)

    async def _give_up(self, from_ns: int, to_ns: int, give: Give) -> None:
        """Tell what the API no longer has, although it was not read."""
        self._looked_ns = max(self._looked_ns, to_ns)
        told = f"{stamp_of(from_ns)} to {stamp_of(to_ns)}"
        say(f"api: {self._app}: the API keeps about 15 days: what was said from {told} may be gone")
        if not self._is_resumed:  # who asks for more than there is has lost nothing
            self._metrics.errors.labels(SOURCE, Kind.GONE).inc()
        else:
            self._missed = True
            self._metrics.gaps.labels(SOURCE, "unfilled").inc()
            await give([_gap(self._app, from_ns, to_ns, time.time_ns())], Moved(self._app, self._walk.kept_ns, to_ns))

    def _tell(self, error: ApiError) -> None:
        if error.kind is not self._trouble:
            goes_on = "; trying on" if self._span.follow else ""
            say(f"api: {self._app}: {error}{goes_on}")
            self._trouble = error.kind

    def _tell_well(self) -> None:
        self._retry_s = FIRST_PAUSE_S
        if self._trouble is not None:
            say(f"api: {self._app}: answers again")
            self._trouble = None
        if self._walk.crowded > self._crowded:
            say(f"api: {self._app}: more lines in one nanosecond than a page holds: some of them cannot be asked for")
            self._metrics.errors.labels(SOURCE, "crowded").inc(self._walk.crowded - self._crowded)
            self._crowded, self._missed = self._walk.crowded, True


def _gap(app: str, from_ns: int, to_ns: int, now_ns: int) -> Line:
    told = {"from_ms": from_ns // 1_000_000, "to_ms": to_ns // 1_000_000, "reason": "beyond_history"}
    return gap_line(app, SOURCE, stamp_of(now_ns), told)
