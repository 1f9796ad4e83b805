"""Writes a request as each server writes it: one function a format. Knows no app, incident or randomness."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

SECOND_NS = 1_000_000_000
MS_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A request that a machine has answered; ``at_ns`` is when it began, ``seed`` feeds ids and sizes."""

    at_ns: int
    method: str
    target: str
    status: int
    duration_ms: float
    client: str
    agent: str
    action: str
    seed: int

    @property
    def end_ns(self) -> int:
        """When it was answered, and so logged."""
        return self.at_ns + round(self.duration_ms * MS_NS)

    @property
    def size(self) -> int:
        """Bytes of the answer."""
        return 0 if self.status == 304 else 180 + self.seed % 21_000

    @property
    def id(self) -> str:
        """A request id in the form of a UUID."""
        text = f"{self.seed:032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


@dataclass(frozen=True, slots=True)
class Said:
    """A message and when it was logged."""

    at_ns: int
    text: str
    level: str = "info"
    provider: str = "app"


def when(at_ns: int) -> datetime:
    """Return a time as UTC, to the microsecond."""
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).replace(microsecond=at_ns % SECOND_NS // 1000)


def nginx_timed(hit: Hit) -> tuple[Said, ...]:
    """Nginx: combined, then ``$request_time`` in seconds."""
    return (Said(hit.end_ns, f"{_combined(hit)} {hit.duration_ms / 1000:.3f}"),)


def morgan_combined(hit: Hit) -> tuple[Said, ...]:
    """Morgan's combined, which says no duration."""
    return (Said(hit.end_ns, _combined(hit)),)


def apache_common(hit: Hit) -> tuple[Said, ...]:
    """Apache's common log format, which says no duration."""
    return (Said(hit.end_ns, _common(hit)),)


def morgan_tiny(hit: Hit) -> tuple[Said, ...]:
    """Morgan's tiny."""
    return (Said(hit.end_ns, f"{hit.method} {hit.target} {hit.status} {hit.size} - {hit.duration_ms:.3f} ms"),)


def morgan_dev(hit: Hit) -> tuple[Said, ...]:
    """Morgan's dev, with the status coloured as on a terminal."""
    colour = {5: 31, 4: 33, 3: 36}.get(hit.status // 100, 32)
    head = f"\x1b[0m{hit.method} {hit.target} \x1b[{colour}m{hit.status}\x1b[0m"
    return (Said(hit.end_ns, f"{head} {hit.duration_ms:.3f} ms - {hit.size}\x1b[0m"),)


def pino(hit: Hit) -> tuple[Said, ...]:
    """JSON of pino-http with its standard serializers."""
    level, said = (50, "request errored") if hit.status >= 500 else (30, "request completed")
    return _json(
        hit,
        {
            "level": level,
            "time": hit.end_ns // MS_NS,
            "pid": 314,
            "hostname": "e784e16c7d9118",
            "req": {
                "id": hit.seed % 100_000,
                "method": hit.method,
                "url": hit.target,
                "headers": {"x-forwarded-for": f"{hit.client}, 172.16.0.9"},
                "remoteAddress": "172.16.4.18",
            },
            "res": {"statusCode": hit.status},
            "responseTime": round(hit.duration_ms),
            "msg": said,
        },
    )


def winston(hit: Hit) -> tuple[Said, ...]:
    """JSON of winston as its express middleware writes it."""
    meta = {
        "req": {"method": hit.method, "originalUrl": hit.target, "url": hit.target, "httpVersion": "1.1"},
        "res": {"statusCode": hit.status},
        "responseTime": round(hit.duration_ms),
    }
    stamp = when(hit.end_ns).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = f"HTTP {hit.method} {hit.target}"
    return _json(hit, {"level": "info", "message": message, "meta": meta, "service": "mcp", "timestamp": stamp})


def nginx_json(hit: Hit) -> tuple[Said, ...]:
    """JSON of an nginx ``log_format`` with ``escape=json``: every value is text."""
    return _json(
        hit,
        {
            "time_iso8601": when(hit.end_ns).isoformat(timespec="seconds"),
            "remote_addr": hit.client,
            "request_method": hit.method,
            "request_uri": hit.target,
            "status": str(hit.status),
            "body_bytes_sent": str(hit.size),
            "request_time": f"{hit.duration_ms / 1000:.3f}",
            "http_user_agent": hit.agent,
        },
    )


def uvicorn(hit: Hit) -> tuple[Said, ...]:
    """Uvicorn's access log, which says no duration."""
    phrase = HTTPStatus(hit.status).phrase
    peer = f"{hit.client}:{32_768 + hit.seed % 28_000}"
    return (Said(hit.end_ns, f'INFO:     {peer} - "{hit.method} {hit.target} HTTP/1.1" {hit.status} {phrase}'),)


def rails(hit: Hit) -> tuple[Said, ...]:
    """Rails over several lines, which only the request id holds together."""
    took = round(hit.duration_ms)
    phrase = HTTPStatus(hit.status).phrase
    views, db = took * (20 + hit.seed % 30) / 100, took * (25 + hit.seed % 20) / 100
    parts = f"(Views: {views:.1f}ms | ActiveRecord: {db:.1f}ms | Allocations: {2_000 + hit.seed % 40_000})"
    spoken = [
        (0, f'Started {hit.method} "{hit.target}" for {hit.client} at {when(hit.at_ns):%Y-%m-%d %H:%M:%S} +0000'),
        (min(took, 1 + hit.seed % 4), f"Processing by {_controller(hit)} as JSON"),
        (took, f"Completed {hit.status} {phrase} in {took}ms {parts}"),
    ]
    return tuple(_tagged(hit, hit.at_ns + at_ms * MS_NS, text) for at_ms, text in spoken)


def lograge(hit: Hit) -> tuple[Said, ...]:
    """Rails on one line, as lograge writes it."""
    controller, _, action = _controller(hit).partition("#")
    text = (
        f"method={hit.method} path={hit.target.partition('?')[0]} format=json controller={controller} action={action} "
        f"status={hit.status} duration={hit.duration_ms:.2f} view={hit.duration_ms * 0.31:.2f} "
        f"db={hit.duration_ms * 0.42:.2f} request_id={hit.id}"
    )
    return (Said(hit.end_ns, text),)


def _common(hit: Hit) -> str:
    stamp = f"{when(hit.end_ns):%d/%b/%Y:%H:%M:%S} +0000"
    return f'{hit.client} - - [{stamp}] "{hit.method} {hit.target} HTTP/1.1" {hit.status} {hit.size}'


def _combined(hit: Hit) -> str:
    return f'{_common(hit)} "-" "{hit.agent}"'


def _json(hit: Hit, document: dict[str, object]) -> tuple[Said, ...]:
    level = "error" if hit.status >= 500 else "info"
    return (Said(hit.end_ns, json.dumps(document, separators=(",", ":")), level),)


def _controller(hit: Hit) -> str:
    if not hit.action:
        return "HealthController#show"
    name, _, action = hit.action.partition("#")
    return f"Api::V1::Accounts::{name}Controller#{action}"


def _tagged(hit: Hit, at_ns: int, text: str) -> Said:
    return Said(at_ns, f"I, [{when(at_ns):%Y-%m-%dT%H:%M:%S.%f} #643]  INFO -- : [{hit.id}] {text}")


WRITERS: dict[str, Callable[[Hit], tuple[Said, ...]]] = {
    "nginx-timed": nginx_timed,
    "morgan-combined": morgan_combined,
    "apache-common": apache_common,
    "morgan-tiny": morgan_tiny,
    "morgan-dev": morgan_dev,
    "pino": pino,
    "winston": winston,
    "nginx-json": nginx_json,
    "uvicorn": uvicorn,
    "rails": rails,
    "lograge": lograge,
}
