"""Something that an app asks does not answer, or fails: upstreams, services by name, caches. Knows no database."""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

_FAILS = r"[^\n]{0,120}?(?:[Ee]rror|ERROR|[Ff]ail(?:ed|ure|s)?\b|[Tt]imed? ?out|\b(?:429|5[0-9]{2})\b)"

SIGNS: tuple[Sign, ...] = (
    sign(EventKind.TIMEOUT, "upstream timed out", r"upstream timed out \(", "nginx"),
    sign(EventKind.TIMEOUT, "upstream request timeout", r"upstream request timeout", "envoy"),
    sign(EventKind.EXTERNAL_API, "hopify", rf"\b([Ss]hopify)\b{_FAILS}", "by its name"),
    sign(
        EventKind.EXTERNAL_API,
        "oogle",
        rf"\b([Gg]oogle (?:[Aa]nalytics|[Ss]earch [Cc]onsole)|googleapis\.com){_FAILS}",
        "by its name",
    ),
    sign(EventKind.EXTERNAL_API, "earch Console", rf"\b([Ss]earch Console)\b{_FAILS}", "by its name"),
    sign(EventKind.TIMEOUT, "TIMEDOUT", r"\bE(?:SOCKET)?TIMEDOUT\b", "node"),
    sign(EventKind.TIMEOUT, "context deadline exceeded", r"context deadline exceeded", "Go"),
    sign(
        EventKind.TIMEOUT,
        "imeout",
        r"\b(Rack::Timeout::[A-Za-z]+|Net::(?:Read|Open)Timeout|(?:httpx|requests\.exceptions|aiohttp"
        r"|urllib3\.exceptions)\.[A-Za-z]*Timeout[A-Za-z]*|java\.net\.SocketTimeoutException"
        r"|HttpTimeoutException|UND_ERR_[A-Z]+_TIMEOUT)\b",
        "clients",
    ),
    sign(EventKind.TIMEOUT, "ateway ", r"\bGateway Time-?out\b", "as proxies call it"),
    sign(
        EventKind.CACHE_HIT,
        "ache",
        r"(?i:x-cache(?:-status)?|cf-cache-status|x-proxy-cache"
        r"|upstream_cache_status)[\"']?[:=] ?[\"']?(?:HIT|hit|Hit|REVALIDATED|STALE|UPDATING)\b",
        "a header of a proxy",
    ),
    sign(
        EventKind.CACHE_MISS,
        "ache",
        r"(?i:x-cache(?:-status)?|cf-cache-status|x-proxy-cache"
        r"|upstream_cache_status)[\"']?[:=] ?[\"']?(?:MISS|miss|Miss|EXPIRED|BYPASS|DYNAMIC)\b",
        "a header of a proxy",
    ),
    sign(EventKind.CACHE_HIT, "ache hit", r"\b[Cc]ache hit\b", "in words"),
    sign(EventKind.CACHE_MISS, "ache miss", r"\b[Cc]ache miss\b", "in words"),
)
