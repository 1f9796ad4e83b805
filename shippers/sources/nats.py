"""The source ``nats``: Fly's log stream as it comes, with what was missed filled in. Knows no Kafka.

Lines pass from the connection through the merging into chunks that ``read`` gives. All of it is bounded together by
``waiting_bytes``: beyond it the stream is not taken, which is a gap like any other and is filled when there is room.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from functools import partial

from shippers.console import say
from shippers.context import Context
from shippers.fly_api.client import LogsApi
from shippers.fly_nats import subjects
from shippers.fly_nats.apps import listing
from shippers.fly_nats.connection import Connection
from shippers.fly_nats.filling import Filling
from shippers.fly_nats.messages import line_of, origin_of
from shippers.fly_nats.notes import FileNotes, Notes
from shippers.fly_nats.subjects import Origin
from shippers.fly_nats.table import Nats
from shippers.fly_nats.telling import SOURCE, Telling
from shippers.fly_nats.tokens import api_token, password
from shippers.gaps import checkpoint
from shippers.gaps.checkpoint import Unsafe
from shippers.gaps.fill import LINE_BYTES
from shippers.gaps.merging import Merging
from shippers.gaps.values import Chunk, Given, Limits, Reach, Said
from shippers.nanoseconds import at_ns
from streams.core.values import Line

CHUNK = 2_000  # messages that are unwrapped in one go
OVERHEAR_S = 1.0
API_TRIES = 3  # of one question; the filling asks again until its deadline


class NatsStream:
    """A resumable source: where it left off is filled from the logs API when it starts again."""

    name = kept_as = SOURCE
    keep_s = 3.0

    def __init__(self, table: Nats, context: Context, notes: Notes | None = None) -> None:
        """Read the secrets and what is noted from before; SecretError if one is there that cannot be read.

        ``notes``: where it is noted, and whose lines these are; None: a checkpoint, and all lines.
        """
        self.problems = 1  # until it was connected once
        self.lasts = notes is None  # a share ends: its next one begins anew
        self._table, self._context = table, context
        self._begin(notes or FileNotes(context.checkpoints, context.metrics))

    def begin_anew(self) -> None:
        """Begin as after a start: what was under way is part of the gap behind what was noted."""
        self._begin(FileNotes(self._context.checkpoints, self._context.metrics))

    def _begin(self, notes: Notes) -> None:
        table, context, self._notes = self._table, self._context, notes
        ms = 1_000_000
        limits = Limits(table.overlap_ms * ms, table.fill_ms * ms, remembered=table.remembered, apps=table.most_apps)
        has_token = api_token(context.environ) is not None
        password(context.environ)
        self._merging = Merging(limits, [*table.apps, *sorted(subjects.apps(table.subjects))], can_fill=has_token)
        self._unsafe = Unsafe()
        self._telling = Telling(self._merging, context.metrics, table.org)
        self._filling = Filling(self._merging, self, self._api, self._asks_for, table.late_ms * ms)
        self._inbox: deque[tuple[str, bytes]] = deque()
        self._chunks: deque[Chunk] = deque()
        self._waiting_bytes, self._overheard_s = 0, -OVERHEAR_S  # in inbox and chunks
        self._given: Reach | None = None
        self._is_connected = self._is_full = False
        self._wake, self._has_room = asyncio.Event(), asyncio.Event()
        self._has_room.set()
        self.resumes = self._notes.left is not None and has_token
        checkpoint.resume(self._merging, self._notes.left)

    async def read(self, stop: asyncio.Event) -> AsyncIterator[list[Line]]:
        """Give lines until ``stop``; then what the server had sent by then."""
        connection = Connection(self._table, partial(password, self._context.environ), self)
        keeping = asyncio.create_task(connection.keep(stop))
        filling = asyncio.create_task(self._fill())
        keeping.add_done_callback(lambda _: self._wake.set())
        filling.add_done_callback(lambda _: self._wake.set())
        try:
            while not keeping.done() or self._inbox or self._chunks:
                _ended(keeping, filling)
                self._digest(CHUNK)
                while self._chunks:
                    yield self._next()
                if not self._inbox and not keeping.done():
                    await self._wake.wait()
                    self._wake.clear()
            await keeping
        finally:
            keeping.cancel()
            filling.cancel()
            await asyncio.gather(keeping, filling, return_exceptions=True)
        self._say_held()

    async def _fill(self) -> None:
        """Fill gaps, also of apps that were never heard."""
        await asyncio.gather(self._filling.run(), *listing(self._table, self._context.environ, self))

    def know(self, apps: Iterable[str]) -> None:
        """Hear which apps there are."""
        self._merging.know(apps, time.time_ns())
        self.give([])

    def position(self) -> object:
        """Return how far the chunks given so far reach."""
        return self._given

    async def kept(self, position: object) -> None:
        """Note how far it came, and which lines are safe."""
        if isinstance(position, Reach):
            self._unsafe.safe(position.number)
            await self._notes.keep(position, self._unsafe, self._merging)

    def connected(self, at_ns: int) -> None:
        """Hear from the connection that it stands."""
        self.problems = 0
        self._is_connected = True
        self._go_on(at_ns)
        self._look_whole()

    def lost(self) -> None:
        """Hear from the connection that it ended."""
        self._is_connected = False
        self._digest()
        self._merging.lost()
        self.give([])

    def message(self, subject: str, data: bytes) -> None:
        """Take a message from the connection."""
        if self._is_full:
            return
        origin = origin_of(subject)
        if not self._notes.has(origin.app, origin.instance):
            self._overhear(subject, data)
            return
        if not data:
            self.failed("empty")
            return
        self._inbox.append((subject, data))
        self._waiting_bytes += len(data) + LINE_BYTES
        self._wake.set()
        if self._waiting_bytes > self._table.waiting_bytes:
            self._look_for_room()

    def failed(self, kind: str, text: str = "") -> None:
        """Count what went wrong."""
        self._context.metrics.failed(SOURCE, kind, text or kind)

    def give(self, given: list[Given]) -> None:
        """Take lines from the merging, and what it has to tell."""
        lines = [each.line for each in given]
        self._unsafe.add(given)
        lines += self._telling.told(time.time_ns())
        if lines:
            size = sum(len(line.text) + LINE_BYTES for line in lines)
            self._chunks.append(Chunk(lines, self._merging.reach(), size))
            self._waiting_bytes += size
            self._wake.set()
        if self._merging.fills:
            self._filling.look()
        self._look_for_room()

    async def room(self) -> None:
        """Wait until the filling may give more."""
        await self._has_room.wait()

    def _digest(self, most: int | None = None) -> None:
        """Let messages pass through the merging, all of them or so many."""
        while self._inbox:
            some = [self._inbox.popleft() for _ in range(min(CHUNK, len(self._inbox)))]
            self._waiting_bytes -= sum(len(data) for _, data in some) + LINE_BYTES * len(some)
            lines = [line_of(subject, data) for subject, data in some]
            self.give(self._merging.live([Said(line, at_ns(line.stamp)) for line in lines], time.time_ns()))
            if most is not None:
                break
        self._look_for_room()

    def _next(self) -> list[Line]:
        chunk = self._chunks.popleft()
        self._waiting_bytes -= chunk.bytes
        self._given = chunk.reach
        self._look_for_room()
        return chunk.lines

    def _look_for_room(self) -> None:
        """Take no more beyond the bound: from there on it is a gap, which ends when half of it is free."""
        most = self._table.waiting_bytes
        if self._waiting_bytes < most // 2:
            self._has_room.set()
        else:
            self._has_room.clear()
        waiting = self._waiting_bytes + self._merging.held_bytes
        if not self._is_full and waiting > most:
            self._is_full = True
            self.failed("slow_consumer")
            say(f"nats: {most} bytes wait: the stream is not taken until there is room, and the gap is filled then")
            self._merging.lost()
            self.give([])
        elif self._is_full and waiting < most // 2:
            self._is_full = False
            self._go_on(time.time_ns())

    def _go_on(self, at_ns: int) -> None:
        """Hear again, once all that was taken before is through."""
        self._digest()
        if self._is_connected and not self._is_full:
            self._merging.connected(at_ns)
            self.give([])

    def _overhear(self, subject: str, data: bytes) -> None:
        """Hear a line of others now and then: it shows that the stream goes on, however quiet ours are."""
        now_s = time.monotonic()
        if now_s - self._overheard_s >= OVERHEAR_S:
            self._overheard_s = now_s
            self._merging.overhear(at_ns(line_of(subject, data).stamp), time.time_ns())
            self._look_whole()

    def _look_whole(self) -> None:
        if not (self._inbox or self._chunks or self._unsafe or self._merging.fills):
            self._notes.whole(self._merging.reach(), self._merging)

    def _asks_for(self, origin: Origin) -> bool:
        return subjects.asked(self._table.subjects, origin) and self._notes.has(origin.app, origin.instance)

    def _api(self) -> LogsApi:
        token = api_token(self._context.environ)
        assert token is not None  # noqa: S101  # without one nothing is filled
        return LogsApi(self._table.api, token, self._context.metrics, source=SOURCE, tries=API_TRIES)

    def _say_held(self) -> None:
        if self._merging.fills:
            say(f"nats: gaps of {len(self._merging.fills)} apps are not filled yet: the next start goes on with them")


def _ended(keeping: "asyncio.Task[None]", filling: "asyncio.Task[None]") -> None:
    """Let an error of a task come out; once nothing more comes live, fill no more: the next start does."""
    if filling.done() and not filling.cancelled():
        filling.result()
    if keeping.done():
        keeping.result()
        filling.cancel()
