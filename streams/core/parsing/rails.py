"""Rails tells a request over several lines: reads one line's part. Joins nothing and knows no envelope.

Rails 3 and later write ``Started`` and ``Completed``, Rails 1 and 2 ``Processing`` and ``Completed in``; a logger may put
its own head (severity, time, process) before them, and tagged logging the id of the request.
"""

import re
from collections.abc import Callable
from math import isfinite

from streams.core import regex
from streams.core.joins import Fragment, Kind
from streams.core.parsing.stamps import iso_ms

_ID_CHARS, _TAGS_CHARS = 100, 1_000
_HEAD = regex.compiled(
    r"(?:[A-Z],\ \[[0-9T:. -]++(?:\ ?\#([0-9]++))?+\]\ ++[A-Z]++\ --\ [^:\n]*+:\ )?+"  # Ruby's Logger
    r"((?:\[[^\]\n]*+\]\ )*+)"  # tags
    r"(?=Started|Completed|Processing|ActionController::RoutingError|Successfully\ upgraded|Failed\ to\ upgrade)",
    re.VERBOSE,
).match
_OTHER_HEAD = regex.compiled(r'Started [A-Z]{3,7} "|Completed [1-5][0-9]{2} [A-Z]').search  # what follows is sure enough
_HEAD_CHARS, _HEAD_ENDS = 300, (" ", "]", ":", "|")
_NAMED_ID = regex.compiled(r"request_id(?:=|: ?)\"?([^ ,}\"\n]{1,100})").search
_UUID = regex.compiled(r"\[([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})\]").search
_STARTED = regex.compiled(r'Started ([A-Z]++) "([^"\n]*+)" for ([^ \n]*+) at ([0-9][^\n]{9,39})').fullmatch
_COMPLETED = regex.compiled(
    r"Completed\ (?:([0-9]{3})\b)?+ (?:\ ++(?!in\ )[^ \n]++)*+ \ ++in\ ([0-9]++(?:\.[0-9]++)?+)ms (?:\ \(.*+)?+", re.VERBOSE
).fullmatch
_PROCESSING = regex.compiled(
    r"Processing\ [A-Z][^ \n]*+ (?:\ to\ [^ \n]++)?+ \ \(for\ ([^ \n]++)\ at\ ([0-9][^)\n]{9,39})\)\ \[([A-Z]++)\]", re.VERBOSE
).fullmatch
_COMPLETED_IN = regex.compiled(r"Completed in ([0-9]++(?:\.[0-9]++)?+)(ms)?+ \([^\n]*+").fullmatch
_ANSWER = regex.compiled(r"([0-9]{3})\ [^\[\n]*+ \[(?:[a-z]++://[^/?\]\n]*+)?+([^\n]*)\]", re.VERBOSE).fullmatch
_ROUTING_ERROR = regex.compiled(
    r'ActionController::RoutingError \(No route matches \[([A-Z]++)\] "([^"\n]*+)"\):?+ *+'
).fullmatch


def fragment(text: str) -> Fragment | None:
    """Return what this line says about a request, None when it says nothing."""
    if not ("ted " in text or "Processing " in text or "RoutingError" in text or " to WebSocket (" in text):
        return None
    head = _HEAD(text)
    if head is None:
        return _behind_another_head(text)
    process, tags = head.groups()
    return _read(text[head.end() :], _id(process, tags))


def _behind_another_head(text: str) -> Fragment | None:
    """Read what Rails 3 and later say when their logger was given a formatter of its own."""
    begins = _OTHER_HEAD(text, 0, _HEAD_CHARS)
    head = text[: begins.start()] if begins else ""
    if begins is None or head[-1:] not in _HEAD_ENDS or '"' in head:
        return None
    found = _UUID(head) or _NAMED_ID(head)
    return _read(text[begins.start() :], found[1] if found else "")


def _read(rest: str, an_id: str) -> Fragment | None:
    for begins, read in _KINDS:
        if rest.startswith(begins):
            return read(rest, an_id)
    return None


def id_of(tags: str) -> str:
    """Return the request's id among the tags, else all of the tags."""
    found = _UUID(tags, 0, _TAGS_CHARS)
    return found[1] if found else tags.strip()[:_ID_CHARS]


def _id(process: str | None, tags: str) -> str:
    """Return the request's id, else the process."""
    return id_of(tags) or (f"#{process[:20]}" if process else "")


def _started(text: str, an_id: str) -> Fragment | None:
    if (found := _STARTED(text)) is None:
        return None
    method, target, client_ip, stamp = found.groups()
    return Fragment(
        Kind.STARTED, an_id, method=method, target=target or None, client_ip=client_ip or None, stamp_ms=iso_ms(stamp.strip())
    )


def _processing(text: str, an_id: str) -> Fragment | None:
    if (found := _PROCESSING(text)) is None:
        return None
    client_ip, stamp, method = found.groups()
    return Fragment(Kind.STARTED, an_id, method=method, client_ip=client_ip, stamp_ms=iso_ms(stamp.strip()))


def _completed(text: str, an_id: str) -> Fragment | None:
    if (found := _COMPLETED(text)) is None:
        return _completed_in(text, an_id)
    status, took = found.groups()
    return Fragment(Kind.COMPLETED, an_id, status=_status(status), duration_ms=_ms(took, 1.0), format="rails")


def _completed_in(text: str, an_id: str) -> Fragment | None:
    """Read the end of Rails 1 and 2: seconds without a unit, or milliseconds with one; the answer comes last."""
    timing, _, last = text.rpartition(" | ")
    timed, answered = _COMPLETED_IN(timing), _ANSWER(last)
    if timed is None or answered is None:
        return None
    took, unit = timed.groups()
    return Fragment(
        Kind.COMPLETED,
        an_id,
        target=answered[2] or "/",
        status=_status(answered[1]),
        duration_ms=_ms(took, 1.0 if unit else 1e3),
        format="rails2",
    )


def _routing_error(text: str, an_id: str) -> Fragment | None:
    """Read the error that Rails answers with 404 and without a ``Completed``; how long it took is not said."""
    if (found := _ROUTING_ERROR(text)) is None:
        return None
    return Fragment(Kind.FAILED, an_id, target=found[2] or None, status=404, format="rails")


def _upgraded(text: str, an_id: str) -> Fragment | None:
    """Read what Action Cable says of a request that Rails never completes: it would stay open and blur those behind it."""
    status = 101 if text.startswith("S") else 404  # which is what Action Cable answers
    return Fragment(Kind.COMPLETED, an_id, status=status, format="rails")


# How a line begins -> how it is read; no beginning is the beginning of another.
_KINDS: tuple[tuple[str, Callable[[str, str], Fragment | None]], ...] = (
    ("Started ", _started),
    ("Completed ", _completed),
    ("Processing ", _processing),
    ("ActionController::RoutingError ", _routing_error),
    ("Successfully upgraded to WebSocket (", _upgraded),
    ("Failed to upgrade to WebSocket (", _upgraded),
)
BEGINNINGS = tuple(begins for begins, _ in _KINDS)


def _status(text: str | None) -> int | None:
    status = int(text or 0)
    return status if 100 <= status <= 599 else None


def _ms(text: str, unit_ms: float) -> float | None:
    took_ms = float(text) * unit_ms
    return round(took_ms, 6) if isfinite(took_ms) else None
