"""The probe ``health``: asks an app's URL as a stranger would, over a new connection each time. Knows no schedule.

A line says how long the whole answer took (``duration_ms``), and of that the name's look-up, the connection with its TLS,
and the wait until the answer's head was there.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import aiohttp
from msgspec import Struct

from shippers.findings import Finding
from shippers.probes.certificates import Noting, expiry_of
from shippers.probes.failures import ERRORS, Failure, of_error, why
from shippers.probes.health_table import Health
from shippers.probes.lines import failed_line, probe_line
from shippers.probes.trying import tried
from streams.config_patterns import compiled
from streams.core.values import Line

KIND = "health"
BODY_BYTES = 1024 * 1024
REDIRECTS = 5
# A probe tells itself how far it came by its deadline, and looks at a certificate that was refused; that of the round is
# for what hangs all the same.
GRACE_S, LOOK_S = 3.0, 2.0
DAY_MS = 86_400_000
Signal = Callable[[aiohttp.ClientSession, SimpleNamespace, Any], Awaitable[None]]
_MENDING = {
    Failure.DNS: "check the name in the URL, and that the app has an address: fly ips list",
    Failure.REFUSED: "check the port, and that the app runs: fly status",
    Failure.UNREACHABLE: "check that the app runs: fly status",
    Failure.TLS: "check the certificate: fly certs check",
    Failure.TIMEOUT: "check that the app answers, or give it a longer deadline",
    Failure.STATUS: "check the URL, or list the status that is right",
}


class Answer(Struct):
    """What came back: grows while it comes."""

    status: int | None = None
    headers: Any = None
    body: bytes = b""
    duration_ms: float | None = None
    dns_ms: float | None = None
    connect_ms: float | None = None
    first_byte_ms: float | None = None
    tls_expires_ms: int | None = None

    def fields(self, at_ms: int) -> dict[str, object]:
        """Return what is known of it."""
        days = None if self.tls_expires_ms is None else round((self.tls_expires_ms - at_ms) / DAY_MS, 2)
        return {
            "status": self.status,
            "duration_ms": self.duration_ms,
            "dns_ms": self.dns_ms,
            "connect_ms": self.connect_ms,
            "first_byte_ms": self.first_byte_ms,
            "tls_days": days,
        }


class HealthProbe:
    """Asks one URL."""

    kind = KIND

    def __init__(self, table: Health) -> None:
        """Compile what must be found."""
        self.name, self.apps = f"{KIND} {table.url.partition('?')[0]}", (table.app,)  # a token may stand behind
        self.every_s, self._deadline_s = table.every_ms / 1000, table.deadline_ms / 1000
        self.deadline_s = self._deadline_s + GRACE_S
        self._table, self._tls = table, Noting()
        self._body = None if table.body is None else compiled(table.body).search
        self._headers = {name: compiled(pattern).search for name, pattern in table.header.items()}

    async def measure(self, at_ms: int) -> Sequence[Line]:
        """Ask once."""
        answer, app = Answer(), self._table.app
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._ask(answer)
            wrong = self._wrong(answer)
        except TimeoutError:
            wrong = Failure.TIMEOUT, f"{_reached(answer)} within {self._deadline_s:g} s"
        except ERRORS as error:
            wrong = of_error(error), why(error)
            if wrong[0] is Failure.TLS:
                answer.tls_expires_ms = await expiry_of(self._table.url, LOOK_S)
        fields = answer.fields(at_ms)
        if wrong is not None:
            return [failed_line(app, KIND, at_ms, KIND, *wrong, fields)]
        days = fields["tls_days"]
        soon = isinstance(days, float) and days < self._table.tls_days
        if soon:
            fields["detail"] = f"the certificate expires in {days:.0f} days"
        return [probe_line(app, KIND, at_ms, KIND, True, fields, level="warning" if soon else None)]

    async def try_out(self) -> list[Finding]:
        """Ask once."""
        return await tried(self, _MENDING)

    async def _ask(self, answer: Answer) -> None:
        connector = aiohttp.TCPConnector(ssl=self._tls.context, force_close=True, use_dns_cache=False)
        self._tls.expires_ms = None
        follow = self._table.follow_redirects
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(),  # the deadline is ours
            trace_configs=[_tracing(answer)],
            headers={"User-Agent": "flywatch"},
        ) as session:
            began_s = time.perf_counter()
            async with session.get(self._table.url, allow_redirects=follow, max_redirects=REDIRECTS) as response:
                answer.first_byte_ms = _since_ms(began_s)
                answer.status, answer.headers = response.status, response.headers
                answer.tls_expires_ms = self._tls.expires_ms
                answer.body = await _beginning(response.content)
                answer.duration_ms = _since_ms(began_s)

    def _wrong(self, answer: Answer) -> tuple[Failure, str] | None:
        """Return the first thing that is not as it should be."""
        if answer.status not in self._table.status:
            expected = ", ".join(map(str, self._table.status))
            return Failure.STATUS, f"status {answer.status}, expected {expected}"
        for name, search in self._headers.items():
            if not search(", ".join(answer.headers.getall(name, ()))):
                return Failure.HEADER, f"{name}: {self._table.header[name]!r} is not in it"
        if self._body is not None and not self._body(answer.body.decode("utf-8", "replace")):
            return Failure.BODY, f"{self._table.body!r} is not in it"
        return None


def _tracing(answer: Answer) -> aiohttp.TraceConfig:
    """Note how long the look-up of the name and the connection took; of several, redirected, the first."""
    tracing = aiohttp.TraceConfig()
    tracing.on_dns_resolvehost_start.append(_begin("dns"))
    tracing.on_dns_resolvehost_end.append(_end("dns", answer))
    tracing.on_connection_create_start.append(_begin("connect"))
    tracing.on_connection_create_end.append(_end("connect", answer))
    return tracing


def _begin(what: str) -> Signal:
    async def begun(_: aiohttp.ClientSession, place: SimpleNamespace, __: object) -> None:
        setattr(place, what, time.perf_counter())

    return begun


def _end(what: str, answer: Answer) -> Signal:
    async def ended(_: aiohttp.ClientSession, place: SimpleNamespace, __: object) -> None:
        if getattr(answer, f"{what}_ms") is None:
            setattr(answer, f"{what}_ms", _since_ms(getattr(place, what)))

    return ended


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    """Read a body, or as much of it as may be kept."""
    body = bytearray()
    async for block in content.iter_any():
        body += block
        if len(body) >= BODY_BYTES:
            break
    return bytes(body[:BODY_BYTES])


def _reached(answer: Answer) -> str:
    """Say how far an answer came."""
    if answer.status is not None:
        return f"status {answer.status}, but not the whole answer"
    return "no connection" if answer.connect_ms is None else "a connection, but no answer"


def _since_ms(began_s: float) -> float:
    return round((time.perf_counter() - began_s) * 1000, 1)
