"""Serves what a run counts: /metrics for Prometheus, /status for ``flyship status``, /healthz for whoever restarts it.

Knows no source and no Kafka. Nobody has to log in: what is served names sources and counts, no lines and no secrets.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import orjson
from aiohttp import web
from msgspec import Struct, to_builtins
from prometheus_client import exposition

from shippers.console import say
from shippers.listening import site
from shippers.metrics import Metrics
from shippers.status import Watch

LOOK_S = 1.0
CLOSE_S = 1.0
PATHS = ("/metrics", "/status", "/healthz")


class Run(Struct, frozen=True):
    """What of a run is watched; each of the functions is asked when it is looked at."""

    metrics: Metrics
    problems: Callable[[], Mapping[str, int]]
    sent_lines: Callable[[], int]
    read_lines: Callable[[], int]
    stopping: Callable[[], bool]

    def waiting_lines(self) -> int:
        """Return how many lines were read and are not acknowledged; an earlier run's, sent from the spool, do not count."""
        return max(self.read_lines() - self.sent_lines(), 0)


@contextlib.asynccontextmanager
async def served(listen: str, run: Run) -> AsyncIterator[None]:
    """Serve while a run goes on. Where that cannot be, it is told, and the run goes on without."""
    watch = Watch(run.metrics, time.time_ns() // 1_000_000)
    runner = web.ServerRunner(web.Server(_handler(run, watch), access_log=None, logger=_silent()), shutdown_timeout=CLOSE_S)
    await runner.setup()
    looking = asyncio.create_task(_look(run, watch))
    try:
        try:
            await site(runner, listen).start()
            host, port = runner.addresses[0][:2]
            say(f"metrics: listening on {f'[{host}]' if ':' in host else host}:{port}")
        except OSError as error:
            say(f"metrics: cannot listen on {listen}: {error.strerror or error}; shipping goes on without")
        yield
    finally:
        looking.cancel()
        await runner.cleanup()


async def _look(run: Run, watch: Watch) -> None:
    while True:
        watch.look(time.time(), run.sent_lines(), run.waiting_lines())
        await asyncio.sleep(LOOK_S)


def _handler(run: Run, watch: Watch) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    async def handle(request: web.BaseRequest) -> web.Response:
        if request.path not in PATHS:
            return web.Response(status=404, text=f"there are {', '.join(PATHS)}\n")
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        if request.path == "/metrics":
            encode, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
            return web.Response(body=encode(run.metrics.registry), headers={"Content-Type": content_type})
        if request.path == "/healthz":
            well = not run.stopping() and not run.metrics.down
            return _json({"ok": well, "down": sorted(run.metrics.down)}, 200 if well else 503)
        sent = run.sent_lines()
        status = watch.status(time.time(), run.problems(), sent, run.waiting_lines())
        return _json({**to_builtins(status), "ok": status.ok}, 200)

    return handle


def _json(document: object, status: int) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json")


def _silent() -> logging.Logger:
    """Return a logger that says nothing of broken requests."""
    logger = logging.getLogger("shippers.serving")
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    return logger
