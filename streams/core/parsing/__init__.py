"""The ordered table of request formats, and the two ways to use it. Knows no envelope, app, topic or clock.

A family is a file with rows of its own; here they are put in order: the strict before the tolerant, the cheap to tell
before the dear.
"""

from itertools import groupby
from math import isfinite

from streams.core.joins import Fragment
from streams.core.parsing import (
    clf,
    clf_habits,
    frameworks,
    habits,
    halves,
    heads,
    json_fields,
    json_proxies,
    json_requests,
    logfmt,
    logged,
    morgan,
    parts,
    pieces,
    spoken,
    spoken_go,
    uvicorn,
)
from streams.core.parsing.format import Format, Number, Row, Texts, not_after, yielding
from streams.core.values import Request

__all__ = ["FORMATS", "fragment", "recognise", "request"]

_SERVERS = (
    *morgan.FORMATS,
    *not_after(rf"(?:{heads.LEVEL_AND_COLON}|{pieces.PORT_TOO})", clf.FORMATS),
    *yielding(logged.unless_headed(clf_habits.FORMATS), frameworks.OF_CLF),
    *uvicorn.FORMATS,
    *spoken.FORMATS,
    *spoken_go.FORMATS,
)
_TOLERANT = (
    *yielding(logfmt.FORMATS, frameworks.OF_PAIRS),
    *habits.FORMATS,
    json_fields.HEADED,
)


def _candidates(formats: tuple[Format, ...]) -> tuple[tuple[str, tuple[Format, ...]], ...]:
    """Gather neighbours that share a needle: one search turns a line away from all of them."""
    return tuple((needle, tuple(rows)) for needle, rows in groupby(formats, key=lambda row: row.needle))


def _first(text: str, candidates: tuple[tuple[str, tuple[Format, ...]], ...]) -> tuple[Format, Row] | None:
    for needle, formats in candidates:
        if needle in text:
            for row_format in formats:
                if found := row_format.match(text):
                    return row_format, found
    return None


def _behind_a_head(text: str) -> tuple[Format, Row] | None:
    return _first(text, _DOCUMENT_CANDIDATES if text[:1] == "{" else _HEADED_CANDIDATES)


def _text(text: str) -> tuple[Format, Row] | None:
    """Try all formats of texts in their order; those of frameworks are many, so one search tells whether it can be any."""
    found = _first(text, _SERVER_CANDIDATES)
    if found is None and frameworks.may_be(text):
        found = _first(text, _FRAMEWORK_CANDIDATES)
        return _first(text, _LAST_CANDIDATES) if found is None else found
    return _first(text, _TOLERANT_CANDIDATES) if found is None else found


_BARE = (*_SERVERS, *frameworks.FORMATS, *_TOLERANT)
_TEXTS = (*_BARE, logged.behind_heads(_behind_a_head, _BARE, frameworks.may_be))
_SERVER_CANDIDATES = _candidates(_SERVERS)
_FRAMEWORK_CANDIDATES = _candidates(frameworks.FORMATS)
_TOLERANT_CANDIDATES = _candidates(_TOLERANT)
_LAST_CANDIDATES = _candidates((*_TOLERANT, _TEXTS[-1]))
_HEADED_CANDIDATES = _candidates((*_BARE, *frameworks.HEADED, *habits.HEADED))
_SHAPES = (*json_requests.FORMATS, *json_proxies.FORMATS)
_DOCUMENTS = (*_SHAPES, json_fields.tolerant(_text, _SHAPES))
_DOCUMENT_CANDIDATES = _candidates(_DOCUMENTS)

# JSON first, as its first character tells it; of the texts the strict before the tolerant.
FORMATS: tuple[Format, ...] = (*_DOCUMENTS, *_TEXTS)
_STATUS: dict[str | None, int] = {str(code): code for code in range(100, 600)}
_UNKNOWN = ("", "-", None)


def recognise(text: str) -> tuple[Format, Row] | None:
    """Return the one format a message belongs to and its row, or None when it is no request."""
    return _first(text, _DOCUMENT_CANDIDATES) if text[:1] == "{" else _text(text)


def fragment(text: str) -> Fragment | None:
    """Return what a message says about a request that is told over several lines, None when it says nothing."""
    return halves.fragment(text) if text[:1] == "{" else parts.fragment(text)


def request(fmt: Format, row: Texts, at_ms: int | None) -> Request:
    """Give a row its types; the envelope's stamp wins over the line's own."""
    client_ip, method, target, status, agent, duration, stamp = row
    if at_ms is None and stamp and fmt.stamp_ms is not None:
        at_ms = fmt.stamp_ms(stamp)
    if target in _UNKNOWN:
        target = None
    return Request(
        at_ms=at_ms,
        method=None if method in _UNKNOWN else method,
        target=target,
        path=None if target is None else target.split("?", 1)[0],
        status=_STATUS.get(status),
        duration_ms=_duration_ms(duration, fmt.unit_ms),
        client_ip=None if client_ip in _UNKNOWN else client_ip,
        format=fmt.name,
        agent=None if agent in _UNKNOWN else agent,
    )


def _duration_ms(duration: Number, unit_ms: float) -> float | None:
    if duration is None or not unit_ms:
        return None
    try:
        took_ms = float(duration) * unit_ms
    except ValueError:
        return None
    return round(took_ms, 6) if isfinite(took_ms) and took_ms >= 0 else None
