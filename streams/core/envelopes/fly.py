"""Fly's own envelopes: documents of the NATS stream, of the logs API and of flyctl, and flyctl's text. Knows no others."""

from typing import Any

import msgspec
from msgspec import Struct

from streams.core import regex
from streams.core.envelopes.stamps import utc
from streams.core.values import Line

_FLYCTL = regex.compiled(
    r"(?:(error\.[a-z_.]++=\"[^\"\n]*+\") )?"  # flyctl prints a proxy error's fields before the stamp
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)Z? "  # without Z beside ms, UTC all the same
    r"([a-z][a-z-]{2,19})(?: ?\[([0-9A-Za-z_-]{0,40})\])? ([a-z]{3,4}) \[([A-Za-z]{3,9})\] ?"
).match


class _Name(Struct, frozen=True, gc=False):
    name: str = ""
    instance: str = ""


class _Fly(Struct, frozen=True, gc=False):
    app: _Name
    region: str = ""


class _Event(Struct, frozen=True, gc=False):
    provider: str = "app"


class _Log(Struct, frozen=True, gc=False):
    level: str = ""


class _Nats(Struct, frozen=True, gc=False):
    """What Fly's NATS stream sends: by far the most frequent document, so it is read by its shape."""

    message: str
    timestamp: str
    fly: _Fly
    event: _Event = _Event()
    log: _Log = _Log()


_NATS = msgspec.json.Decoder(_Nats)
_SEVERAL = msgspec.json.Decoder(list[_Nats])
_WRONG = (msgspec.MsgspecError, RecursionError, UnicodeError)


def from_nats(raw: str, app: str, instance: str) -> Line | None:
    """Read a document of the NATS stream."""
    try:
        document = _NATS.decode(raw)
    except _WRONG:
        return None
    return _said(document, app, instance)


def several_from_nats(block: bytes, app: str, instance: str) -> list[Line] | None:
    """Read a block of such documents, one a line or in an array, at once; None if any of them is none."""
    try:
        documents = _SEVERAL.decode(block) if block.lstrip()[:1] == b"[" else _NATS.decode_lines(block)
    except _WRONG:
        return None
    found = [line for document in documents if (line := _said(document, app, instance)) is not None]
    return found if len(found) == len(documents) else None


def _said(document: _Nats, app: str, instance: str) -> Line | None:
    stamp, of = utc(document.timestamp), document.fly.app
    if stamp is None:
        return None
    return Line(
        document.message.rstrip("\r\n"),
        stamp,
        of.name or app,
        of.instance or instance,
        document.fly.region,
        document.event.provider,
        document.log.level.lower(),
    )


def from_flyctl(text: str, app: str, instance: str) -> Line | None:
    """Read a line that flyctl prints for people."""
    head = _FLYCTL(text)
    if head is None:
        return None
    error, stamp, provider, found, region, level = head.groups()
    message = text[head.end() :]
    return Line(
        f"{error} {message}".rstrip() if error else message,
        stamp + "Z",
        app,
        found or instance,
        region,
        provider,
        level.lower(),
    )


def from_document(document: dict[str, Any], app: str, instance: str) -> Line | None:
    """Read any Fly document by the ordered table of paths; None when it carries no message of Fly's."""
    inner = document.get("attributes")
    if isinstance(inner, dict):  # the logs API wraps what flyctl prints
        document = inner
    message = document.get("message")
    if not isinstance(message, str) or not _is_envelope(document):
        return None
    if not message:  # what the proxy says of a request that failed stands beside it
        message = _text(document, ("meta", "error", "message")) or ""
    return Line(
        text=message.rstrip("\r\n"),
        stamp=utc(_text(document, ("timestamp",))),
        app=_first(document, (("fly", "app", "name"),)) or app,
        instance=_first(document, (("fly", "app", "instance"), ("instance",), ("meta", "instance"))) or instance,
        region=_first(document, (("fly", "region"), ("region",), ("meta", "region"))) or "",
        provider=_first(document, (("event", "provider"), ("meta", "event", "provider"), ("meta", "Event", "Provider")))
        or "app",
        level=(_first(document, (("log", "level"), ("level",))) or "").lower(),
    )


def _is_envelope(document: dict[str, Any]) -> bool:
    """Tell Fly's document from an app's own JSON line, which may have ``message`` and ``timestamp`` too."""
    return "timestamp" in document and ("fly" in document or ("instance" in document and "region" in document))


def _first(document: dict[str, Any], paths: tuple[tuple[str, ...], ...]) -> str | None:
    return next((text for path in paths if (text := _text(document, path))), None)


def _text(document: Any, path: tuple[str, ...]) -> str | None:
    for key in path:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document if isinstance(document, str) else None
