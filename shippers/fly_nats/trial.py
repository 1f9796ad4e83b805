"""Tries the table [nats] for ``flyship doctor``: whether the stream lets us listen, and whether gaps could be filled."""

import asyncio
import contextlib

from shippers.context import Context
from shippers.findings import Finding
from shippers.fly_api.client import ApiError, LogsApi
from shippers.fly_nats import subjects
from shippers.fly_nats.client import LostError, opened
from shippers.fly_nats.table import Nats
from shippers.fly_nats.telling import SOURCE
from shippers.fly_nats.tokens import api_token, password
from shippers.secrets import SecretError

HEAR_S = 3.0  # in which a busy organisation says something
API_S = 8.0


class _Ear:
    """A listener that hears one message."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self.app = ""

    def connected(self, at_ns: int) -> None:
        """No gap matters here."""

    def lost(self) -> None:
        """Whoever tries hears it as an error."""

    def message(self, subject: str, data: bytes) -> None:  # noqa: ARG002  # what it says is not asked
        """Note whose it is."""
        self.app = self.app or subjects.origin(subject).app
        self.heard.set()

    def failed(self, kind: str, text: str = "") -> None:
        """Nothing is counted here."""


async def try_out(table: Nats, context: Context) -> list[Finding]:
    """Listen for a moment, and ask the logs API for a page of an app."""
    ear = _Ear()
    found = [await _listened(table, context, ear)]
    apps = [*table.apps, *sorted(subjects.apps(table.subjects)), ear.app]
    return [*found, await _asked(table, context, next((app for app in apps if app), None))]


async def _listened(table: Nats, context: Context, ear: _Ear) -> Finding:
    try:
        await _hear(table, context, ear)
    except LostError as lost:
        return Finding("nats", ok=False, text=f"{table.server}: {lost.why.text}")
    heard = f"{ear.app or 'somebody'} spoke" if ear.heard.is_set() else f"nobody spoke within {HEAR_S:.0f} s"
    return Finding("nats", ok=True, text=f"{table.server} lets us listen to {', '.join(table.subjects)}; {heard}")


async def _hear(table: Nats, context: Context, ear: _Ear) -> None:
    one = await opened(table, lambda: password(context.environ))
    try:
        await one.subscribe(ear)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEAR_S):
                await ear.heard.wait()
    finally:
        await one.close()


async def _asked(table: Nats, context: Context, app: str | None) -> Finding:
    name = "nats gaps"
    try:
        token = api_token(context.environ)
    except SecretError as error:
        return Finding(name, ok=False, text=str(error))
    if token is None:
        return Finding(name, ok=False, text="cannot be filled without a token: set FLY_ACCESS_TOKEN or FLY_API_TOKEN")
    if app is None:
        return Finding(name, ok=True, text=f"not tried: no app is known; name one in apps to have {table.api} asked")
    api = LogsApi(table.api, token, context.metrics, source=SOURCE, tries=1, timeout_s=API_S)
    try:
        await api.page(app, after=None)
    except ApiError as error:
        return Finding(name, ok=False, text=f"{table.api}: {app}: {error}")
    finally:
        await api.close()
    return Finding(name, ok=True, text=f"{table.api} answers for {app}: what is missed can be filled")
