"""Asks Fly's Machines API which apps an organisation has: a gap may have lines of one that was never heard. Knows no gap."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
from msgspec import Struct
from pydantic import SecretStr

from shippers.console import say
from shippers.fly_api.tokens import authorization
from shippers.fly_nats import subjects
from shippers.fly_nats.table import Nats
from shippers.fly_nats.tokens import api_token
from shippers.probes.asking import Unanswered, asked
from shippers.probes.failures import Failure
from shippers.secrets import SecretError

EVERY_S, RETRY_S, DEADLINE_S = 300.0, 30.0, 20.0


class _App(Struct):
    name: str


class _Apps(Struct):
    apps: list[_App]


class Knowing(Protocol):
    """Who wants to know."""

    def know(self, apps: Iterable[str]) -> None:
        """Hear which apps there are."""
        ...

    def failed(self, kind: str) -> None:
        """Count what went wrong."""
        ...


class Apps:
    """Asks again and again. What goes wrong is told once; gaps of the apps that were heard are filled all the same."""

    def __init__(self, base: str, org: str, token: Callable[[], SecretStr | None], knowing: Knowing) -> None:
        """``token`` gives the token as it is by then, or None."""
        self._url = f"{base.rstrip('/')}/v1/apps?org_slug={quote(org, safe='')}"
        self._token, self._knowing = token, knowing
        self._told: str | None = None

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            pause_s = EVERY_S if await self._round() else RETRY_S
            await asyncio.sleep(pause_s)

    async def _round(self) -> bool:
        try:
            if (token := self._token()) is not None:
                async with asyncio.timeout(DEADLINE_S):
                    self._knowing.know(await names(self._url, token))
        except (Unanswered, SecretError, TimeoutError) as error:
            self._say(f"nats: which apps there are is not known: {error or 'no answer'}; gaps of those heard so far are filled")
            self._knowing.failed("apps")
            return False
        if self._told is not None:
            self._say("nats: which apps there are is known again")
            self._told = None
        return True

    def _say(self, text: str) -> None:
        if text != self._told:
            say(text)
        self._told = text


def listing(table: Nats, environ: Mapping[str, str], knowing: Knowing) -> Iterator[Coroutine[Any, Any, None]]:
    """Yield what asks for ever, where the table asks for lines of apps that it does not name."""
    if table.list_apps and subjects.ask_for_any_app(table.subjects):
        yield Apps(table.machines_api, table.org, partial(api_token, environ), knowing).run()


async def names(url: str, token: SecretStr) -> list[str]:
    """Return the names of the apps; Unanswered where there is no answer, or none that can be read."""
    body = await asked(url, {"Authorization": authorization(token), "Accept": "application/json"})
    try:
        return [app.name for app in msgspec.json.decode(body, type=_Apps).apps]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unanswered(Failure.BAD_ANSWER, "the answer is no list of apps") from None
