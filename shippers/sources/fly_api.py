"""The source ``api``: what Fly's logs API tells of some apps, each from where it was left. Knows no batch and no Kafka."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator

from pydantic import SecretStr

from shippers.console import say
from shippers.context import Context
from shippers.findings import Finding
from shippers.fly_api.client import LogsApi
from shippers.fly_api.cursors import Cursor, Moved
from shippers.fly_api.errors import ApiError
from shippers.fly_api.feed import SOURCE, Feed, Span
from shippers.fly_api.table import FlyApiTable, moment_ns
from shippers.fly_api.tokens import VARIABLES, fly_token
from shippers.nanoseconds import stamp_of
from shippers.secrets import SecretError
from streams.config_errors import ConfigError
from streams.core.values import Line

TRY_S = 10.0
Given = tuple[list[Line], Moved]


class FlyApi:
    """A resumable source: each app's cursor moves when its lines are safe."""

    name = SOURCE
    keep_s = 1.0

    def __init__(self, table: FlyApiTable, context: Context, *, anew: bool = False) -> None:
        """SecretError without a token. ``anew``: forget where the apps were left."""
        context.checkpoints.own(SOURCE)
        self.problems = 0
        self._table, self._context = table, context
        self.kept_as, self.resumes = f"{SOURCE}+", not anew
        now_ns = time.time_ns()
        until_ns = None if table.follow else now_ns  # an end that moves on with a busy app would be none
        if table.until is not None:
            until_ns = moment_ns(table.until, now_ns)
        filters = (table.region, table.instance)
        self._span = Span(until_ns, table.follow, *filters, table.poll_ms / 1000, table.late_ms * 1_000_000)
        since_ns = moment_ns(table.since, now_ns)
        if until_ns is not None and until_ns <= since_ns:
            raise ConfigError([f"[api] until: {stamp_of(until_ns)} must be after since, {stamp_of(since_ns)}"])
        self._cursors = {app: self._cursor(app, since_ns, anew=anew) for app in table.apps}
        self._api = LogsApi(table.base, _needed(context), context.metrics, source=SOURCE, tries=4 if table.follow else 10)
        self._under_way: deque[tuple[int, Moved]] = deque()
        self._given = 0
        self._is_silenced = False  # it was said that nothing can be noted
        self.lasts = table.follow

    async def read(self, stop: asyncio.Event) -> AsyncIterator[list[Line]]:
        """Give pages of all apps, in turn, until they end or ``stop`` is set."""
        waiting: asyncio.Queue[Given | None] = asyncio.Queue(maxsize=len(self._cursors))
        running = asyncio.create_task(self._run(waiting))
        stopping = asyncio.create_task(stop.wait())
        try:
            while (given := await _next(waiting, running, stopping)) is not None:
                lines, moved = given
                self._given += 1
                self._under_way.append((self._given, moved))
                yield lines
        finally:
            for task in (running, stopping):
                task.cancel()
            await asyncio.gather(running, stopping, return_exceptions=True)
            await self._api.close()

    def position(self) -> object:
        """Return the number of the last page that was given."""
        return self._given or None

    async def kept(self, position: object) -> None:
        """Move the cursors up to a page, and note them."""
        moved: set[str] = set()
        while isinstance(position, int) and self._under_way and self._under_way[0][0] <= position:
            _, move = self._under_way.popleft()
            self._cursors[move.app].move(move)
            moved.add(move.app)
        for app in moved:
            await self._note(app)

    def begin_anew(self) -> None:
        """Forget what was under way: the cursors stand where they were moved last."""
        self._under_way.clear()

    async def _note(self, app: str) -> None:
        place, document = self._place(app), self._cursors[app].document()
        try:
            await asyncio.to_thread(self._context.checkpoints.save, place, document)
        except OSError as error:  # shipping goes on: what is not noted would come again, which loses nothing
            self._context.metrics.errors.labels(SOURCE, "checkpoint").inc()
            if not self._is_silenced:
                say(f"api: how far {app} was read cannot be noted: {error.strerror}: {error.filename}")
                self.problems += 1
            self._is_silenced = True
        else:
            self._is_silenced = False

    async def try_out(self) -> list[Finding]:
        """Ask for a page of each app, once."""
        api = LogsApi(self._table.base, _needed(self._context), self._context.metrics, source=SOURCE, tries=1, timeout_s=TRY_S)
        async with api:
            return list(await asyncio.gather(*(self._tried(api, app) for app in self._table.apps)))

    async def _tried(self, api: LogsApi, app: str) -> Finding:
        try:
            page = await api.page(app, after=None, region=self._table.region, instance=self._table.instance)
        except ApiError as error:
            return Finding(f"api {app}", ok=False, text=str(error))
        newest_ns = max((said.at_ns for said in page.lines), default=None)
        told = "it has no lines" if newest_ns is None else f"its newest line is of {stamp_of(newest_ns)}"
        return Finding(f"api {app}", ok=True, text=f"{self._table.base} answers; {told}")

    async def _run(self, waiting: "asyncio.Queue[Given | None]") -> None:
        """Run the feeds beside each other; each waits while the queue is full, and is served in its turn."""

        async def give(lines: list[Line], moved: Moved) -> None:
            await waiting.put((lines, moved))

        feeds = [Feed(app, self._api, cursor, self._span, self._context.metrics) for app, cursor in self._cursors.items()]
        tasks = [asyncio.create_task(feed.run(give, self._renew)) for feed in feeds]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.problems += sum(feed.failed for feed in feeds)
        await waiting.put(None)

    def _renew(self) -> None:
        try:
            self._api.use(_needed(self._context))
        except SecretError as error:
            say(f"api: {error}")

    def _cursor(self, app: str, since_ns: int, *, anew: bool) -> Cursor:
        try:
            document = None if anew else self._context.checkpoints.load(self._place(app))
        except OSError as error:  # to begin anew would ship again what was shipped
            raise ConfigError([f"api: {error.filename}: cannot be read: {error.strerror}"]) from None
        cursor = None if document is None else Cursor.read(document)
        if cursor is None:
            if document is not None:
                say(f"api: {app}: the checkpoint {self._place(app)} cannot be read: begins at {stamp_of(since_ns)}")
            return Cursor(since_ns)
        say(f"api: {app}: goes on at {stamp_of(cursor.ask_ns)}, where an earlier run was")
        return cursor

    def _place(self, app: str) -> str:
        """Return the name of an app's checkpoint; no name holds a ``+``."""
        return "+".join((SOURCE, app, self._table.region or "", self._table.instance or "")).rstrip("+")


def _needed(context: Context) -> SecretStr:
    token = fly_token(context.environ)
    if token is None:
        raise SecretError(f"[api]: set {VARIABLES[0]} (or {VARIABLES[0]}_FILE) to what `fly tokens create org` prints")
    return token


async def _next(
    waiting: "asyncio.Queue[Given | None]", running: "asyncio.Task[None]", stopping: "asyncio.Task[bool]"
) -> Given | None:
    """Return what comes next, None at the end or at the stop."""
    taking = asyncio.create_task(waiting.get())
    try:
        while not taking.done():
            if stopping.done():
                return None
            if running.done():
                running.result()  # raises what ended it; else the end waits in the queue already
            await asyncio.wait({taking, stopping, *(() if running.done() else (running,))}, return_when=asyncio.FIRST_COMPLETED)
        return taking.result()
    finally:
        taking.cancel()
