"""Which apps an organisation has, by Fly's Machines API: those that were never heard are looked for in gaps, too."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from shippers import flyship_file
from shippers.context import Context
from shippers.fly_nats.apps import Apps, names
from shippers.probes.asking import Unanswered
from shippers.sources.nats import NatsStream
from tests.fly_stream import holds
from tests.servers.answering import answering
from tests.servers.fly_api import TOKEN
from tests.servers.fly_org import ORG, FlyOrg

LISTED = b'{"total_apps": 2, "apps": [{"id": "1", "name": "shop", "machine_count": 2}, {"name": "quiet"}]}'
NO_LISTS = (b"", b"<html>", b'{"apps": null}', b'{"apps": [{"id": 1}]}', b"[" * 100_000, b'{"apps": [{"name": "\xff"}]}')


@asynccontextmanager
async def listing(*bodies: bytes) -> AsyncIterator[str]:
    """Serve lists of apps, one after another and the last for ever, to whoever has the token and names the organisation."""
    left = list(bodies)

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization", "").rpartition(" ")[2] != TOKEN.rpartition(" ")[2]:
            return web.json_response({"error": "unauthorized"}, status=401)
        if request.query.get("org_slug") != ORG:
            return web.json_response({"error": "no such organisation"}, status=404)
        return web.Response(body=left.pop(0) if len(left) > 1 else left[0])

    async with answering({"/v1/apps": answer}) as port:
        yield f"http://127.0.0.1:{port}"


class Known:
    """Remembers what it is told."""

    def __init__(self) -> None:
        """Know nothing."""
        self.apps: list[str] = []
        self.failures: list[str] = []

    def know(self, apps: Iterable[str]) -> None:
        """Remember."""
        self.apps = list(apps)

    def failed(self, kind: str) -> None:
        """Remember."""
        self.failures.append(kind)


async def test_an_app_that_speaks_in_a_gap_alone(tmp_path: Path, org: FlyOrg) -> None:
    """What an app says while the stream is away comes, though nobody ever heard the app before or names it."""
    async with listing(LISTED) as machines:
        org.configure("", machines)
        org.api.app("shop")
        org.api.app("quiet")
        table = flyship_file.read(org.env).nats
        assert table is not None
        source = NatsStream(table, Context.of(str(tmp_path / "state"), org.env))
        stop, heard = asyncio.Event(), list[str]()

        async def read() -> None:
            async for lines in source.read(stop):
                heard.extend(line.text for line in lines)

        reading = asyncio.create_task(read())
        try:
            await holds("it is connected and knows the apps", lambda: {"quiet", "shop"} <= set(source._merging.apps))  # noqa: SLF001
            await asyncio.to_thread(org.server.kill)
            org.api.say("quiet", "m1", time.time_ns(), "GET /only/here 200 12 - 3.2 ms")
            await asyncio.to_thread(org.server.start)
            await holds("the line came", lambda: "GET /only/here 200 12 - 3.2 ms" in heard)
        finally:
            stop.set()
            await reading


async def test_which_apps_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """The names are taken; a wrong token is told once, counted, without the token, and asked with a new one after a while."""
    async with listing(LISTED) as machines:
        assert await names(f"{machines}/v1/apps?org_slug={ORG}", SecretStr(TOKEN)) == ["shop", "quiet"]
        known = Known()
        wrong = Apps(machines, ORG, lambda: SecretStr("fm2_wrong-one"), known)
        assert [await wrong._round() for _ in range(3)] == [False] * 3  # noqa: SLF001
        said = capsys.readouterr().err
        assert (known.apps, known.failures, said.count("\n")) == ([], ["apps"] * 3, 1)
        assert "status 401: unauthorized; gaps of those heard so far are filled" in said
        assert "wrong-one" not in said


@pytest.mark.parametrize("body", NO_LISTS)
async def test_what_is_no_list(body: bytes) -> None:
    """Garbage is an error with a reason, and never a name."""
    async with listing(body) as machines:
        with pytest.raises(Unanswered, match="no list of apps"):
            await names(f"{machines}/v1/apps?org_slug={ORG}", SecretStr(TOKEN))
