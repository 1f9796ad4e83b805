"""The source ``stdin``: whatever a program writes into our pipe. Knows no batch and no Kafka."""

import asyncio
import os
import select
from collections.abc import AsyncIterator

from shippers.sources.unwrapping import Unwrapping
from streams.core.values import Line

BLOCK_BYTES = 256 * 1024
SILENCE_S = 1.0  # after so long without a byte an open document is given as it is
LAST_BLOCKS = 16  # how much is read after the stop at most: a pipe holds 1 MiB, and gives 64 KiB at a time


class Stdin:
    """Lines of a file descriptor. Stops between two reads, so a silent writer cannot hold up the drain."""

    name = "stdin"

    def __init__(self, app: str, instance: str, descriptor: int = 0) -> None:
        """``app`` and ``instance`` stand in where an envelope does not name them."""
        self.problems = 0
        self._descriptor = descriptor
        self._unwrapping = Unwrapping(app, instance)

    async def read(self, stop: asyncio.Event) -> AsyncIterator[list[Line]]:
        """Give lines until the end of the input or ``stop``; after that what the writer had already written."""
        readable = _Readable(self._descriptor, stop)
        ended = False
        try:
            while not stop.is_set() and not ended:
                if not await readable.within(SILENCE_S if self._unwrapping.holds else None):
                    yield self._unwrapping.release()
                elif not stop.is_set():
                    block = os.read(self._descriptor, BLOCK_BYTES)
                    ended = not block
                    yield self._unwrapping.push(block)
        finally:
            readable.close()
        for block in [] if ended else self._written():
            ended = not block
            yield self._unwrapping.push(block)
        if ended:
            yield self._unwrapping.rest()

    def _written(self) -> list[bytes]:
        """Read what is in the pipe without waiting; empty bytes at last when nothing is left of it."""
        found: list[bytes] = []
        while len(found) < LAST_BLOCKS and (not found or found[-1]):
            ready, _, _ = select.select([self._descriptor], [], [], 0)
            found.append(os.read(self._descriptor, BLOCK_BYTES) if ready else b"")
        return found


class _Readable:
    """Waits until a descriptor has bytes or the stop is set. Leaves the descriptor blocking: a terminal is shared."""

    def __init__(self, descriptor: int, stop: asyncio.Event) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._stopping = asyncio.create_task(self._wake_on(stop))
        self._waits = True
        try:
            self._listen()
        except PermissionError:  # a regular file or /dev/null: its reader never has to wait
            self._waits = False

    async def within(self, timeout_s: float | None) -> bool:
        """Wait for bytes or the stop; False if the time passed without either."""
        if not self._waits:
            await asyncio.sleep(0)
            return True
        self._listen()
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except TimeoutError:
            return False
        finally:
            self._loop.remove_reader(self._descriptor)  # it would fire on and on while we wait for Kafka
        self._event.clear()
        return True

    def close(self) -> None:
        self._stopping.cancel()
        if self._waits:
            self._loop.remove_reader(self._descriptor)

    def _listen(self) -> None:
        self._loop.add_reader(self._descriptor, self._event.set)

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._event.set()
