"""One connection to the stream, by a client of nats-py that never connects again. With ``wording`` the only nats-py user."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any, Protocol

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import SecretStr

from shippers.fly_nats.table import Nats
from shippers.fly_nats.wording import DEAD, Failure, failure, refused
from shippers.secrets import SecretError

CONNECT_S = 5.0
PING_S = 5.0
MOST_QUIET = 2  # times PING_S without an answer to a ping nor anything else: a dead peer is noticed within 15 s
NEVER_S = 86_400  # nats-py's own pings: an answer behind a long backlog would be late, and no sign of a dead peer
DRAIN_S = 5.0
PENDING_MESSAGES = 65_536  # between nats-py's parser and us, who take each at once

Password = Callable[[], SecretStr | None]


class Listener(Protocol):
    """Who hears what a connection brings."""

    def connected(self, at_ns: int) -> None:
        """Hear that what is said from now on will be heard."""
        ...

    def lost(self) -> None:
        """Hear that nothing more will be heard until the next ``connected``."""
        ...

    def message(self, subject: str, data: bytes) -> None:
        """Take a message."""
        ...

    def failed(self, kind: str, text: str = "") -> None:
        """Count what went wrong; ``text`` says it to people."""
        ...


class LostError(Exception):
    """This connection is no good any more."""

    def __init__(self, why: Failure) -> None:
        """``why``: what is counted and told."""
        super().__init__(why.text)
        self.why = why


class OneConnection:
    """A client of nats-py that is connected, and never connects again."""

    def __init__(self, table: Nats) -> None:
        """Prepare."""
        self.ended = asyncio.Event()
        self.why = Failure("disconnected", "the connection ended")
        self._table = table
        self._client: Any = Client()  # its types are incomplete
        self._answer: asyncio.Task[None] | None = None  # to a ping; nats-py fails at answers that nobody waits for

    async def connect(self, password: SecretStr | None) -> None:
        """Connect; LostError says why not."""
        user = {"user": self._table.org, "password": password.get_secret_value()} if password else {}
        try:
            async with asyncio.timeout(2 * CONNECT_S):
                await self._client.connect(
                    self._table.server,
                    name="flyship",
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=CONNECT_S,
                    ping_interval=NEVER_S,
                    drain_timeout=DRAIN_S,
                    error_cb=self._erred,
                    closed_cb=self._closed,
                    **user,
                )
        except (nats.errors.Error, OSError, ValueError) as error:  # OSError: also TimeoutError; ValueError: no NATS
            refused = isinstance(error, nats.errors.NoServersError) and self.ended.is_set()
            raise LostError(self.why if refused else failure(error, self._table.org)) from None

    async def subscribe(self, listener: Listener) -> None:
        """Begin to listen: ``connected`` is heard before the first message. LostError if the server does not let us."""
        early: list[Msg] = []
        take = early.append

        async def heard(message: Msg) -> None:  # nats-py awaits it
            take(message)

        at_ns = time.time_ns()
        limit = self._table.waiting_bytes
        try:
            for subject in self._table.subjects:
                await self._client.subscribe(subject, "", heard, pending_msgs_limit=PENDING_MESSAGES, pending_bytes_limit=limit)
            for _ in range(2):  # nats-py's first ping overtakes what it has queued; a refusal comes before the second answer
                await self._client.flush(CONNECT_S)
        except (nats.errors.Error, OSError) as error:
            raise LostError(self.why if self.ended.is_set() else failure(error, self._table.org)) from None
        if self.ended.is_set():
            raise LostError(self.why)
        listener.connected(at_ns)
        for message in early:
            listener.message(message.subject, message.data)
        take = lambda message: listener.message(message.subject, message.data)  # noqa: E731  # heard() takes it from here on

    async def watch(self) -> None:
        """Ask for a sign of life again and again; return when there is none: then the connection has ended."""
        quiet, heard = 0, 0
        while quiet < MOST_QUIET:
            answer = self._answer = asyncio.create_task(self._client.flush(NEVER_S))
            while quiet < MOST_QUIET and not answer.done():
                await asyncio.wait({answer}, timeout=PING_S)
                before, heard = heard, self._client.stats["in_msgs"]
                quiet = 0 if answer.done() or heard != before else quiet + 1
            if answer.done() and answer.exception() is not None:
                return  # closed: ``ended`` says why
            if quiet < MOST_QUIET:
                await asyncio.sleep(PING_S)
        self.why = DEAD
        self.ended.set()

    async def drain(self) -> None:
        """Ask for no more, and take what the server has sent until it knows."""
        with contextlib.suppress(nats.errors.Error, OSError):
            async with asyncio.timeout(2 * DRAIN_S):
                await self._client.drain()

    async def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(nats.errors.Error, OSError):
            async with asyncio.timeout(CONNECT_S):
                await self._client.close()
        if self._answer is not None:
            self._answer.cancel()
            await asyncio.gather(self._answer, return_exceptions=True)

    async def _erred(self, error: Exception) -> None:
        """Hear what nats-py came across; whatever it is, what was sent meanwhile may be lost with it."""
        if not self.ended.is_set():
            self.why = failure(error, self._table.org)
            self.ended.set()

    async def _closed(self) -> None:
        if not self.ended.is_set():
            if (error := self._client.last_error) is not None:
                self.why = failure(error, self._table.org)
            self.ended.set()


async def opened(table: Nats, password: Password) -> OneConnection:
    """Return a connection that stands; LostError says why there is none."""
    try:
        secret = password()
    except SecretError as error:
        raise LostError(Failure("no_token", str(error))) from None
    one = OneConnection(table)
    try:
        await one.connect(secret)
    except LostError as lost:
        await one.close()
        raise LostError(refused(lost.why, has_token=secret is not None)) from None
    except asyncio.CancelledError:
        await one.close()
        raise
    return one
