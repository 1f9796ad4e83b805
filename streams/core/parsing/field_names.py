"""The names under which documents say what a request was: ordered tables, and nothing else.

A path is written with ``/`` between the names of nested documents. Case, ``_`` and ``-`` do not matter, and a dot is as
good as nesting: ``http.response.status_code`` is ``http/response/statuscode``. A row that begins with ``=`` is one name
exactly as written. Of two names that a document has, the earlier row wins. A new habit is a row.
"""

METHODS = (
    "req/method",  # pino, bunyan, restify
    "request/method",  # caddy, koa, kong, slog-gin
    "http/request/method",  # ECS, OpenTelemetry
    "http/method",  # OpenTelemetry before 1.20, Datadog
    "http/req/method",
    "httpRequest/requestMethod",  # Google, httplog
    "httpRequest/method",
    "proxy/method",  # Vercel
    "event/request/method",  # Cloudflare's workers
    "span/method",  # Rust's tower-http
    *("connection/method", "request/connection/method"),  # Elixir's logger_json
    "detail/httpInfo/method",  # Hasura
    "requestMethod",  # nginx, traefik, Serilog
    "clientRequestMethod",  # Cloudflare
    "csMethod",  # Azure's App Service
    "reqMethod",  # Akamai
    "requestVerb",  # AWS's load balancer, as Athena calls it
    "httpMethod",  # AWS, Azure; not written so by .NET's HttpClient, which asks others: see ``outgoing``
    "method",  # lograge, flat pino, and most
    "verb",  # klog
)
TARGETS = (
    "req/originalUrl",
    "req/url",
    "req/path",
    "request/uri",
    "request/url",
    "request/path",
    "url/original",  # ECS
    "url/path",
    "http/target",
    "http/urlDetails/path",  # Datadog
    "http/url",
    "http/path",
    "http/request/uri",  # Docker's registry
    "http/req/path",
    "httpRequest/requestUrl",
    "httpRequest/requestPath",
    "httpRequest/url",
    "httpRequest/path",
    "proxy/path",
    "event/request/url",
    "span/uri",
    *("connection/path", "request/connection/path", "detail/httpInfo/url"),
    *("clientRequestUri", "clientRequestPath"),
    "originalRequestUriWithArgs",  # Azure's application gateway: what came before it was rewritten
    "x-envoy-origin-path",  # Envoy Gateway: before it was rewritten, too
    "requestUri",
    "requestedUri",  # logback-access
    "requestPath",
    "requestUrl",
    "csUriStem",
    "reqPath",
    "resourcePath",
    "originalUrl",
    "url/full",
    "url",
    "uri",
    "path",
    *("httpUri", "httpPath"),
    "urlPath",  # gunicorn's recipes
)
MODULES = ("target",)  # Rust's tracing calls a module so
LINES = ("request", "requestLine", "firstRequestLine", "httpRequestLine", "routeKey")  # method, target and version in one
STATUSES = (
    "res/statusCode",
    "res/status",
    "response/statusCode",
    "response/status",
    "http/response/statusCode",
    "http/statusCode",
    "http/response/status",
    "http/resp/status",
    "http/status",
    "httpRequest/status",
    "httpResponse/status",
    "proxy/statusCode",
    "event/response/status",
    *("connection/status", "request/connection/status", "detail/httpInfo/status"),
    "edgeResponseStatus",  # Cloudflare
    "elbStatusCode",
    "downstreamStatus",  # traefik: what the client got; its OriginStatus is what the server behind it said
    "scStatus",
    "httpStatusCode",
    "httpStatus",
    "httpResponseCode",
    "responseStatusCode",
    "responseStatus",
    "responseCode",  # Envoy, WildFly, Azure
    "statusCode",
    "status",
    "resp",  # klog
    "response",  # Elastic's nginx example
    "code",  # django-structlog
    "api/statusCode",  # MinIO's audit; an app may tell of another's API beside its own status
)
CLIENTS = (
    *("flyClientIp", "headers/fly-client-ip"),  # Fly's proxy replaces what a client writes
    "request/clientIp",  # caddy has looked through the trusted proxies itself
    "req/headers/fly-client-ip",
    "req/headers/x-forwarded-for",
    "request/headers/fly-client-ip",
    "http_x_forwarded_for",
    "x_forwarded_for",
    "xff",
    "fwd",  # Heroku's router
    "httpRequest/remoteIp",
    "httpRequest/clientIp",
    "proxy/clientIp",
    "client/ip",
    "client/address",  # OpenTelemetry
    "client/addr",  # linkerd
    "source/ip",
    "http/clientIp",
    "http/request/remoteAddr",
    "network/client/ip",  # Datadog
    *("detail/httpInfo/ip", "request/client/ip", "httpRequest/remote"),
    "clientHost",  # traefik
    "request/remoteIp",
    "request/remoteAddr",  # caddy before 2.5, with the port
    "request/ip",
    "req/remoteAddress",
    "req/ip",
    "source/remoteAddress",  # hapi's good
    "clientAddr",
    "clientIp",
    "cliIp",
    "cIp",
    "remoteAddr",
    "remoteAddress",
    "remoteIp",
    "remoteHost",
    "downstreamRemoteAddress",  # Envoy, with the port
    "network/peer/address",
    "net/peer/ip",
    "srcIp",  # klog
    "client",  # what Vector makes of nginx's lines
    "remote",
    "ip",
    "from",
)
ADDRESSES = ("address", "addr")  # nginx, uWSGI: the client where it is an address, as people have addresses, too
AGENTS = (
    "req/headers/user-agent",
    "request/headers/user-agent",  # caddy: a list
    "userAgent/original",  # ECS, OpenTelemetry
    "httpRequest/userAgent",
    "proxy/userAgent",
    "source/userAgent",
    "http/userAgent",
    "http/request/userAgent",
    "request/userAgent",
    "httpUserAgent",  # nginx
    "request_User-Agent",  # traefik
    "clientRequestUserAgent",
    "requestHeader/user-agent",
    "userAgent",
    "csUserAgent",
    "ua",
    "agent",
)
STAMPS = (
    "time_iso8601",
    "time_local",
    "@timestamp",
    "timestamp",
    "time/timestamp",  # Python's loguru
    "time",
    "ts",
    "msec",
    "edgeStartTimestamp",
    "startTime",  # Envoy
    *("startUtc", "startedAt"),
    "@t",  # Serilog
    "timeUnixNano",
    "observedTimeUnixNano",
    "eventTimestampMs",
    "eventTimestamp",
    "requestTime",  # AWS: no duration
    "requestTimeEpoch",
    "reqTimeSec",
    "requestStartTime",
    "datetime",
    "date",
    "asctime",
    "created",
    "timeMillis",
    "instant",  # log4j2: seconds and nanoseconds
    "eventTime",
    "dt",
    "timestamp(ms)",  # CloudFront
    "t",
)
# Documents inside a document whose names count as those of the outer one; what the outer one says itself wins.
CONTAINERS = (
    "properties",  # Azure, Serilog's older notation
    "state",  # ASP.NET Core's console
    "fields",  # Rust's tracing, Logstash
    "@fields",
    "attributes",  # OpenTelemetry, Datadog
    "resourceLogs",  # of OpenTelemetry's files, where a line is one record
    "scopeLogs",
    "logRecords",
    "span",  # Rust's tracing
    "jsonPayload",  # Google
    "payload",  # Ruby's semantic_logger
    "context",  # PHP's monolog
    "contextMap",  # log4j2
    "mdc",
    "extra",
    "meta",  # winston, express-winston
    "metadata",
    "data",
    "message",  # winston, of an object
    "msg",
    "record",  # Python's loguru
    "log",
    "logProcessed",
    "parsed",
    "nginx",  # of a log_format that nests, and of Filebeat's module
    "access",
)
