"""The source ``receive``: lines that others send by HTTP, answered when they are safe. Knows no batch and no Kafka."""

import asyncio
from collections.abc import AsyncIterator

from shippers.console import say
from shippers.context import Context
from shippers.receiving.held import Held
from shippers.receiving.server import SOURCE, Server
from shippers.receiving.table import Receive
from shippers.receiving.tokens import Tokens
from streams.core.values import Line

STOP_S = 20.0  # how long requests in hand may take to end after the stop; the whole run has 30 s


class Receiver:
    """A resumable source: a request is answered when ``kept`` says that its lines are safe."""

    name = SOURCE
    keep_s = 0.03
    lasts = True

    def __init__(self, table: Receive, context: Context) -> None:
        """Read the tokens; SecretError if they are missing where others can reach us."""
        self.problems = 0
        self._table, self._metrics = table, context.metrics
        self._tokens = Tokens.read(table, context.environ)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget the requests in hand: who got no answer sends again."""
        self._held = Held(self._table.held_bytes, self._table.requests)
        self._server = Server(self._table, self._tokens, self._held, self._metrics)

    async def read(self, stop: asyncio.Event) -> AsyncIterator[list[Line]]:
        """Give each request's lines; after ``stop`` until those in hand are answered."""
        stopping = asyncio.create_task(self._close_at(stop))
        try:
            try:
                say(f"receive: listening on {await self._server.start()}")
            except OSError as error:
                say(f"receive: cannot listen on {self._table.listen}: {error.strerror or error}")
                self.problems += 1
                return
            while (lines := await self._held.lines()) is not None:
                yield lines
        finally:
            stopping.cancel()
            await self._server.close()

    def position(self) -> object:
        """Return the number of the last request that was given."""
        return self._held.given or None

    async def kept(self, position: object) -> None:
        """Answer every request up to a number."""
        if isinstance(position, int):
            self._held.kept(position)

    async def _close_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        await self._held.close(STOP_S)
