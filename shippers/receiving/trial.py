"""Tries the table [receive] for ``flyship doctor``: whether its port is free and its tokens are there. Takes no request."""

import os

from aiohttp import web

from shippers.context import Context
from shippers.findings import Finding
from shippers.listening import site
from shippers.receiving.table import Receive
from shippers.receiving.tokens import Tokens
from shippers.secrets import SecretError


async def try_out(table: Receive, context: Context) -> list[Finding]:
    """Read the tokens, and listen for a moment."""
    return [_tokens(table, context), await _listened(table)]


def _tokens(table: Receive, context: Context) -> Finding:
    try:
        Tokens.read(table, context.environ)
    except SecretError as error:
        return Finding("receive tokens", False, str(error))
    return Finding("receive tokens", True, "they are there" if not table.is_private else "this machine needs none")


async def _listened(table: Receive) -> Finding:
    runner = web.ServerRunner(web.Server(_closed, access_log=None))
    await runner.setup()
    try:
        await site(runner, table.listen).start()
    except OSError as error:
        told = os.strerror(error.errno) if error.errno else str(error)
        mend = "stop what listens there, or choose another; a flyship that runs already has it, too"
        return Finding("receive", False, f"cannot listen on {table.listen} ({told}): {mend}")
    finally:
        await runner.cleanup()
    return Finding("receive", True, f"{table.listen} is free")


async def _closed(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=503)
