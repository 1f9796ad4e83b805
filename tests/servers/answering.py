"""Local HTTP servers of a test's own, at free ports; also such as speak no HTTP, or nothing at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(paths: Mapping[str, Answering], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve paths by any method at 127.0.0.1; give the port."""
    app = web.Application()
    for path, answer in paths.items():
        app.router.add_route("*", path, answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def saying(words: bytes | None) -> AsyncIterator[int]:
    """Say some bytes to whoever connects, and hang up; None: say nothing and keep the connection. Give the port."""
    ended = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if words is None:
            await ended.wait()
        else:
            await reader.read(1)
            writer.write(words)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended.set()
        server.close()
        await server.wait_closed()
