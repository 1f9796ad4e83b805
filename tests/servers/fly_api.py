"""Fly's logs API as a local server: tokens, apps, pages that overlap, filters, history's end, rate limits and bad days.

In a test: ``with FlyApi() as api: api.say(...)``. As a process: ``python -m tests.servers.fly_api PORT`` says the numbered
lines that it is asked for by ``POST /say?app=shop&lines=1000``.
"""

import asyncio
import random
import re
import sys
import threading
import time
from bisect import bisect_left, insort
from collections import Counter, deque
from typing import Any, NamedTuple, Self

import orjson
from aiohttp import web

from config.kafka.broker import free_port
from shippers.nanoseconds import SECOND_NS, stamp_of

TOKEN = "fm2_a-token-of-the-tests"  # noqa: S105  # of these tests alone
DAY_NS = 86_400 * SECOND_NS
HTML = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"


class Said(NamedTuple):
    """A line as the API keeps it; ordered by stamp, then by when it was said."""

    at_ns: int
    number: int
    instance: str
    region: str
    text: str
    level: str
    provider: str

    def document(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        meta = {"event": {"provider": self.provider}, "instance": self.instance, "region": self.region}
        told = {"timestamp": stamp_of(self.at_ns), "message": self.text, "level": self.level}
        attributes = told | {"instance": self.instance, "region": self.region, "meta": meta}
        return {"id": str(self.number), "type": "log", "attributes": attributes}


class FlyApi:
    """The server, in a thread with a loop of its own. Its attributes may be changed while it runs."""

    def __init__(self, port: int = 0, token: str = TOKEN) -> None:
        """Use a port of its own choice unless one is given."""
        self.port = port or free_port()
        self.token = token
        self.page_lines = 100
        self.repeats_edge = True  # the next token is the last line's stamp, not the nanosecond behind it
        self.horizon_ns = 15 * DAY_NS
        self.says_gone = False  # 410 for what is older than that, else it begins with what there is
        self.empty_moves = False  # a page without lines has the token "now", else that which was asked for
        self.per_second: int | None = None  # questions that are answered
        self.retry_after: str | None = "1"
        self.bad: dict[str, float] = {}  # status, "html", "half", "cut", "empty" -> how probable it is
        self.slow_s = 0.0
        self.is_down = False  # every question's connection is closed
        self.rng = random.Random(6)
        self.answers: Counter[str] = Counter()  # by status or kind of bad day
        self._said: dict[str, list[Said]] = {}
        self._lock = threading.Lock()
        self._asked: deque[float] = deque()
        self._number = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def base(self) -> str:
        """The address, as ``[api] base`` has it."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Start it."""
        self._thread.start()
        assert self._ready.wait(60), "the API does not start"
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)

    def app(self, name: str) -> None:
        """Make an app that has said nothing yet."""
        with self._lock:
            self._said.setdefault(name, [])

    def say(
        self, app: str, instance: str, at_ns: int, text: str, *, region: str = "ams", level: str = "info", provider: str = "app"
    ) -> None:
        """Let an instance say a line."""
        with self._lock:
            self._number += 1
            insort(self._said.setdefault(app, []), Said(at_ns, self._number, instance, region, text, level, provider))

    async def _serve(self) -> None:
        server = web.Application()
        server.router.add_get("/api/v1/apps/{app}/logs", self._logs)
        server.router.add_post("/say", self._told)
        runner = web.AppRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        if self.slow_s:
            await asyncio.sleep(self.slow_s)  # not for luck: this is what being slow is
        kind, answer = self._answer(request)
        self.answers[kind] += 1
        if kind in {"down", "half"} and request.transport is not None:
            await _half(request, answer if kind == "half" else None)
        return answer

    def _answer(self, request: web.Request) -> tuple[str, web.Response]:
        if self.is_down:
            return "down", web.Response(status=503)
        refused = self._refused(request)
        if refused is not None:
            return str(refused.status), refused
        body = orjson.dumps(self._page(request))
        kind = self._bad_day()
        if kind is None:
            return "200", web.Response(body=body, content_type="application/json")
        bodies = {"html": HTML, "cut": body[: len(body) // 2], "empty": b"", "half": body}
        if kind in bodies:
            return kind, web.Response(body=bodies[kind], content_type="text/html" if kind == "html" else "application/json")
        return kind, web.Response(status=int(kind), body=HTML, content_type="text/html")

    def _refused(self, request: web.Request) -> web.Response | None:
        if not self._is_right(request.headers.get("Authorization", "")):
            return _error(401, "unauthorized")
        if self.per_second is not None and self._is_too_often(self.per_second):
            return _error(429, "rate limited", {} if self.retry_after is None else {"Retry-After": self.retry_after})
        if request.match_info["app"] not in self._said:
            return _error(404, "app not found")
        token = request.query.get("next_token", "")
        if token and not re.fullmatch(r"[0-9]{1,19}", token):
            return _error(400, "bad next_token")
        if token and self.says_gone and int(token) < time.time_ns() - self.horizon_ns:
            return _error(410, "gone")
        return None

    def _is_right(self, header: str) -> bool:
        """Macaroons need the scheme FlyV1, other tokens Bearer."""
        scheme = "FlyV1" if self.token.startswith(("fm1", "fm2")) else "Bearer"
        return header == f"{scheme} {self.token}"

    def _is_too_often(self, per_second: int) -> bool:
        now_s = time.monotonic()
        while self._asked and self._asked[0] < now_s - 1:
            self._asked.popleft()
        if len(self._asked) >= per_second:
            return True
        self._asked.append(now_s)
        return False

    def _bad_day(self) -> str | None:
        drawn = self.rng.random()
        for kind, probability in self.bad.items():
            drawn -= probability
            if drawn < 0:
                return kind
        return None

    def _page(self, request: web.Request) -> dict[str, Any]:
        query, now_ns = request.query, time.time_ns()
        token = query.get("next_token", "")
        with self._lock:
            said = self._said[request.match_info["app"]]
            first = bisect_left(said, (max(int(token or 0), now_ns - self.horizon_ns),))
            found = self._filtered(said, first, query.get("region"), query.get("instance"), all_of_them=not token)
        found = found if token else found[-self.page_lines :]
        if found:
            token = str(found[-1].at_ns if self.repeats_edge else found[-1].at_ns + 1)
        elif self.empty_moves or not token:
            token = str(now_ns)
        return {"data": [one.document() for one in found], "meta": {"next_token": token}}

    def _filtered(
        self, said: list[Said], first: int, region: str | None, instance: str | None, *, all_of_them: bool
    ) -> list[Said]:
        found: list[Said] = []
        for number in range(first, len(said)):
            one = said[number]
            if (region or one.region) != one.region or (instance or one.instance) != one.instance:
                continue
            is_full = len(found) >= self.page_lines and not all_of_them
            if is_full and (self.repeats_edge or found[-1].at_ns != one.at_ns):  # who does not repeat ends between stamps
                break
            found.append(one)
        return found

    async def _told(self, request: web.Request) -> web.Response:
        app, lines = request.query.get("app", "shop"), int(request.query.get("lines", "1000"))
        began_ns = time.time_ns() - lines * 1_000_000
        for number in range(lines):
            self.say(app, f"i{number % 3}", began_ns + number * 1_000_000, f"GET /orders/{number} 200 12 - 3.2 ms")
        return web.json_response({"lines": lines})


def _error(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": text}, status=status, headers=headers)


async def _half(request: web.Request, answer: web.Response | None) -> None:
    """Send half of an answer, or nothing, and hang up."""
    assert request.transport is not None
    if answer is not None and isinstance(answer.body, bytes):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer.body)}\r\n\r\n"
        request.transport.write(head.encode() + answer.body[: len(answer.body) // 2])
    request.transport.close()


if __name__ == "__main__":
    with FlyApi(int(sys.argv[1])) as running:
        sys.stderr.write(f"listening on {running.base}; the token is {running.token}\n")
        threading.Event().wait()
