"""A real Prometheus. As Fly's it is filled with series of Fly's names, behind a door that asks for a token and can break."""

import subprocess
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from config.kafka.broker import free_port
from tests.pipeline import until
from tests.servers import program
from tests.servers.answering import answering

TOKEN = "fm2_a-token-of-the-test"  # noqa: S105  # of this test alone
ORG = "my-org"
UP_S = 60.0
STEP_S, STEPS = 15, 20  # as Fly scrapes, for five minutes
Series = tuple[str, Mapping[str, str], float, float]  # name, labels, value at the end, what it grows by in a second


class Door:
    """Stands before the server: ``faults`` are answers to queries that hold a word, instead of the server's."""

    def __init__(self, behind: str) -> None:
        """``behind``: the URL of the server's query API."""
        self.base = ""
        self.faults: dict[str, web.Response | None] = {}  # None: no answer ever
        self.asked: list[str] = []
        self._behind = behind

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer ``POST /prometheus/{org}/api/v1/query``."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form["query"])
        if request.headers.get("Authorization") != f"FlyV1 {TOKEN}":
            return web.Response(status=401, text="unauthorized")
        if request.match_info["org"] != ORG:
            return web.Response(status=404, text="organization not found")
        for word, fault in self.faults.items():
            if word in form["query"]:
                if fault is None:
                    await request.content.read()
                    await self._for_ever(request)
                    return web.Response()
                return web.Response(status=fault.status, body=fault.body, headers=fault.headers)
        async with aiohttp.ClientSession() as session, session.post(self._behind, data=form) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")

    @staticmethod
    async def _for_ever(request: web.Request) -> None:
        async def hung_up() -> bool:
            return request.transport is None or request.transport.is_closing()

        await until("the asker hangs up", hung_up, UP_S)


@asynccontextmanager
async def fly_prometheus(directory: Path, series: Iterable[Series], at_s: float) -> AsyncIterator[Door]:
    """Serve series that end at a time."""
    _fill(directory, "\n".join(_samples(series, at_s)))
    async with prometheus(directory, f"/prometheus/{ORG}") as url:
        door = Door(f"{url}/api/v1/query")
        async with answering({"/prometheus/{org}/api/v1/query": door.answer}) as port:
            door.base = f"http://127.0.0.1:{port}"
            yield door


def _samples(series: Iterable[Series], at_s: float) -> Iterator[str]:
    """Yield lines of OpenMetrics, each series with its whole past."""
    for name, labels, value, per_s in series:
        told = ",".join(f'{label}="{of}"' for label, of in labels.items())
        for age_s in range(STEP_S * STEPS, -1, -STEP_S):
            yield f"{name}{{{told}}} {value - per_s * age_s} {at_s - age_s}"
    yield "# EOF\n"


def _fill(directory: Path, openmetrics: str) -> None:
    """Make a database that has these samples from the start: there is nothing to wait for."""
    (directory / "samples").write_text(openmetrics)
    made = ("tsdb", "create-blocks-from", "openmetrics", str(directory / "samples"), str(directory / "data"))
    done = subprocess.run([program("promtool", "prometheus"), *made], capture_output=True, check=False)
    assert not done.returncode, done.stderr.decode()


def _start(directory: Path, port: int, path: str, config: str) -> "subprocess.Popen[bytes]":
    (directory / "prometheus.yml").write_text(config)
    command = [
        program("prometheus", "prometheus"),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        "--storage.tsdb.retention.time=100y",  # the samples are old
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.route-prefix={path or '/'}",
    ]
    with (directory / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


@asynccontextmanager
async def prometheus(directory: Path, path: str = "", config: str = "") -> AsyncIterator[str]:
    """Run one, with its files in a directory; give the URL below which its API is."""
    port = free_port()
    process = _start(directory, port, path, config)
    url = f"http://127.0.0.1:{port}{path}"

    async def ready() -> bool:
        assert process.poll() is None, (directory / "log").read_text()
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{url}/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    try:
        await until("Prometheus is ready", ready, UP_S)
        yield url
    finally:
        process.kill()
        process.wait()
