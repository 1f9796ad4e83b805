"""The names under which documents say how long a request took, and what 1 is under each: ordered tables. Reads nothing.

The whole request wins over its parts, a name that tells its unit over one that does not. A bare number under a name that
tells none is what the logger makes of a duration (``LOGGERS``), and milliseconds where that is unknown: of the loggers in
use, those that write something else can be told by their other fields.
"""

S, MS, US, NS = 1e3, 1.0, 1e-3, 1e-6
AS_LOGGED = 0.0  # what the logger of the document makes of a duration

# (name, what 1 is in ms unless the value names its unit, a name that must be there too)
DURATIONS = (
    ("duration", S, "request/uri"),  # caddy
    ("=Duration", NS, "=RequestMethod"),  # traefik
    ("latencies/request", MS, ""),  # kong: all of it
    ("http/response/duration", MS, ""),  # Docker's registry
    ("http/resp/tookMs", MS, ""),
    ("res/time", MS, ""),
    ("res/responseTime", MS, ""),
    ("http/durationMs", MS, ""),
    ("http/durationUs", US, ""),
    ("http/latencyMs", MS, ""),
    ("http/responseTime", MS, ""),
    ("httpResponse/elapsed", MS, ""),  # httplog
    ("httpResponse/took", NS, ""),  # Ory's
    ("httpRequest/latency", S, ""),  # Google
    ("event/duration", NS, ""),  # ECS
    ("time/total", MS, ""),  # Ruby's grape_logging
    ("detail/operation/queryExecutionTime", S, "detail/httpInfo/status"),  # Hasura
    ("http/server/request/duration", S, ""),  # OpenTelemetry
    ("http/server/duration", MS, ""),  # OpenTelemetry before 1.20
    ("latencyHuman", MS, ""),  # echo: beside the nanoseconds of latency
    ("latency", NS, "bytesIn"),  # echo, without it
    ("duration", NS, "network/client/ip"),  # Datadog
    ("duration", NS, "http/statusCode"),
    ("response/latency", AS_LOGGED, ""),  # slog-gin and its sisters
    ("timeTaken", S, "xEdgeLocation"),  # CloudFront
    ("timeTaken", S, "timeToFirstByte"),  # Azure's front door
    ("timeTaken", S, "serverRouted"),  # Azure's application gateway, v2
    ("timeTaken", MS, ""),
    ("wallTimeMs", MS, ""),
    ("responseTimeMs", MS, ""),
    ("requestTimeMs", MS, ""),
    ("processTimeMs", MS, ""),
    ("durationMs", MS, ""),
    ("durationMillis", MS, ""),
    ("durationMsec", MS, ""),
    ("durationUs", US, ""),
    ("durationMicros", US, ""),
    ("durationNs", NS, ""),
    ("durationNanos", NS, ""),
    ("durationS", S, ""),
    ("durationSec", S, ""),
    ("durationSeconds", S, ""),
    ("latencyMs", MS, ""),
    ("latencyUs", US, ""),
    ("latencyMicros", US, ""),
    ("latencyNs", NS, ""),
    ("latencyNanos", NS, ""),
    ("latencySeconds", S, ""),
    ("elapsedMs", MS, ""),
    ("elapsedMillis", MS, ""),
    ("elapsedMilliseconds", MS, ""),  # ASP.NET Core
    ("elapsedSeconds", S, ""),
    ("elapsedUs", US, ""),
    ("elapsedMicros", US, ""),
    ("elapsedNs", NS, ""),
    ("totalNs", NS, ""),  # linkerd
    ("latencyμs", US, ""),  # Elixir's logger_json
    ("tookMs", MS, ""),
    ("timeMs", MS, ""),  # Grafana
    ("timeTakenMs", MS, ""),
    ("timeTakenUs", US, ""),
    ("totalTimeMs", MS, ""),
    ("requestTimeMicro", US, ""),  # aiohttp
    ("requestTimeFrac", S, ""),
    ("timeElapsed", US, ""),  # Fastly
    ("elapsedTimeS", S, ""),  # Tomcat
    ("elapsedTime", MS, ""),  # logback-access, Tomcat
    ("requestTimeSeconds", S, ""),  # gunicorn's recipes
    ("api/timeToResponse", NS, ""),  # MinIO's audit
    *(("respTime", S, beside) for beside in ("respBodySize", "upstream", "upstreamAddr", "upstreamTime", "serverIp")),  # nginx
    ("responseLatency", MS, ""),  # AWS
    ("responseTime", S, "upstreamTime"),  # nginx, as Logstash's users write it
    ("response_time", S, "upstream_response_time"),
    ("responseTime", US, "gofrVersion"),  # GoFr, where nobody looks at a terminal
    ("responseTime", MS, ""),  # pino, hapi
    ("=requestTime", MS, ""),  # Dropwizard
    ("request_time", S, ""),  # nginx
    ("processTime", S, ""),  # Python's middleware subtracts time.time()
    ("latency", MS, "dataLength"),  # ginlogrus
    ("requestDuration", AS_LOGGED, ""),
    ("duration", AS_LOGGED, ""),  # lograge, bunyan, slog, zap, zerolog
    ("latency", AS_LOGGED, ""),  # restify, gin
    ("elapsed", US, "elapsedUnit"),  # Hanami: always "µs"
    ("elapsed", S, "verb"),  # Hanami 1
    ("elapsed", AS_LOGGED, ""),
    ("took", AS_LOGGED, ""),
    ("dur", AS_LOGGED, ""),
    ("cost", AS_LOGGED, "errors"),  # gin with zap, as a tutorial has it that many copy
    ("totalTime", MS, ""),
    *(("totalLatency", MS, ""), ("latencyTotal", MS, "")),  # Tyk, before and since its version 5.8
    ("ms", MS, ""),
    ("service", MS, "dyno"),  # Heroku's router
    ("runtime", MS, "event"),  # authentik
)
# The same of texts with six decimals alone: so C and Python print seconds; milliseconds have fewer, or are numbers.
PRECISE = (("responseTime", S, "responseStatus"),)  # uWSGI, in a JSON of one's own
# (name, its value, what 1 is in any bare number of a document that says so)
WRITERS = (
    ("software", "nginx", S),  # NGINX's kubernetes-ingress: nginx knows seconds alone
    *(
        (name, unit, one_ms)
        for name in ("durationUnit", "duration_unit")
        for unit, one_ms in (("ns", NS), ("us", US), ("µs", US), ("ms", MS), ("s", S))
    ),
)
# Who wrote it -> what 1 is in a whole number, and in one with a fraction. A logger is told by the names that it gives to
# time, level and message, by how it spells the level, and by how it sorts names; the first row that fits wins. Pino with
# levels as words looks like logrus, but for the order of its names; it writes milliseconds.
# (names that must be there, how the level is spelt, whether names are in the order of the alphabet, whole, fraction, who)
LOGGERS = (
    (("ts", "msg"), r"[a-z]+", False, NS, S, "zap: a float of seconds in production, integers of ns if so configured"),
    (("caller", "msg"), r"[a-z]+", False, NS, S, "zap, with another name for the time"),
    (("time", "msg"), r"[A-Z]+(?:[+-][0-9]+)?", False, NS, MS, "slog: an integer of ns"),
    (("time", "msg"), r"[a-z]+", True, NS, MS, "logrus: an integer of ns"),
)
LEAST_NS = 1_000  # no request takes less than a microsecond: a smaller whole number is ms, whoever wrote it
