"""Tries the table [receive] for ``flyship doctor``: whether its port is free and its tokens are there. Takes no request."""

import asyncio
import os

from shippers.context import Context
from shippers.findings import Finding
from shippers.receiving.table import Receive, place
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
    host, port = place(table.listen)
    try:
        server = await asyncio.start_server(lambda _, writer: writer.close(), host, port)
    except OSError as error:
        told = os.strerror(error.errno) if error.errno else str(error)
        mend = "stop what listens there, or choose another port" if port else "choose another address"
        return Finding("receive", False, f"cannot listen on {table.listen} ({told}): {mend}; a running flyship has it, too")
    server.close()
    await server.wait_closed()
    return Finding("receive", True, f"{table.listen} is free")
