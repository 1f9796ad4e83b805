"""Listens to the stream for ever: connects, notices when the server is gone, connects again. Decides nothing about lines.

nats-py could connect again by itself, but in silence, deaf to a stop, and with the password it was given once. So each of
its clients lives for one connection, and the loop here makes the next one: with the secret read again, since a token may
have been rotated, after a wait that grows and that others do not wait at the same time.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Coroutine
from typing import Any

from shippers.console import say
from shippers.fly_nats.client import Listener, LostError, OneConnection, Password, opened
from shippers.fly_nats.table import Nats
from shippers.fly_nats.wording import Failure

FIRST_WAIT_S, MOST_WAIT_S = 0.2, 15.0
STEADY_S = 5.0  # a connection that held so long makes the waits short again


class Connection:
    """The loop that keeps a connection."""

    def __init__(self, table: Nats, password: Password, listener: Listener) -> None:
        """``password`` is asked at each attempt."""
        self._table, self._password, self._listener = table, password, listener
        self._told = ""  # the last trouble that was said: a server that stays away is told once
        self._is_first = True

    async def keep(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``; return when everything that the server had sent by then has been taken."""
        wait_s = FIRST_WAIT_S
        while not stop.is_set():
            began_s = time.monotonic()
            try:
                await self._listen(stop)
            except LostError as lost:
                self._tell(lost.why)
                self._listener.lost()
            if time.monotonic() - began_s >= STEADY_S:
                wait_s = FIRST_WAIT_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait_s * random.uniform(0.5, 1.0))  # noqa: S311  # spreads load
            wait_s = min(wait_s * 2, MOST_WAIT_S)

    async def _listen(self, stop: asyncio.Event) -> None:
        """Listen over one connection until ``stop``; LostError when it ends before."""
        one = await _unless(stop, opened(self._table, self._password))
        if one is None:
            return
        try:
            await one.subscribe(self._listener)
            self._tell_connected()
            tasks = [asyncio.create_task(waits) for waits in (one.ended.wait(), stop.wait(), one.watch())]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            if one.ended.is_set() or not stop.is_set():
                raise LostError(one.why)
            await one.drain()
        finally:
            await one.close()

    def _tell(self, why: Failure) -> None:
        self._listener.failed(why.kind, f"{self._table.server}: {why.text}")
        if why.text != self._told:
            say(f"nats: {self._table.server}: {why.text}; trying again until it holds")
            self._told = why.text

    def _tell_connected(self) -> None:
        if self._is_first or self._told:
            say(f"nats: listening to {', '.join(self._table.subjects)} at {self._table.server}")
        self._told, self._is_first = "", False


async def _unless(stop: asyncio.Event, opening: Coroutine[Any, Any, OneConnection]) -> OneConnection | None:
    """Return the connection, None if ``stop`` was set first: an address that swallows what is sent takes long to give up."""
    tasks = asyncio.create_task(opening), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].result() if tasks[0].done() else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
