"""Reads the answers of Fly's logs API: pages of lines, each with its exact stamp. Knows no socket and no clock."""

from collections.abc import Iterator
from typing import Any

import orjson
from msgspec import Struct, structs

from shippers.believing import PROBE, disbelieved
from shippers.nanoseconds import at_ns, stamp_of
from streams.core.envelopes import fly
from streams.core.values import Line

MAX_TOKEN = 2**63  # beyond it a number is no time


class ApiLine(Struct, frozen=True, gc=False):
    """A line, and its stamp to the nanosecond; that of the line before it where it has none that can be read."""

    at_ns: int
    line: Line


class Page(Struct, frozen=True):
    """One answer: its lines as they stand in it, and where to ask next; None where it does not say."""

    lines: tuple[ApiLine, ...]
    next_token: str | None


class NotAPageError(Exception):
    """An answer is not what the API gives; the message says what is wrong with it, and quotes nothing of it."""


def page_of(body: bytes, app: str) -> Page:
    """Read an answer to a question about ``app``."""
    try:
        document = orjson.loads(body)
    except ValueError:
        raise NotAPageError("is no JSON") from None
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, list):
        raise NotAPageError('has no list "data"')
    meta = document.get("meta")
    token = meta.get("next_token") if isinstance(meta, dict) else None
    return Page(tuple(_lines(data, app)), str(token) if token_ns(token) is not None else None)


def token_ns(token: object) -> int | None:
    """Return a token as the nanoseconds that it is, None if it is none."""
    if isinstance(token, str) and token.isascii() and token.isdigit() and len(token) < 20:
        token = int(token)
    return token if isinstance(token, int) and not isinstance(token, bool) and 0 < token < MAX_TOKEN else None


def _lines(data: list[Any], app: str) -> Iterator[ApiLine]:
    before_ns = 0
    for entry in data:
        line, stamp = _line(entry, app)
        ns = at_ns(stamp)
        if ns is None or ns < 0:
            yield ApiLine(before_ns, structs.replace(line, stamp=None))
            continue
        before_ns = ns
        yield ApiLine(ns, line if line.stamp else structs.replace(line, stamp=stamp_of(ns)))


def _line(entry: Any, app: str) -> tuple[Line, str | None]:
    """Return a line and its stamp as it stands there."""
    attributes = entry.get("attributes") if isinstance(entry, dict) else None
    if not isinstance(attributes, dict):  # no form that we know: it is somebody's line all the same
        return Line(orjson.dumps(entry).decode(), app=app), None
    line, message, stamp = fly.from_document(entry, app, ""), attributes.get("message"), attributes.get("timestamp")
    if line is None:
        line = Line(message if isinstance(message, str) else orjson.dumps(entry).decode(), app=app)
    if line.provider == PROBE:
        line = disbelieved(line)
    return line, stamp if isinstance(stamp, str) else None
