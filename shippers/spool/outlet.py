"""The sink of a lasting shipper: records go to Kafka, and while it does not answer to the spool, in the order they came.

- While Kafka answers and nothing waits on disk, records go straight to the producer: the disk sees none of them.
- When it has not acknowledged anything for ASIDE_S, all that is under way is written to the spool, and every new record
  behind it. ``drain`` then returns when all of it is on disk, so that sources hear that their lines are safe.
- What is under way stays with the producer: it sends it when Kafka answers again, each record once. Behind it come the
  records of the spool, read from the disk as there is room; when none is left unread, new ones go straight again.
- A spool that is full, or a full disk, is no error: ``full`` says so, and those who give lines wait for ``room``. What
  they had given by then is kept in memory until there is room, or Kafka answers; ``drain`` waits for it.
- After ``kill -9`` the next start sends what was not acknowledged, but for what ``doubt`` finds in Kafka.
"""

import asyncio
import contextlib
import secrets
import time
from collections import deque

from shippers.client import DeliveryError
from shippers.producer import Producer
from shippers.records import Record
from shippers.settings import Settings
from shippers.spool.doubt import resolve
from shippers.spool.note import Reached
from shippers.spool.segments import sync
from shippers.spool.spool import Spool
from shippers.spool.telling import Telling
from shippers.spool.window import Entry, Unsafe, Window

START_S = 3.0  # so long a start waits for Kafka before it begins with the spool
TURN_S = 0.25
LAST_S = 10.0  # how long after the stop the spool is shipped on, as long as Kafka takes it
WINDOW_BYTES = 4 * 1024 * 1024  # of the spool on its way at once: what may come twice after a crash


class Outlet:
    """A bounded sink: see above."""

    def __init__(self, producer: Producer, spool: Spool, telling: Telling, settings: Settings) -> None:
        """What an earlier process has left in the spool goes first."""
        self.producer = producer
        self._spool = spool
        self.telling = telling
        self._settings = settings
        self.count_dropped = telling.dropped  # of lines that were given up for want of room
        self._window = Window()
        self._unsafe = Unsafe(secrets.token_hex(6))
        self._overflow: deque[Entry] = deque()  # what found no room in the spool, in order
        self._acknowledged = 0  # records, as the producer counts them
        self._aside = True  # whether new records go by way of the spool
        self._connected = False
        self._changed = asyncio.Event()
        self._dirty = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def safe_lines(self) -> int:
        """How many of the lines that came are in Kafka or on disk."""
        return self._unsafe.safe_lines

    @property
    def full(self) -> bool:
        """Whether no more should be given."""
        return self._aside and (bool(self._overflow) or self._spool.full)

    async def room(self) -> None:
        """Wait until more may be given."""
        while self.full:
            await self._change()

    async def start(self) -> None:
        """Connect; without an answer begin with the spool. DeliveryError for what only somebody can mend."""
        self.telling.found()
        for work in (self._deliver(), self._feed(), self._commit(), self._look()):
            self._tasks.append(asyncio.create_task(work))
            self._tasks[-1].add_done_callback(lambda _: self._changed.set())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                while not self._connected:
                    await self._change()

    async def send(self, record: Record) -> None:
        """Take a record over; waits while too much is under way and Kafka answers."""
        self.check()
        while not self._aside and self._window and self._window.bytes + len(record.value) > self._settings.in_flight_bytes:
            await self._change()
        entry = self._unsafe.add(record, time.time_ns() // 1_000_000)
        if not self._aside:
            self._enter(entry)
        elif self._overflow or not self._placed(entry):
            self._overflow.append(entry)

    async def tick(self, at_ms: int) -> None:
        """Ticks are for history, which can wait and needs no spool."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Wait until every record that was sent before this call is in Kafka or on disk."""
        last = self._unsafe.last
        while self._unsafe.holds(last):
            await self._change()
        self.check()

    async def settle(self, stop: asyncio.Event) -> None:
        """Wait until Kafka has everything; after ``stop`` only for a while, and only as long as it goes on taking."""
        stopped_s: float | None = None
        while self._window or self._spool.records:
            self.check()
            if stop.is_set():
                stopped_s = _now_s() if stopped_s is None else stopped_s
                if not self._connected or self._window.stuck(_now_s()) or _now_s() - stopped_s > LAST_S:
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._change(), TURN_S)

    def check(self) -> None:
        """Raise if Kafka refuses a record for good, or the spool cannot be used."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                try:
                    task.result()
                except OSError as error:
                    raise self._broken(error) from None
        self.producer.check()

    async def close(self) -> None:
        """Hang up, and let others have the spool."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.producer.close()
        self._spool.close()

    async def _change(self) -> None:
        self.check()
        self._changed.clear()
        await self._changed.wait()
        self.check()

    async def _deliver(self) -> None:
        """Connect, however long it takes, and then hear what is acknowledged."""
        await self.producer.start(for_ever=True)
        await resolve(self._spool, self._settings, self.telling)
        self._connected = True
        self._window.touch(_now_s())
        self._changed.set()
        while True:
            await self.producer.moved()
            gone = self.producer.acknowledged - self._acknowledged
            self._acknowledged += gone
            place = self._window.acknowledge(gone, _now_s())
            if place is not None:
                self._spool.acknowledge(place)
            self._trim()

    async def _feed(self) -> None:
        """Hand records to the producer, one after another: those of the window, and then of the spool."""
        while True:
            if self._connected and not self._window.handed:
                entry = self._window.hand()
                if entry.place is not None:
                    self._spool.sent(entry.place.number)
                await self.producer.send(entry.record)
            elif not self._refilled():
                self._straight_again()
                await self._change()

    def _refilled(self) -> bool:
        """Take the next record of the spool, or what found no room there, into the window; False if there is nothing."""
        takes = self._aside and self._connected and not self._window.stuck(_now_s())
        if not takes or self._window.bytes >= min(WINDOW_BYTES, self._settings.in_flight_bytes):
            return False
        if (stored := self._spool.next()) is not None:
            self._enter(Entry(0, stored.record, Reached(stored.number, stored.line_end)))
        elif not self._overflow:
            return False
        elif not (entry := self._overflow.popleft()).held:  # Kafka answers before the disk has room
            self._enter(entry)
        return True

    def _straight_again(self) -> None:
        """Let new records go straight to Kafka, if it answers and nothing is left that goes before them."""
        waits = self._spool.unread or self._overflow or not self._window.handed
        if self._aside and self._connected and not waits and not self._window.stuck(_now_s()):
            self._aside = False
            self.telling.read()
            self._changed.set()

    async def _commit(self) -> None:
        """Bring what was written to the disk: one turn for all that was written during the turn before."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            paths, number = self._spool.unsynced()
            await asyncio.to_thread(sync, paths)
            self._spool.synced(number)
            self._trim()

    async def _look(self) -> None:
        """Turn aside when Kafka does not answer; write what found no room before; tell."""
        noted: Reached | None = None
        while True:
            if self._window.stuck(_now_s()) and not self._spool.unread and not self._overflow:
                self._turn_aside()
            while self._overflow and (self._overflow[0].acknowledged or self._placed(self._overflow[0])):
                self._overflow.popleft()
            if self._spool.acknowledged != noted:
                noted = self._spool.acknowledged
                await asyncio.to_thread(self._spool.sync_note)
            self.telling.look(full=self.full)
            self._changed.set()
            await asyncio.sleep(TURN_S)

    def _turn_aside(self) -> None:
        """Write what is under way to the spool: it goes there before anything new."""
        self._aside = True
        for entry, handed in list(self._window.unplaced()):
            if self._overflow or not self._placed(entry):
                self._overflow.append(entry)
            elif handed and entry.place is not None:
                self._spool.sent(entry.place.number)

    def _placed(self, entry: Entry) -> bool:
        """Write a record to the spool; False if there is no room for it."""
        try:
            entry.place = self._spool.append(entry.record)
        except OSError as error:
            raise self._broken(error) from None
        if entry.place is not None:
            if entry.held:
                self._spool.skip()
            self.telling.stored(entry.record.lines)
            self._dirty.set()
            self._changed.set()
        return entry.place is not None

    def _enter(self, entry: Entry) -> None:
        self._window.enter(entry, _now_s())
        self._changed.set()

    def _trim(self) -> None:
        self._unsafe.trim(self._spool.durable)
        self._changed.set()

    def _broken(self, error: OSError) -> DeliveryError:
        return DeliveryError(f"the spool {self._spool.directory} cannot be used: {error.strerror or error}")


def _now_s() -> float:
    return asyncio.get_running_loop().time()
