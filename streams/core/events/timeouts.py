"""What did not answer in time: upstreams, workers, clients of any protocol. Knows no service by its name."""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

# Servers and proxies, of a request or of a worker that took too long.
_SERVERS = (
    ("code=H12", r"\bcode=H12\b", "Heroku's router, where it tells no request"),
    ("H12", r"\bError (H12)\b", "the same in words"),
    ("WORKER TIMEOUT", r"\bWORKER TIMEOUT \(pid:", "gunicorn"),
    ("HARAKIRI", r"\bHARAKIRI (?:ON|triggered)", "uWSGI"),
    ("execution timed out", r"execution timed out \([0-9.]{1,12} sec\)", "PHP-FPM"),
    ("Maximum execution time", r"\bMaximum execution time of [0-9]+ seconds? exceeded\b", "PHP, by its own limit"),
    ("! Terminating timed", r"! Terminating timed out worker\b", "Puma"),
    (
        "source=rack-timeout",
        r"\bsource=rack-timeout [^\n]{0,300}?\bstate=timed_out\b",
        "rack-timeout; its other states are well",
    ),
    ("Hard time limit (", r"\bHard time limit \([0-9.]+s\) exceeded\b", "Celery ends a task"),
    (
        "cancelin",
        r"\bcanceling statement due to (?:statement|lock) timeout\b",
        "PostgreSQL, by its own limit",
    ),
)
_CLASSES = (
    r"\b(Rack::Timeout::[A-Za-z]+|Net::(?:Read|Open)Timeout|(?:httpx|requests\.exceptions|aiohttp"
    r"|urllib3\.exceptions)\.[A-Za-z]*Timeout[A-Za-z]*|java\.net\.SocketTimeoutException"
    r"|HttpTimeoutException|UND_ERR_[A-Z]+_TIMEOUT)\b"
)
# Clients, by an error's class or in its words.
_CLIENTS = (
    ("while awaiting headers", r"\bClient\.Timeout exceeded while awaiting headers", "Go"),
    ("TIMEDOUT", r"\bE(?:SOCKET)?TIMEDOUT\b", "node"),
    ("context deadline exceeded", r"context deadline exceeded", "Go"),
    ("imeout", _CLASSES, "clients"),
    ("imeoutException", r"\b(java\.util\.concurrent\.TimeoutException|System\.TimeoutException)\b", "Java, .NET"),
    ("TimeoutError", r"\b((?:Connect|Headers|Body)TimeoutError)(?:: | \[|$)", "undici"),
    ("timeout of ", r"\btimeout of [0-9]{1,9}ms exceeded\b", "axios"),
    ("aborted due to timeout", r"\bThe operation was aborted due to timeout\b", "fetch, by AbortSignal.timeout"),
    ("cURL error 28", r"\bcURL error 28\b", "Guzzle, WordPress"),
    ("ateway ", r"\bGateway Time-?out\b", "as proxies call it"),
)

SIGNS: tuple[Sign, ...] = tuple(sign(EventKind.TIMEOUT, *row) for row in (*_SERVERS, *_CLIENTS))
