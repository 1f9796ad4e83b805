"""Counts what is taken and not safe yet, within bounds, and tells each request when its lines are. Knows no HTTP."""

import asyncio
from collections import deque

from msgspec import Struct

from streams.core.values import Line


class Ticket(Struct, eq=False):
    """A request in hand: what it takes up, and once its lines are taken its number and who waits for them."""

    bytes: int = 0
    number: int = 0
    safe: asyncio.Future[None] | None = None


class Held:
    """The requests in hand. Each leaves once: given up before its lines were taken, or safe."""

    def __init__(self, most_bytes: int, most_requests: int) -> None:
        """Both bounds are of all requests together."""
        self.bytes = self.requests = 0
        self.given = 0  # the number of the last request whose lines were given out
        self.closing = False
        self._most_bytes = most_bytes
        self._most_requests = most_requests
        self._numbers = 0
        self._queue: deque[tuple[int, list[Line]]] = deque()
        self._taken: deque[Ticket] = deque()  # in the order of their numbers
        self._stirred = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def room_bytes(self) -> int:
        """How much more may be held."""
        return max(self._most_bytes - self.bytes, 0)

    def enter(self) -> Ticket | None:
        """Begin a request; None while there are as many as may be."""
        if self.requests >= self._most_requests:
            return None
        self.requests += 1
        self._empty.clear()
        return Ticket()

    def resize(self, ticket: Ticket, size: int) -> bool:
        """Let a request take up ``size`` bytes; False if there is no room for them."""
        if size - ticket.bytes > self.room_bytes:
            return False
        self.bytes += size - ticket.bytes
        ticket.bytes = size
        return True

    def take(self, ticket: Ticket, lines: list[Line]) -> asyncio.Future[None]:
        """Take a request's lines; from now on it stays until they are safe, whether anyone waits for that or not."""
        self._numbers += 1
        ticket.number = self._numbers
        ticket.safe = asyncio.get_running_loop().create_future()
        self._taken.append(ticket)
        self._queue.append((ticket.number, lines))
        self._stirred.set()
        return ticket.safe

    def give_up(self, ticket: Ticket) -> None:
        """End a request whose lines were not taken; nothing for one whose lines were."""
        if not ticket.number:
            self._leave(ticket)

    def kept(self, number: int) -> None:
        """Hear that the lines of every request up to a number are safe."""
        while self._taken and self._taken[0].number <= number:
            ticket = self._taken.popleft()
            self._leave(ticket)
            if ticket.safe is not None and not ticket.safe.done():
                ticket.safe.set_result(None)

    async def lines(self) -> list[Line] | None:
        """Return the next request's lines; None once it is closed and nothing is left to give."""
        while not self._queue:
            if self.closing and self._empty.is_set():
                return None
            self._stirred.clear()
            await self._stirred.wait()
        self.given, lines = self._queue.popleft()
        return lines

    async def close(self, within_s: float) -> None:
        """Let no request in any more, and wait until those in hand have left; after ``within_s`` they are given up."""
        self.closing = True
        self._stirred.set()
        try:
            await asyncio.wait_for(self._empty.wait(), within_s)
        except TimeoutError:
            self._empty.set()
        self._stirred.set()

    def _leave(self, ticket: Ticket) -> None:
        self.requests -= 1
        self.bytes -= ticket.bytes
        if not self.requests:
            self._empty.set()
            self._stirred.set()
