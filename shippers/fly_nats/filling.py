"""Reads from Fly's logs API what gaps need, app by app, until each is filled or given up. Decides nothing about lines."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from shippers.console import say
from shippers.fly_api.client import ApiError, Kind, LogsApi
from shippers.fly_api.walk import Fresh, Walk
from shippers.fly_nats.subjects import Origin
from shippers.gaps.fill import Fill
from shippers.gaps.merging import Merging
from shippers.gaps.values import Given, Said, Told, Unfilled
from shippers.nanoseconds import SECOND_NS
from shippers.secrets import SecretError

POLL_S = 1.0  # how often the API is asked for what it does not have yet
RETRY_S = 5.0
FINAL = {  # what no second question mends; the rest is asked again until the deadline
    Kind.UNAUTHORIZED: Unfilled.AUTH,
    Kind.FORBIDDEN: Unfilled.AUTH,
    Kind.NOT_FOUND: Unfilled.NO_SUCH_APP,
    Kind.GONE: Unfilled.BEYOND_HISTORY,
}


class Outlet(Protocol):
    """Where lines go."""

    def give(self, given: list[Given]) -> None:
        """Take lines, and look at what the merging has to tell."""
        ...

    async def room(self) -> None:
        """Wait until more may be given."""
        ...


class Filling:
    """A task for each app whose history is being read."""

    def __init__(
        self, merging: Merging, outlet: Outlet, api: Callable[[], LogsApi], asks_for: Callable[[Origin], bool], late_ns: int
    ) -> None:
        """``api`` makes a client, with the token as it is by then; ``asks_for`` says whose lines are wanted.

        What is younger than ``late_ns`` may not be all there.
        """
        self._merging, self._outlet, self._make_api, self._asks_for = merging, outlet, api, asks_for
        self._late_ns = late_ns
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._api: LogsApi | None = None
        self._left: list[LogsApi] = []  # to be closed when nobody asks; most questions of a token fail at the same client
        self._more = asyncio.Event()
        self._told: str | None = None

    def look(self) -> None:
        """Hear that gaps may have changed."""
        self._more.set()

    async def run(self) -> None:
        """Fill for ever."""
        try:
            while True:
                self._more.clear()
                for task in [task for task in self._tasks.values() if task.done()]:
                    task.result()
                self._tasks = {app: task for app, task in self._tasks.items() if not task.done()}
                for app in self._merging.fills:
                    if app not in self._tasks:
                        self._tasks[app] = asyncio.create_task(self._fill(app))
                if not self._tasks:
                    await self._close_api()
                waiting = asyncio.create_task(self._more.wait())
                try:
                    await asyncio.wait({waiting, *self._tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    waiting.cancel()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await self._close_api()

    async def _fill(self, app: str) -> None:
        while (fill := self._merging.fills.get(app)) is not None:
            await self._round(app, fill, fill.round)

    async def _round(self, app: str, fill: Fill, number: int) -> None:
        """Read history from the fill's cursor on, until the fill is over or begins a new round."""
        walk = Walk(fill.cursor_ns)
        while self._merging.fills.get(app) is fill and fill.round == number:
            await self._outlet.room()
            if fill.round != number:
                return
            began_ns = time.time_ns()
            left_s = (fill.deadline_ns - began_ns) / SECOND_NS
            try:
                async with asyncio.timeout(max(left_s, 0)):
                    page = await self._client().page(app, after=str(walk.token_ns))
            except TimeoutError:
                reason = Unfilled.API_UNAVAILABLE if self._told else Unfilled.DEADLINE
                self._outlet.give(self._merging.give_up(app, reason, self._told or ""))
                return
            except SecretError as error:
                self._outlet.give(self._merging.give_up(app, Unfilled.AUTH, str(error)))
                return
            except ApiError as error:
                await self._failed(app, error, left_s)
                continue
            self._recovered()
            if fill.round != number:
                return
            settled_ns = began_ns - self._late_ns
            fresh = walk.identified(page, settled_ns)
            settled = [new for new in fresh if new.said.at_ns <= settled_ns]
            self._outlet.give(self._merging.history(app, self._told_by(settled), time.time_ns()))
            if walk.is_at_end or fill.is_past or len(settled) < len(fresh):
                self._outlet.give(self._merging.at_end(app, settled_ns))
                await self._pause(app, fill, number)
                walk = Walk(fill.cursor_ns)  # lines of some instances reach the API later than those of others

    async def _pause(self, app: str, fill: Fill, number: int) -> None:
        """Wait for what the API does not have yet: a little while lines wait for it, else until all must be there."""
        while self._merging.fills.get(app) is fill and fill.round == number:
            await asyncio.sleep(POLL_S)
            if fill.waits or time.time_ns() > fill.until_ns + self._late_ns:
                return

    def _told_by(self, lines: Iterable[Fresh]) -> list[Told]:
        return [
            Told(Said(line, new.said.at_ns or None), new.identity)
            for new in lines
            if self._asks_for(Origin((line := new.said.line).app, line.region, line.instance))
        ]

    async def _failed(self, app: str, error: ApiError, left_s: float) -> None:
        if (reason := FINAL.get(error.kind)) is not None:
            self._outlet.give(self._merging.give_up(app, reason, str(error)))
            if reason is Unfilled.AUTH and self._api is not None:  # the next question is asked with the token as it is by then
                self._left.append(self._api)  # not closed yet: others' questions are under way
                self._api = None
            return
        if self._told is None:
            say(f"nats: the gap cannot be filled yet: the logs API: {error}; asking again for {left_s:.0f} s")
        self._told = str(error)
        await asyncio.sleep(min(RETRY_S, max(left_s, 0)))

    def _recovered(self) -> None:
        if self._told is not None:
            say("nats: the logs API answers again")
            self._told = None

    def _client(self) -> LogsApi:
        if self._api is None:
            self._api = self._make_api()
        return self._api

    async def _close_api(self) -> None:
        left, self._left, self._api = [*self._left, *([self._api] if self._api else [])], [], None
        for api in left:
            await api.close()
