"""Tokens for OAUTHBEARER: out of a file that others renew, or asked for with client credentials. Knows no Kafka."""

import asyncio
import base64
import time
from pathlib import Path

import aiohttp
import orjson
from aiokafka.abc import AbstractTokenProvider

ANSWER_S = 10.0
ANSWER_BYTES = 1024 * 1024
FRESH = 0.8  # of its life a token is used; then another one is asked for
LEAST_S = 10.0  # a token whose life is not told, or very short, is used for so long


class TokenError(ConnectionError):
    """There is no token; the message says why. A ConnectionError: aiokafka then tries again, as when nobody answers."""


class FileToken(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka is not typed
    """The token in a file, read for each connection: whoever renews it replaces the file."""

    def __init__(self, path: Path) -> None:
        """``path``: the file, which holds nothing else."""
        self._path = path

    async def token(self) -> str:
        """Return what is in the file now."""
        try:
            found = (await asyncio.to_thread(self._path.read_text, "utf-8")).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TokenError(f"token_file {self._path} cannot be read: {error.__class__.__name__}") from None
        if not found:
            raise TokenError(f"token_file {self._path} is empty")
        return found


class AskedToken(AbstractTokenProvider):  # type: ignore[misc]  # as above
    """A token of the client-credentials grant (RFC 6749, 4.4), kept for most of its life."""

    def __init__(self, url: str, client_id: str, client_secret: str, scope: str | None) -> None:
        """Nothing is asked before the first connection."""
        self._url = url
        login = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._head = {"Authorization": f"Basic {login}", "Accept": "application/json"}
        self._form = {"grant_type": "client_credentials"} | ({} if scope is None else {"scope": scope})
        self._kept = ""
        self._until_s = 0.0
        self._turn = asyncio.Lock()

    async def token(self) -> str:
        """Return a token that has some of its life before it."""
        async with self._turn:
            if time.monotonic() >= self._until_s:
                self._kept, life_s = await self._ask()
                self._until_s = time.monotonic() + max(FRESH * life_s, LEAST_S)
            return self._kept

    async def _ask(self) -> tuple[str, float]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, data=self._form, headers=self._head, allow_redirects=False) as answer,
            ):
                status, body = answer.status, await answer.content.read(ANSWER_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TokenError(f"token_url {self._url} does not answer: {str(error) or error.__class__.__name__}") from None
        try:
            document = orjson.loads(body)
            found, life_s = document["access_token"], document.get("expires_in", 0)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise TokenError(f"token_url {self._url} gives no token: {status}{_reason(body)}") from None
        return str(found), float(life_s) if isinstance(life_s, int | float) else 0.0


def _reason(body: bytes) -> str:
    """Return RFC 6749's error word, if there is one: what else is in an answer is nobody's affair."""
    try:
        word = orjson.loads(body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return f" {word}" if isinstance(word, str) and len(word) < 60 and word.isprintable() else ""
