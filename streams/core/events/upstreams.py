"""Something that an app asks does not answer, or fails: upstreams, services, caches. Knows no database and no service."""

import re

from msgspec import structs

from streams.core.events import services, timeouts
from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

_HEADERS = (
    r"(?i:x-cache(?:-status|-lookup|-remote)?|cf-cache-status|x-proxy-cache|upstream_cache_status|x-vercel-cache|x-nextjs-cache"
    r"|x-litespeed-cache|x-drupal-cache|x-varnish-cache|x-fastcgi-cache|cdn-cache|cache-status|cache_status|cachestatus)"
)

# Behind a hit or a miss: that it is counted or denied, or a build's (turborepo), and no use of a cache.
_STATISTICS = (
    r"(?![ _-]?(?i:ratio|rate(?! limit)|stats?|statistics|percent(?:age)?|pct)\b|[/|&](?i:hit|miss)"
    r"|[_-](?i:counts?|counter|total)\b| (?i:counts?|counter|total)\b(?!=)"
    r"|[\"']?[:=] ?(?:false|False|0)\b|=[0-9.]{1,12}%?,? [a-z_]{0,12}(?:hit|miss)|:? ?[0-9.]{1,8} ?%"
    r"|, (?:executing|replaying|suppressing) )"
)


_NPM, _HEAD_CHARS = "npm http ", 80  # a package that npm had already, while an image is built


def _unless_npm(said: Sign) -> Sign:
    """Let a sign of caches refuse what npm says of its own."""

    def search(text: str) -> re.Match[str] | None:
        return None if _NPM in text[:_HEAD_CHARS] else said.search(text)

    return structs.replace(said, search=search)


def _caches(kind: EventKind, states: str, words: str) -> tuple[Sign, ...]:
    """Return how caches tell of hits, or of misses: in a header's value, in words, by name."""
    return (
        sign(
            kind, "ache", rf"\b(?=[CUXcux]){_HEADERS}[\"']?[:=] ?[\"']?(?:TCP_(?:MEM_)?)?(?:{states})\b", "a header of a proxy"
        ),
        _unless_npm(
            sign(
                kind,
                "ache",
                rf"\b[Cc]ache[]\"']?[ :=_-]{{1,3}}[\"']?(?:{words})(?:\b|(?=_)){_STATISTICS}",
                "in words: cache hit, [cache] hit, cache=hit",
            )
        ),
        sign(kind, "CACHE", rf"\bCACHE[] :=_-]{{1,3}}(?:{words})\b{_STATISTICS}", "the same, louder"),
        sign(kind, "VCL_call", rf"\bVCL_call +(?:{words})$", "Varnish's log"),
    )


_HAPROXY = r"^(?:\[[A-Z]{4,8}\] {1,8}(?:[0-9]{3}/[0-9]{6} )?\([0-9]{1,10}\) : )?"  # as it writes before there is a log
_SERVER = rf"{_HAPROXY}(?:Health check for )?(?:[Bb]ackup )?[Ss]erver ([^\s]{{1,200}})"
# A check that timed out is a check that failed: by its reason the end of an outage would have no beginning of its kind.
_CHECKS = (
    (EventKind.HEALTH_CHECK_FAILED, "is DOWN, reason: ", rf"{_SERVER} is DOWN, reason: "),
    (EventKind.HEALTH_CHECK_PASSING, "is UP, reason: ", rf"{_SERVER} is UP, reason: "),
    (EventKind.HEALTH_CHECK_FAILED, "failed, reason: ", rf"{_SERVER} failed, reason: "),
    (EventKind.HEALTH_CHECK_PASSING, "succeeded, reason: ", rf"{_SERVER} (?:conditionally )?succeeded, reason: "),
)

SIGNS: tuple[Sign, ...] = (
    *(sign(kind, needle, pattern, "HAProxy, of a server behind it") for kind, needle, pattern in _CHECKS),
    sign(EventKind.TIMEOUT, "upstream timed out", r"upstream timed out \(", "nginx"),
    sign(EventKind.TIMEOUT, "upstream request timeout", r"upstream request timeout", "envoy"),
    *services.SIGNS,
    *timeouts.SIGNS,
    *_caches(EventKind.CACHE_HIT, "HIT|REVALIDATED|STALE|UPDATING|hit|Hit|stale", "HIT|hit|Hit"),
    *_caches(EventKind.CACHE_MISS, "MISS|EXPIRED|BYPASS|DYNAMIC|miss|Miss|expired", "MISS|miss|Miss"),
    sign(EventKind.CACHE_HIT, "Read fragment", r"^(?:.{0,200}[\] ])?Read fragment [^\n]{1,300} \([0-9.]{1,12}ms\)", "Rails"),
    sign(
        EventKind.CACHE_MISS,
        "Write fragment",
        r"^(?:.{0,200}[\] ])?Write fragment [^\n]{1,300} \([0-9.]{1,12}ms\)",
        "Rails: what was not found is written",
    ),
)
