"""Listens where a table says. ``[::]`` is every address, IPv4's too: asyncio alone leaves those out, and Fly asks there."""

import os
import socket

from aiohttp import web

from shippers.findings import Finding
from shippers.receiving.table import place

BACKLOG = 512


def site(runner: web.BaseRunner, listen: str) -> web.BaseSite:
    """Return what ``start`` makes listen; OSError, here or there, if that cannot be."""
    host, port = place(listen)
    if host != "::":
        return web.TCPSite(runner, host, port, backlog=BACKLOG)
    both = socket.has_dualstack_ipv6()
    taken = socket.create_server((host, port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=both)
    return web.SockSite(runner, taken, backlog=BACKLOG)


async def tried(name: str, listen: str) -> list[Finding]:
    """Listen for a moment, for ``flyship doctor``; whoever connects meanwhile is told to come again."""
    runner = web.ServerRunner(web.Server(_closed, access_log=None))
    await runner.setup()
    try:
        await site(runner, listen).start()
    except OSError as error:
        told = os.strerror(error.errno) if error.errno else str(error)
        mend = "stop what listens there, or choose another; a flyship that runs already has it, too"
        return [Finding(name, False, f"cannot listen on {listen} ({told}): {mend}")]
    finally:
        await runner.cleanup()
    return [Finding(name, True, f"{listen} is free")]


async def _closed(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=503)
