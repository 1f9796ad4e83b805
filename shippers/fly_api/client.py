"""Asks Fly's logs API, page by page, within its rate limits. Knows no source and no file."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

import aiohttp
from pydantic import SecretStr

from shippers.fly_api.errors import PASSING, ApiError, Kind, kind_of
from shippers.fly_api.pages import ApiLine, NotAPageError, Page, page_of
from shippers.fly_api.tokens import authorization
from shippers.fly_api.walk import Walk
from shippers.metrics import Metrics
from shippers.nanoseconds import SECOND_NS

__all__ = ["ApiError", "ApiLine", "Kind", "LogsApi", "Page"]

MAX_BODY_BYTES = 16 * 1024 * 1024
FIRST_WAIT_S, MOST_WAIT_S = 0.5, 30.0
MOST_ASKED_WAIT_S = 300.0  # who asks for more than this is not waited for
AT_ONCE = 4  # questions under way: several apps wait for the network, not for each other
SETTLED_NS = 60 * SECOND_NS  # older than this nothing is on its way into the API any more


class LogsApi:
    """A client of one API with one token. Use as ``async with``; what goes wrong is counted for ``source``."""

    def __init__(
        self, base: str, token: SecretStr, metrics: Metrics, *, source: str = "api", tries: int = 8, timeout_s: float = 30.0
    ) -> None:
        """``tries`` of each question before it is given up."""
        self._base, self._token, self._source = base.rstrip("/"), token, source
        self._metrics = metrics
        self._tries, self._timeout_s = tries, timeout_s
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._not_before_s = 0.0  # in monotonic time: a rate limit is the token's, not one question's
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open nothing yet: the first question does."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    def use(self, token: SecretStr) -> None:
        """Ask with another token from now on: tokens are rotated."""
        self._token = token

    async def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def page(self, app: str, *, after: str | None, region: str | None = None, instance: str | None = None) -> Page:
        """Return the page that begins at a token; without one the newest.

        Asks again, after waits that grow, while what is wrong may pass. Raises ApiError when it does not.
        """
        query = {"next_token": after, "region": region, "instance": instance}
        asked = {name: value for name, value in query.items() if value}
        tried = 0
        while True:
            try:
                async with self._turn:
                    await asyncio.sleep(max(0.0, self._not_before_s - time.monotonic()))
                    return await self._once(app, asked)
            except ApiError as error:
                self._metrics.failed(self._source, error.kind, f"{app}: {error}")
                tried += 1
                if error.kind not in PASSING or tried >= self._tries or (error.wait_s or 0) > MOST_ASKED_WAIT_S:
                    raise
                await self._wait(error, tried)

    async def history(
        self, app: str, since_ns: int, until_ns: int | None = None, *, region: str | None = None, instance: str | None = None
    ) -> AsyncIterator[Page]:
        """Yield pages of the lines stamped from ``since_ns`` to before ``until_ns``, each once, until there are no more."""
        walk = Walk(since_ns)
        while not walk.is_at_end and (until_ns is None or walk.token_ns < until_ns):
            page = await self.page(app, after=str(walk.token_ns), region=region, instance=instance)
            fresh = walk.take(page, time.time_ns() - SETTLED_NS)
            within = tuple(said for said in fresh if since_ns <= said.at_ns and (until_ns is None or said.at_ns < until_ns))
            if within:
                yield Page(within, page.next_token)

    async def _wait(self, error: ApiError, tried: int) -> None:
        """Wait before the next try; the others wait along where the token is what is limited."""
        wait_s = min(FIRST_WAIT_S * 2 ** (tried - 1), MOST_WAIT_S) * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load
        if error.kind is Kind.RATE_LIMITED:
            wait_s = wait_s if error.wait_s is None else error.wait_s + random.uniform(0.0, 0.25)  # noqa: S311  # as above
            self._not_before_s = max(self._not_before_s, time.monotonic() + wait_s)
        else:
            await asyncio.sleep(wait_s)

    async def _once(self, app: str, query: dict[str, str]) -> Page:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._timeout_s)
            self._session = aiohttp.ClientSession(timeout=timeout, headers={"Accept": "application/json"})
        url = f"{self._base}/api/v1/apps/{app}/logs"
        headers = {"Authorization": authorization(self._token)}
        try:
            # A redirect could carry the token to somebody else.
            async with self._session.get(url, params=query, headers=headers, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise ApiError(kind_of(answer.status), str(answer.status), _asked_wait_s(answer.headers.get("Retry-After")))
                return page_of(await _body(answer), app)
        except NotAPageError as error:
            raise ApiError(Kind.GARBAGE, str(error)) from None
        except TimeoutError:
            raise ApiError(Kind.TIMEOUT, f"{self._timeout_s:g} s") from None
        except aiohttp.ClientConnectorError as error:
            raise ApiError(Kind.UNREACHABLE, error.os_error.strerror or str(error.os_error)) from None
        except (aiohttp.ClientError, OSError) as error:  # the text of some errors quotes what was sent
            raise ApiError(Kind.UNREACHABLE, type(error).__name__) from None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in answer.content.iter_chunked(256 * 1024):
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise ApiError(Kind.TOO_LARGE, f"more than {MAX_BODY_BYTES} bytes")
    return b"".join(parts)


def _asked_wait_s(header: str | None) -> float | None:
    """Return the seconds of a ``Retry-After``: a number, or a date."""
    if header is None:
        return None
    try:
        return max(0.0, float(header) if header.strip().isdigit() else _seconds_until(header))
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds_until(date: str) -> float:
    at = parsedate_to_datetime(date)
    return (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
