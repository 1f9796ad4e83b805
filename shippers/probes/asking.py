"""Asks an API one question by HTTP, over a connection of its own. Knows no single API.

The deadline is the asker's. Redirects are not followed: one could carry the token to somebody else.
"""

from collections.abc import Mapping

import aiohttp
import msgspec
from msgspec import Struct

from shippers.probes.failures import ERRORS, Failure, of_error, of_status, why

MOST_BYTES = 16 * 1024 * 1024
HIDDEN = "***"


class Unanswered(Exception):
    """There is no answer that can be used; the message says why, without a secret."""

    def __init__(self, failure: Failure, detail: str) -> None:
        """``detail`` is for people."""
        super().__init__(detail)
        self.failure = failure


class _Refusal(Struct):
    error: str


async def asked(url: str, headers: Mapping[str, str], *, form: Mapping[str, str] | None = None) -> bytes:
    """Return the body of a 200; with ``form`` it is posted. Raises Unanswered."""
    secret = headers.get("Authorization", "").rpartition(" ")[2]
    method = "GET" if form is None else "POST"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(), headers=headers) as session,
            session.request(method, url, data=form, allow_redirects=False) as answer,
        ):
            body = await _whole(answer.content)
    except ERRORS as error:
        raise Unanswered(of_error(error), why(error)) from None
    if answer.status == 200:
        return body
    detail = f"status {answer.status}{_said(body)}"
    raise Unanswered(of_status(answer.status), detail.replace(secret, HIDDEN) if secret else detail)


async def _whole(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for block in content.iter_any():
        body += block
        if len(body) > MOST_BYTES:
            raise Unanswered(Failure.BAD_ANSWER, f"more than {MOST_BYTES} bytes")
    return bytes(body)


def _said(body: bytes) -> str:
    """Return what an API says of its refusal, as far as it says it in ``error``."""
    try:
        return f": {msgspec.json.decode(body, type=_Refusal).error}"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
