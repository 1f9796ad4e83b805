"""Logs made of a seed, which have everything in them that a recount could get wrong; apps and rules to judge them by."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random

from streams.core.plan import App
from streams.core.rules import Escalation, Rule, Severity
from streams.core.stamps import text
from streams.core.values import Line

MINUTE = 60_000

APPS = {
    "shop": App("shop", "production", health_paths=frozenset({"/health"}), latency_exclude_paths=frozenset({"/cable"})),
    "desk": App("desk", "production", "basic"),
}
RULES = (
    Rule(
        "errors",
        Severity.CRITICAL,
        "error_ratio",
        MINUTE,
        above=0.2,
        min_requests=10,
        widen_ms=600_000,
        for_ms=60_000,
        keep_firing_ms=30_000,
        escalate=(Escalation(60_000, ("a",)), Escalation(180_000, ("b",))),
    ),
    Rule("any-errors", Severity.INFO, "error_ratio", 10_000, above=0.0, publish_pending=True, for_ms=20_000),
    Rule("slow", Severity.CRITICAL, "p95", MINUTE, above=3_000, min_requests=5, widen_ms=300_000, monitoring=("full",)),
    Rule("slow-half", Severity.WARNING, "p50", 30_000, above=3_000, for_ms=10_000, no_data_after_ms=120_000),
    Rule("slowest", Severity.INFO, "p99", 120_000, above=3_000, keep_firing_ms=60_000, apps=("shop", "py")),
    Rule("spike", Severity.INFO, "request_rate", 30_000, above=0.35),
    Rule("slow-queries", Severity.WARNING, "query_p95", MINUTE, above=250.0, min_requests=3, widen_ms=300_000),
    Rule("many-queries", Severity.INFO, "query_count", MINUTE, above=1.0),
    Rule("cache-misses", Severity.INFO, "cache_miss_ratio", MINUTE, above=0.5, min_requests=2, widen_ms=120_000),
    Rule("broken", Severity.INFO, "events.app_error", MINUTE, above=0.0),
    Rule("strange", Severity.INFO, "unrecognised_ratio", 30_000, above=0.4, baseline_ms=MINUTE, baseline_below=0.4),
    Rule("drought", Severity.INFO, "request_rate", MINUTE, below=0.05, for_ms=30_000, no_data_after_ms=180_000),
)
FORMATS = {  # app -> the formats of each of its instances
    "shop": (("tiny", "pino"), ("tiny",), ("clf-time", "noise")),
    "desk": (("rails",), ("rails", "noise")),
    "api": (("clf", "clf-time"), ("logfmt", "tiny", "noise")),
    "py": (("uvicorn",), ("fastify", "noise"), ("tiny", "overmind")),
}

NOISE = (
    "",
    "Listening on 3000",
    "    at run (index.js:1:2)",
    '{{"msg": "hi"}}',
    "\x1b[31moops\x1b[0m",
    "TypeError: no cart\n    at run (index.js:1:2)\n    at pay (shop.js:3:4)",
    'Traceback (most recent call last):\n  File "/app/a.py", line 1, in f\nValueError: x',
    "2025-10-10 ERROR order failed\njava.lang.NoCartException: x\n\tat com.example.Shop.pay(Shop.java:1)",
    "2025-10-10 ERROR order failed\njava.lang.NoCartException: x\nback again",
    "LOG:  duration: {took:.3f} ms  statement: SELECT 1",
    "cache hit carts:7",
    "cache miss carts:8",
)
NAMED = (  # by a manager of several processes
    "web.1    | ",
    "web.1    |     at run (index.js:1:2)",
    'web.1    | Traceback (most recent call last):\nweb.1    |   File "/app/a.py", line 1, in f\nweb.1    | ValueError: x',
    "web      | GET /orders/7 200 17 - {took:.3f} ms",
    "web      | Listening on 3000",
)


def generated(seed: int, minutes: int = 40) -> list[Line]:
    """Return a log of several apps, instances and formats: good and bad times, hours of silence, lines out of order."""
    rng = Random(seed)
    found: list[tuple[float, Line]] = []
    at_ms = 1_760_119_200_000 + rng.randrange(MINUTE)
    end_ms = at_ms + minutes * MINUTE
    gap_ms = at_ms + (minutes // 2) * MINUTE
    trouble = {app: [_phase(rng) for _ in range(minutes)] for app in FORMATS}
    while at_ms < end_ms:
        app = rng.choices(list(FORMATS), (6, 3, 2, 1))[0]
        number = rng.randrange(len(FORMATS[app]))
        errors, slow, rate = trouble[app][(at_ms - end_ms) // MINUTE]
        later_ms = rng.choice((0, 0, number * 1_500))
        if not {"noise", "overmind"}.isdisjoint(FORMATS[app][number]):
            later_ms = 0  # an error is told when its trace has ended: one that comes late may miss its judgement
        for after_ms, said in _told(rng, FORMATS[app][number], at_ms, errors, slow) if rng.random() < rate else ():
            line = Line(said, _stamp(rng, at_ms + after_ms), app, f"{app}-{number}", "iad")
            found.append((at_ms + after_ms + later_ms, line))
        at_ms += rng.choice((1, 40, 300, 700, 1_500, 9_000))
        if gap_ms and at_ms > gap_ms:
            at_ms, end_ms, gap_ms = at_ms + 9_000_000, end_ms + 9_000_000, 0
    return [line for _, line in sorted(found, key=lambda each: each[0])]


def _phase(rng: Random) -> tuple[float, float, float]:
    """Return the shares of errors and of slow requests, and how much is asked at all, of a minute."""
    return rng.choice((0.0, 0.0, 0.02, 0.5)), rng.choice((0.0, 0.0, 0.03, 0.7)), rng.choice((1.0, 1.0, 0.3, 0.0))


def _stamp(rng: Random, at_ms: int) -> str:
    whole = text(at_ms // 1_000 * 1_000)[:-1]
    return rng.choice((f"{whole}Z", f"{whole}.{at_ms % 1_000:03}Z", f"{whole}.{at_ms % 1_000:03}999999Z"))


def _told(rng: Random, formats: Sequence[str], at_ms: int, errors: float, slow: float) -> Iterator[tuple[int, str]]:
    """Tell one request, or something else, in a format of an instance: lines, and when after the request."""
    took = rng.uniform(4_000, 30_000) if rng.random() < slow else rng.lognormvariate(4, 1)
    took = rng.choice((took, took, took, 0.0))
    status = rng.choice(("500", "502", "503")) if rng.random() < errors else rng.choice(("200", "200", "304", "404", "499"))
    target = rng.choice(("/", "/health", "/health?a=1", "/cable", f"/orders/{rng.randrange(99)}?q=é", "/v1/x"))
    odd = rng.choice(("-", "101", "101", "000")) if rng.random() < 0.05 else status
    clock = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    head = f'203.0.113.{rng.randrange(9)} - - [{clock}] "GET {target} HTTP/1.1" {odd} 17'
    pino = {"req": {"method": "GET", "url": target}, "res": {"statusCode": int(status)}, "responseTime": round(took)}
    an_id = f"{rng.getrandbits(128):032x}"
    match rng.choice(formats):
        case "tiny":
            yield 0, f"GET {target} {odd} {rng.choice(('-', '17'))} - {rng.choice((f'{took:.3f}', f'{took:.3f}', '-'))} ms"
        case "pino":
            yield 0, json.dumps(pino)
        case "clf":
            yield 0, head
        case "clf-time":
            yield 0, f'{head} "-" "curl/8" {took / 1000:.3f}'
        case "logfmt":
            yield 0, f"method=GET path={target.split('?')[0]} status={status} duration={took:.2f}"
        case "uvicorn":
            yield 0, f'INFO:     203.0.113.7:5{rng.randrange(1000):03} - "GET {target} HTTP/1.1" {status} OK'
        case "rails":
            yield 0, f'[{an_id}] Started GET "{target}" for 203.0.113.7 at 2025-10-10 18:00:00 +0000'
            yield 0, f"[{an_id}] Processing by HomeController#index as HTML"
            yield rng.randrange(4_000), f"[{an_id}] Completed {status} OK in {took:.0f}ms (Views: 0.1ms)"
        case "fastify":
            asked = {"method": "GET", "url": target, "remoteAddress": "203.0.113.7"}
            yield 0, json.dumps({"level": 30, "reqId": an_id, "req": asked, "msg": "incoming request"})
            answered = {"res": {"statusCode": int(status)}, "responseTime": round(took, 2)}
            yield rng.randrange(4_000), json.dumps({"level": 30, "reqId": an_id, **answered, "msg": "request completed"})
        case kind:
            for said in rng.choice(NAMED if kind == "overmind" else NOISE).format(took=took).split("\n"):
                yield 0, said
