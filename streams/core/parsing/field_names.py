"""The names under which documents say what a request was: ordered tables, and nothing else.

A path is written with ``/`` between the names of nested documents; a dotted name is one name. A new habit is a row.
"""

Path = tuple[str, ...]


def _paths(*rows: str) -> tuple[Path, ...]:
    return tuple(tuple(row.split("/")) for row in rows)


METHODS = _paths(
    "req/method",  # pino, bunyan, restify
    "request/method",  # caddy, koa
    "meta/req/method",  # winston-express
    "http/request/method",  # ECS
    "http/method",
    "httpRequest/requestMethod",  # Google
    "http.request.method",
    "http.method",
    "req.method",
    "request_method",  # nginx
    "RequestMethod",  # traefik
    "requestMethod",
    "http_method",
    "method",  # lograge, flat pino
    "verb",
)
TARGETS = _paths(
    "req/originalUrl",
    "req/url",
    "req/path",
    "request/uri",
    "request/url",
    "request/path",
    "meta/req/originalUrl",
    "meta/req/url",
    "url/original",
    "url/path",
    "http/url",
    "http/target",
    "http/path",
    "httpRequest/requestUrl",
    "url.original",
    "url.path",
    "http.target",
    "http.url",
    "req.url",
    "request_uri",
    "RequestPath",
    "requestUrl",
    "request_path",
    "request_url",
    "originalUrl",
    "url",
    "uri",
    "path",
    "target",
)
STATUSES = _paths(
    "res/statusCode",
    "res/status",
    "response/statusCode",
    "response/status_code",
    "response/status",
    "meta/res/statusCode",
    "http/response/status_code",
    "http/status_code",
    "httpRequest/status",
    "http.response.status_code",
    "http.status_code",
    "res.statusCode",
    "DownstreamStatus",
    "statusCode",
    "status_code",
    "http_status",
    "status",
)
CLIENTS = _paths(
    "request/client_ip",  # caddy has looked through the trusted proxies itself
    "req/headers/fly-client-ip",
    "req/headers/x-forwarded-for",
    "meta/req/headers/x-forwarded-for",
    "http_x_forwarded_for",
    "x_forwarded_for",
    "x-forwarded-for",
    "fwd",  # Heroku's router
    "httpRequest/remoteIp",
    "client/ip",
    "client.ip",
    "ClientHost",
    "request/remote_ip",
    "req/remoteAddress",
    "req/ip",
    "meta/req/ip",
    "remote_addr",
    "remoteAddress",
    "remoteAddr",
    "remote_ip",
    "remoteIp",
    "client_ip",
    "clientIp",
    "clientIP",
    "http.client_ip",
    "ip",
)
AGENTS = _paths(
    "req/headers/user-agent",
    "request/headers/User-Agent",  # caddy: a list
    "meta/req/headers/user-agent",
    "user_agent/original",  # ECS
    "user_agent.original",
    "httpRequest/userAgent",
    "http_user_agent",  # nginx
    "request_User-Agent",  # traefik
    "userAgent",
    "user_agent",
    "user-agent",
    "http.user_agent",
    "agent",
)
# (name, what 1 is in ms unless the value names its unit, a name that must be there too)
DURATIONS: tuple[tuple[Path, float, Path], ...] = tuple(
    (tuple(name.split("/")), unit_ms, tuple(beside.split("/")) if beside else ())
    for name, unit_ms, beside in (
        ("responseTime", 1.0, ""),
        ("meta/responseTime", 1.0, ""),
        ("res/responseTime", 1.0, ""),
        ("response-time", 1.0, ""),
        ("response_time_ms", 1.0, ""),
        ("response_time", 1.0, ""),
        ("request_time_ms", 1.0, ""),
        ("request_time", 1e3, ""),  # nginx
        ("duration_ms", 1.0, ""),
        ("durationMs", 1.0, ""),
        ("duration_ns", 1e-6, ""),
        ("duration_s", 1e3, ""),
        ("duration_seconds", 1e3, ""),
        ("latency_ms", 1.0, ""),
        ("latencyMs", 1.0, ""),
        ("elapsed_ms", 1.0, ""),
        ("elapsedMs", 1.0, ""),
        ("took_ms", 1.0, ""),
        ("time_ms", 1.0, ""),
        ("event/duration", 1e-6, ""),  # ECS
        ("event.duration", 1e-6, ""),
        ("Duration", 1e-6, "RequestMethod"),  # traefik
        ("httpRequest/latency", 1e3, ""),
        ("duration", 1e3, "request/uri"),  # caddy
        ("duration", 1.0, ""),  # lograge, bunyan
        ("latency", 1.0, ""),  # restify
        ("elapsed", 1.0, ""),
        ("took", 1.0, ""),
        ("meta/duration", 1.0, ""),
        ("service", 1.0, "dyno"),  # Heroku's router
    )
)
STAMPS = _paths("time_iso8601", "time_local", "@timestamp", "timestamp", "time", "ts", "msec", "datetime", "date", "StartUTC")
