"""Tries the table [receive] for ``flyship doctor``: whether its port is free and its tokens are there. Takes no request."""

from shippers.context import Context
from shippers.findings import Finding
from shippers.listening import tried
from shippers.receiving.table import Receive
from shippers.receiving.tokens import Tokens
from shippers.secrets import SecretError


async def try_out(table: Receive, context: Context) -> list[Finding]:
    """Read the tokens, and listen for a moment."""
    return [_tokens(table, context), *await tried("receive", table.listen)]


def _tokens(table: Receive, context: Context) -> Finding:
    try:
        Tokens.read(table, context.environ)
    except SecretError as error:
        return Finding("receive tokens", False, str(error))
    return Finding("receive tokens", True, "they are there" if not table.is_private else "this machine needs none")
