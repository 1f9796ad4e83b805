"""The HTTP server of ``receive``: head, token, body, lines; then it waits until they are safe. Knows no Kafka."""

import asyncio
import logging

from aiohttp import web

from shippers.console import say
from shippers.listening import site
from shippers.metrics import Metrics
from shippers.receiving import answers, bodies, otlp_json, otlp_protobuf, reading
from shippers.receiving.answers import Form
from shippers.receiving.held import Held
from shippers.receiving.refusals import Refused, busy
from shippers.receiving.table import Receive
from shippers.receiving.tokens import Tokens
from streams.core.values import Line

SOURCE = "receive"
HEALTH = "/healthz"
TELL_S = 60.0  # how often a kind of refusal is worth a line on stderr
CLOSE_S = 1.0
LINGER_S = 2.0  # how long who is refused in the middle of a body may go on sending, that the answer reaches it
STANDING_IN = "receive"  # the instance of lines that name none


class _Connections(web.Server):
    """Counts connections: one more than may be is hung up at once."""

    most = 0

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self.connections) > self.most:
            transport.abort()


class Server:
    """Takes requests into ``held``, from ``start`` to ``close``."""

    def __init__(self, table: Receive, tokens: Tokens, held: Held, metrics: Metrics) -> None:
        """Nothing is opened yet."""
        self._table = table
        self._tokens = tokens
        self._held = held
        self._metrics = metrics
        self._runner: web.ServerRunner | None = None
        self._told_s: dict[str, float] = {}

    async def start(self) -> str:
        """Listen; return where. OSError if that cannot be."""
        silent = logging.getLogger("shippers.receive")  # what aiohttp would say of every broken request
        silent.handlers, silent.propagate = [logging.NullHandler()], False
        server = _Connections(
            self._handle,
            access_log=None,
            logger=silent,
            auto_decompress=False,  # done by us, within bounds
            keepalive_timeout=self._table.idle_ms / 1000,
            lingering_time=LINGER_S,
        )
        server.most = self._table.connections
        self._runner = web.ServerRunner(server, shutdown_timeout=CLOSE_S)
        await self._runner.setup()
        await site(self._runner, self._table.listen).start()
        host, port = self._runner.addresses[0][:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def close(self) -> None:
        """Hang up."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == HEALTH and request.method in ("GET", "HEAD"):
            return answers.health(self._held.closing)
        form = reading.spoken(request.path, request.headers)
        try:
            return await self._taken(request, form)
        except Refused as refused:
            self._count(refused.kind, f"a request was refused: {refused.status}: {refused.reason}")
            return answers.refusal(form, refused)
        except ConnectionError:
            self._count("disconnect", "a sender hung up before its body was whole")
            raise
        except Exception as error:  # noqa: BLE001  # one request must not end the others
            self._count("bug", f"a request failed by a fault of ours: {error!r}")
            return answers.refusal(form, Refused(500, "bug", "a fault of ours: see the log of flyship", close=True))

    async def _taken(self, request: web.BaseRequest, form: Form) -> web.Response:
        reading.check_head(request.path, request.method, request.headers)
        app = self._app_of(request)
        instance = reading.name_of(request, "instance", "X-Flywatch-Instance") or STANDING_IN
        if self._held.closing:
            raise Refused(503, "closing", "it is being stopped: come again", retry_s=5, close=True)
        ticket = self._held.enter()
        if ticket is None:
            raise busy("too many requests wait for their answer: come again")
        try:
            body = await reading.body_of(request, self._table, self._held, ticket)
            lines, odd = _lines(form, body, app, instance, self._table.lines)
            safe = self._held.take(ticket, bodies.believed(lines)) if lines else None
        finally:
            self._held.give_up(ticket)
        told = f"{odd} log records could not be read and were kept as text" if odd else ""
        if told:
            self._count("unreadable", told)
        self._check_count(request, len(lines))
        if safe is not None:
            await self._safe(safe)
        return answers.thanks(form, len(lines), told)

    def _app_of(self, request: web.BaseRequest) -> str:
        headers = request.headers
        of_token = self._tokens.app_of(headers.get("Authorization", ""), headers.get("X-Flywatch-Token", ""))
        if of_token is None:
            raise Refused(401, "token", "the token is missing or wrong: send it as Bearer, Basic password or X-Flywatch-Token")
        return reading.name_of(request, "app", "X-Flywatch-App") or of_token or self._table.app or ""

    async def _safe(self, safe: asyncio.Future[None]) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(safe), self._table.answer_ms / 1000)
        except TimeoutError:
            # They are taken, and will be shipped. The sender may repeat them: twice is better than never.
            raise Refused(503, "unsafe", "the lines are not safe yet: send them again", retry_s=5) from None

    def _check_count(self, request: web.BaseRequest, lines: int) -> None:
        said = request.headers.get("Logplex-Msg-Count", "")
        if said.isdecimal() and said != str(lines):
            self._count("msg_count", f"a drain said that it sends {said[:9]} messages, there were {lines}")

    def _count(self, kind: str, told: str) -> None:
        """Count what went wrong; say it unless the same kind was said a short while ago."""
        self._metrics.failed(SOURCE, kind, told)
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s.get(kind, -TELL_S) >= TELL_S:
            self._told_s[kind] = now_s
            say(f"receive: {told}")


def _lines(form: Form, body: bytes, app: str, instance: str, most: int) -> tuple[list[Line], int]:
    match form:
        case Form.DRAIN:
            return bodies.from_drain(body, app, instance, most), 0
        case Form.OTLP_PROTOBUF:
            return otlp_protobuf.lines(body, app, instance, most), 0
        case Form.OTLP_JSON:
            return otlp_json.lines(body, app, instance, most)
    return bodies.from_logs(body, app, instance, most), 0
