"""Generated lines for the benches: seeded, in Fly's envelope, hard on routes (about as many targets as lines)."""

import random
from collections.abc import Callable, Iterator

import orjson

from streams import codec
from streams.core import stamps

START_MS = 1_760_000_000_000
LINES_A_SECOND = 500
APPS = ("hotdash-staging", "hotdash-production", "hotdash-chatwoot", "hotdash-agent-service")
Line = tuple[str, str, str, str]  # app, instance, stamp, message
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "curl/8.7.1", "okhttp/4.12.0")
WORDS = ("orders", "users", "products", "carts", "sessions", "reports")


def target(rng: random.Random) -> str:
    """Return a request target; most are new."""
    path = f"/api/v1/{rng.choice(WORDS)}/{rng.randrange(40_000)}"
    return path if rng.random() < 0.8 else f"{path}?page={rng.randrange(50)}&q={rng.choice(WORDS)}"


def status(rng: random.Random) -> int:
    """Return a status; one in a hundred is a 5xx."""
    return rng.choices((200, 201, 204, 302, 304, 404, 500, 503), (70, 6, 4, 4, 8, 7, 0.6, 0.4))[0]


def took_ms(rng: random.Random) -> float:
    """Return a duration with three decimals."""
    return round(rng.lognormvariate(4.0, 1.0), 3)


def tiny(rng: random.Random, _: str) -> str:
    """Return morgan's tiny."""
    return f"GET {target(rng)} {status(rng)} {rng.randrange(9000)} - {took_ms(rng)} ms"


def dev(rng: random.Random, _: str) -> str:
    """Return morgan's dev."""
    return f"POST {target(rng)} {status(rng)} {took_ms(rng)} ms - {rng.randrange(9000)}"


def combined(rng: random.Random, stamp: str) -> str:
    """Return nginx combined."""
    clock = f"{stamp[8:10]}/Oct/{stamp[:4]}:{stamp[11:19]} +0000"
    address = f"203.0.113.{rng.randrange(256)}"
    head = f'{address} - - [{clock}] "GET {target(rng)} HTTP/1.1" {status(rng)} {rng.randrange(90_000)}'
    tail = f' "https://example.com/{rng.choice(WORDS)}" "{rng.choice(AGENTS)}"'
    return head + tail


def timed(rng: random.Random, stamp: str) -> str:
    """Return nginx combined with the request time."""
    return f"{combined(rng, stamp)} {took_ms(rng) / 1000:.3f}"


def pino(rng: random.Random, stamp: str) -> str:
    """Return pino-http's line with the usual headers."""
    headers = {"host": "example.com", "user-agent": rng.choice(AGENTS), "accept": "*/*", "accept-encoding": "gzip, br"}
    req = {"id": rng.randrange(10**6), "method": "GET", "url": target(rng), "query": {}, "params": {}, "headers": headers}
    req |= {"remoteAddress": f"203.0.113.{rng.randrange(256)}", "remotePort": rng.randrange(65536)}
    res = {"statusCode": status(rng), "headers": {"content-type": "application/json; charset=utf-8", "etag": 'W/"2-v"'}}
    document = {"level": 30, "time": stamps.ms(stamp), "pid": 319, "hostname": "e784", "req": req, "res": res}
    return orjson.dumps(document | {"responseTime": took_ms(rng), "msg": "request completed"}).decode()


def caddy(rng: random.Random, stamp: str) -> str:
    """Return a line of Caddy's access log with the usual headers."""
    headers = {"User-Agent": [rng.choice(AGENTS)], "Accept": ["*/*"], "Accept-Encoding": ["gzip, br"]}
    peer = {"remote_ip": "172.16.0.2", "remote_port": str(rng.randrange(65536)), "client_ip": f"203.0.113.{rng.randrange(256)}"}
    asked = {"proto": "HTTP/2.0", "method": "GET", "host": "example.com", "uri": target(rng)}
    request = {**peer, **asked, "headers": headers}
    head = {"level": "info", "ts": (stamps.ms(stamp) or 0) / 1000, "logger": "http.log.access", "msg": "handled request"}
    answer = {"duration": took_ms(rng) / 1000, "size": rng.randrange(90_000), "status": status(rng)}
    return orjson.dumps(head | {"request": request} | answer | {"resp_headers": {"Server": ["Caddy"]}}).decode()


def logfmt(rng: random.Random, stamp: str) -> str:
    """Return pairs as a Go program writes them, durations with the unit that fits."""
    took = took_ms(rng)
    spelt = f"{took / 1000:.6f}s" if took >= 1000 else f"{took:.3f}ms"
    head = f'ts={stamp} level=info caller=server/http.go:118 msg="request completed" method=GET path={target(rng)}'
    size, client = rng.randrange(90_000), f"203.0.113.{rng.randrange(256)}"
    return f"{head} status={status(rng)} duration={spelt} size={size} remote_addr={client}"


def zap(rng: random.Random, stamp: str) -> str:
    """Return a document of Go's zap on one level, as most loggers write them."""
    head = {"level": "info", "ts": (stamps.ms(stamp) or 0) / 1000, "caller": "server/http.go:118", "msg": "request completed"}
    asked = {"method": "GET", "path": target(rng), "status": status(rng), "latency": took_ms(rng) / 1000}
    answer = {"remote_ip": f"203.0.113.{rng.randrange(256)}", "bytes": rng.randrange(90_000)}
    return orjson.dumps(head | asked | answer).decode()


def noise(rng: random.Random, stamp: str) -> str:
    """Return what an app says besides requests."""
    return rng.choice(
        (
            f"    at Object.query (/app/node_modules/router/dist/index.js:{rng.randrange(3000)}:19)",
            f"[info] job {rng.randrange(10**6)} done in {took_ms(rng)} ms",
            "Health check on port 3000 is now passing.",
            f"{stamp} INFO worker heartbeat ok",
        )
    )


# What the machines of a kind write, each machine its own; "alternating": every machine all of them at random.
MAKERS: dict[str, tuple[Callable[[random.Random, str], str], ...]] = {
    "morgan": (tiny, dev),
    "nginx": (combined, timed),
    "pino": (pino,),
    "caddy": (caddy,),
    "logfmt": (logfmt,),
    "zap": (zap,),
    "mixed": (tiny, dev, combined, timed, pino),
    "alternating": (tiny, dev, combined, timed),
}


def lines(kind: str, count: int, seed: int = 7) -> Iterator[Line]:
    """Yield lines of 4 apps with 2 machines each, 500 a second; of "mixed" 30 % are no requests."""
    rng = random.Random(seed)
    makers = MAKERS[kind]
    for number in range(count):
        stamp = stamps.text(START_MS + number * 1000 // LINES_A_SECOND)[:19] + f".{number % 1000:03}000000Z"
        which = rng.randrange(8)
        maker = rng.choice(makers) if kind == "alternating" else makers[which % len(makers)]
        if kind == "mixed" and rng.random() < 0.3:
            maker = noise
        yield APPS[which // 2], f"e784{which:010x}", stamp, maker(rng, stamp)


def ndjson(line: Line) -> bytes:
    """Return a line in the envelope of Fly's NATS stream, without a newline."""
    app, instance, stamp, message = line
    fly = {"app": {"instance": instance, "name": app}, "region": "iad"}
    head = {"event": {"provider": "app"}, "fly": fly, "host": "f2a1", "log": {"level": "info"}}
    return orjson.dumps(head | {"message": message, "timestamp": stamp})


def columnar(rows: list[Line], size: int) -> Iterator[tuple[str, bytes]]:
    """Yield (key, value) records as flyship writes them: up to ``size`` lines of one instance each."""
    open_batches: dict[tuple[str, str], list[list[str | None]]] = {}
    for app, instance, stamp, message in rows:
        held = open_batches.setdefault((app, instance), [])
        held.append([stamp, message])
        if len(held) >= size:
            yield f"{app}/{instance}", codec.encode_batch(app, instance, "iad", "app", "info", held)
            del open_batches[app, instance]
    for (app, instance), held in open_batches.items():
        yield f"{app}/{instance}", codec.encode_batch(app, instance, "iad", "app", "info", held)
