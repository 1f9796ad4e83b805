"""Listens where a table says. ``[::]`` is every address, IPv4's too: asyncio alone leaves those out, and Fly asks there."""

import socket

from aiohttp import web

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
