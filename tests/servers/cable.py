"""A network between a client and a Kafka that a test can cut: a port that leads to the broker, or to nobody."""

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from msgspec import Struct

from config.kafka.broker import Broker, free_port, local_broker

BLOCK_BYTES = 64 * 1024


class Cabled(Struct, frozen=True):
    """A broker, and the two ends of the way to it that can be cut."""

    broker: Broker
    port: int  # where clients connect, and are told to
    target: int  # where the broker listens for that


class Cable:
    """Carries bytes while it is whole. Within its context it is, until ``cut``."""

    def __init__(self, cabled: Cabled) -> None:
        """Nothing is open yet."""
        self.bootstrap = f"127.0.0.1:{cabled.port}"
        self._cabled = cabled
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.answers = asyncio.Event()  # cleared: requests arrive, and nobody hears of it
        self.answers.set()

    async def __aenter__(self) -> Self:
        """Begin to carry."""
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Carry no more."""
        await self.cut()

    async def mend(self) -> None:
        """Let clients connect."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._cabled.port, reuse_address=True)

    async def cut(self) -> None:
        """End every connection at once, and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        self._server = None

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):  # a test that ends ends what is carried
            onward, back = await asyncio.open_connection("127.0.0.1", self._cabled.target)
            self._writers |= {writer, back}
            try:
                await asyncio.gather(_copy(reader, back), _copy(onward, writer, self.answers))
            finally:
                self._writers -= {writer, back}
                back.close()
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, may: asyncio.Event | None = None) -> None:
    with contextlib.suppress(OSError):
        while block := await reader.read(BLOCK_BYTES):
            if may is not None:
                await may.wait()
            writer.write(block)
            await writer.drain()
        writer.close()


@contextmanager
def cabled_kafka() -> Iterator[Cabled]:
    """Run a broker with two ways to it: its own port, and one for a cable."""
    port, cable, target, controller = (free_port() for _ in range(4))
    settings = {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CABLE://127.0.0.1:{target},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},CABLE://127.0.0.1:{cable}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CABLE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
    }
    with local_broker(port, more="".join(f"{key}={value}\n" for key, value in settings.items())) as broker:
        yield Cabled(broker, cable, target)
