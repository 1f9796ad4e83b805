"""The ordered table of request formats, and the two ways to use it. Knows no envelope, app, topic or clock.

A family is a file with rows of its own; here they are put in order: the strict before the tolerant, the cheap to tell
before the dear.
"""

from collections.abc import Iterable
from itertools import groupby
from math import isfinite

from streams.core import regex
from streams.core.parsing import (
    aws,
    cdn,
    clf,
    clf_habits,
    envoy,
    frameworks,
    habits,
    haproxy,
    hashicorp,
    hypercorn,
    iis,
    json_fields,
    json_proxies,
    json_requests,
    logfmt,
    logged,
    ltsv,
    morgan,
    npm,
    spoken,
    squid,
    tabs,
    uvicorn,
    uwsgi,
    w3c,
)
from streams.core.parsing.format import UNKNOWN, Format, Number, Row, Texts, yielding
from streams.core.parsing.parts import fragment
from streams.core.values import Request
from streams.core.words import Has, Words

__all__ = ["FORMATS", "fragment", "recognise", "request"]

_SERVERS = (
    *morgan.FORMATS,
    *clf.FORMATS,
    *envoy.FORMATS,
    *hypercorn.FORMATS,
    *yielding(logged.unless_headed(clf_habits.FORMATS), frameworks.OF_CLF),
    *uvicorn.FORMATS,
    *spoken.FORMATS,
    *hashicorp.FORMATS,
    *haproxy.FORMATS,
    *aws.FORMATS,
    *tabs.FORMATS,
    *ltsv.FORMATS,
    *uwsgi.FORMATS,
    *npm.FORMATS,
    *cdn.FORMATS,
    *squid.FORMATS,
    *iis.FORMATS,
    *w3c.FORMATS,
)
_TOLERANT = (
    *yielding(logfmt.FORMATS, frameworks.OF_PAIRS),
    *habits.FORMATS,
)


Group = tuple[tuple[str, tuple[Format, ...]], ...]  # a needle, and the formats that share it


class _Candidates:
    """The formats that a message may be of, by its first character; neighbours with one needle are turned away together."""

    __slots__ = ("_any", "_of")

    def __init__(self, formats: tuple[Format, ...]) -> None:
        """Put them in order for each character that tells some apart."""
        self._any = _grouped(row for row in formats if not row.begins)
        self._of = {
            first: _grouped(row for row in formats if not row.begins or first in row.begins)
            for first in {each for row in formats for each in row.begins}
        }

    def first(self, text: str, has: Has) -> tuple[Format, Row] | None:
        """Return the first format that takes a message, and its row; ``has`` tells whether the message has a needle."""
        for needle, formats in self._of.get(text[:1], self._any):
            if has(needle):
                for row_format in formats:
                    if found := row_format.match(text):
                        return row_format, found
        return None


def _grouped(formats: Iterable[Format]) -> Group:
    return tuple((needle, tuple(rows)) for needle, rows in groupby(formats, key=lambda row: row.needle))


def _behind_a_head(text: str) -> tuple[Format, Row] | None:
    return (_DOCUMENT_CANDIDATES if text[:1] == "{" else _HEADED_CANDIDATES).first(text, _NEEDLES.has(text))


def _plain(text: str) -> tuple[Format, Row] | None:
    """Try all formats of texts but that of heads."""
    has = _NEEDLES.has(text)
    return (
        _SERVER_CANDIDATES.first(text, has) or _FRAMEWORK_CANDIDATES.first(text, has) or _TOLERANT_CANDIDATES.first(text, has)
    )


def _text(text: str) -> tuple[Format, Row] | None:
    """Try all formats of texts in their order; those of frameworks are many, so one search tells whether it can be any."""
    has = _NEEDLES.has(text)
    found = _SERVER_CANDIDATES.first(text, has)
    if found is not None:
        return found
    if not frameworks.may_be(text):
        return _TOLERANT_CANDIDATES.first(text, has)
    found = _FRAMEWORK_CANDIDATES.first(text, has) or _TOLERANT_CANDIDATES.first(text, has)
    if found is None and (row := _HEADED(text)):
        return _LOGGED, row
    return found


def _logged_text(text: str) -> tuple[Format, Row] | None:
    """Try a text that stands in a logger's document, which is as good as a head before it."""
    if found := _text(text):
        return found
    told = _SPOKEN(text)
    return _behind_a_head(text[told.end() :]) if told else None


_SPOKEN = regex.compiled(r"(?:HTTP |http )?[Rr]equest (?:completed|finished|handled|processed|served): ").match
_BARE = (*_SERVERS, *frameworks.FORMATS, *_TOLERANT)
_SERVER_CANDIDATES = _Candidates(_SERVERS)
_FRAMEWORK_CANDIDATES = _Candidates(frameworks.FORMATS)
_TOLERANT_CANDIDATES = _Candidates(_TOLERANT)
_HEADED_CANDIDATES = _Candidates((*_BARE, *frameworks.HEADED, *habits.HEADED))
_HEADED = logged.reader(_behind_a_head)
_LOGGED = logged.behind_heads(_HEADED, frameworks.may_be, _plain)
_TEXTS = (*_BARE, _LOGGED)
_SHAPES = (*json_requests.FORMATS, *json_proxies.FORMATS)
_DOCUMENTS = (*_SHAPES, json_fields.tolerant(_logged_text, _SHAPES))
_DOCUMENT_CANDIDATES = _Candidates((*_DOCUMENTS, *uwsgi.FORMATS))  # whose reports of memory begin with a brace, too

_NEEDLES = Words(fmt.needle for fmt in (*_BARE, *frameworks.HEADED, *habits.HEADED, *_DOCUMENTS))

# JSON first, as its first character tells it; of the texts the strict before the tolerant.
FORMATS: tuple[Format, ...] = (*_DOCUMENTS, *_TEXTS)
_STATUS: dict[str | None, int] = {str(code): code for code in range(100, 600)}


def recognise(text: str) -> tuple[Format, Row] | None:
    """Return the one format a message belongs to and its row, or None when it is no request."""
    return _DOCUMENT_CANDIDATES.first(text, _NEEDLES.has(text)) if text[:1] == "{" else _text(text)


def request(fmt: Format, row: Texts, at_ms: int | None) -> Request:
    """Give a row its types; the envelope's stamp wins over the line's own."""
    client_ip, method, target, status, agent, duration, stamp = row
    if at_ms is None and stamp and fmt.stamp_ms is not None:
        at_ms = fmt.stamp_ms(stamp)
    if target in UNKNOWN:
        target = None
    return Request(
        at_ms=at_ms,
        method=None if method in UNKNOWN else method,
        target=target,
        path=None if target is None else target.split("?", 1)[0],
        status=_STATUS.get(status),
        duration_ms=_duration_ms(duration, fmt.unit_ms),
        client_ip=None if client_ip in UNKNOWN else client_ip,
        format=fmt.name,
        agent=None if agent in UNKNOWN else agent,
    )


def _duration_ms(duration: Number, unit_ms: float) -> float | None:
    if duration is None or not unit_ms:
        return None
    try:
        took_ms = float(duration) * unit_ms
    except ValueError:
        return None
    return round(took_ms, 6) if isfinite(took_ms) and took_ms >= 0 else None
