"""Unwraps every envelope in which Fly log lines travel. Knows no request format, topic or clock.

The envelopes, told apart by how a line begins: JSON of Fly's NATS stream (also Vector and fly-log-shipper), of Fly's logs
API, and of ``flyctl logs --json``; flyctl's text with or without ANSI colours, machine id, ``Z``, or the blank after ``]``;
syslog (RFC 5424 and 3164) and docker-compose prefixes; anything else is a bare line.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from streams.core.values import Line

ANSI = re.compile(r"\x1b\[[0-9;:?]*+[A-Za-z]")
MAX_JSON_LINES = 200  # a pretty-printed document that is longer than this is not one of flyctl's

_FLYCTL = re.compile(
    r"(?:(error\.[a-z_.]++=\"[^\"\n]*+\") )?"  # flyctl prints a proxy error's fields before the stamp
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)Z? "  # without Z beside ms, UTC all the same
    r"([a-z][a-z-]{2,19})(?: ?\[([0-9A-Za-z_-]{0,40})\])? ([a-z]{3,4}) \[([A-Za-z]{3,9})\] ?"
).match
_SYSLOG = re.compile(
    r"<[0-9]{1,3}>1 ([0-9T:.+Z-]{1,40}) ([^ \n]{1,255}) ([^ \n]{1,48}) [^ \n]{1,128} [^ \n]{1,32} "  # RFC 5424
    r"(?:-|(?:\[[^\]\n]*+\])+) ?"
    r"|(?:<[0-9]{1,3}>)?[A-Z][a-z]{2} [ 0-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} ([^ \n:]{1,255}) "  # RFC 3164
    r"([A-Za-z_./-][A-Za-z0-9_./-]{0,47})(?:\[[0-9]{1,10}\])?: "
).match
_COMPOSE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,62}) {1,40}\| ").match
_RFC3339_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")


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


def unwrap(raw: str, app: str = "", instance: str = "") -> Line:
    """Take one line out of its envelope; ``app`` and ``instance`` stand in where the envelope does not name them."""
    raw = raw.rstrip("\r\n")
    if raw.startswith("{"):
        return _from_nats(raw, app, instance) or _from_json(raw, app, instance) or Line(raw, app=app, instance=instance)
    plain = ANSI.sub("", raw) if "\x1b" in raw else raw
    for may_be, read in _PREFIXES:
        if may_be(plain) and (line := read(plain, app, instance)):
            return line
    return Line(plain, app=app, instance=instance)


def _from_nats(raw: str, app: str, instance: str) -> Line | None:
    try:
        line = _NATS.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return None
    stamp, of = utc(line.timestamp), line.fly.app
    if stamp is None:
        return None
    text = line.message.rstrip("\r\n")
    return Line(
        text, stamp, of.name or app, of.instance or instance, line.fly.region, line.event.provider, line.log.level.lower()
    )


def _from_flyctl(text: str, app: str, instance: str) -> Line | None:
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


def _from_syslog(text: str, app: str, instance: str) -> Line | None:
    head = _SYSLOG(text)
    if head is None:
        return None
    stamp, host, tag, older_host, older_tag = head.groups()
    name, found = tag or older_tag or "", host or older_host or ""
    return Line(text[head.end() :].removeprefix("\ufeff"), utc(stamp), app or name, found or instance)


def _from_compose(text: str, app: str, instance: str) -> Line | None:
    head = _COMPOSE(text)
    return None if head is None else Line(text[head.end() :], None, app, head[1] or instance)


# Ordered: flyctl's text is the surest; a compose prefix, being any word and a bar, comes last. A cheap look comes before
# each pattern: most bare lines are none of these.
_PREFIXES: tuple[tuple[Callable[[str], bool], Callable[[str, str, str], Line | None]], ...] = (
    (lambda text: text[4:5] == "-" or text.startswith("error."), _from_flyctl),
    (lambda text: text[3:4] == " " or text.startswith("<"), _from_syslog),
    (lambda text: " | " in text[:110], _from_compose),
)


def _document(raw: str) -> dict[str, Any] | None:
    try:
        document = orjson.loads(raw)
    except ValueError:  # RecursionError cannot come from orjson: it has a depth limit and says ValueError
        return None
    return document if isinstance(document, dict) else None


def _from_json(raw: str, app: str, instance: str) -> Line | None:
    """Read any Fly document by the ordered table of paths; None when it carries no message of Fly's."""
    document = _document(raw)
    if document is None:
        return None
    inner = document.get("attributes")
    if isinstance(inner, dict):  # the logs API wraps what flyctl prints
        document = inner
    message = document.get("message")
    if not isinstance(message, str) or not _is_envelope(document):
        return None
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


def utc(stamp: str | None) -> str | None:
    """Return an RFC 3339 stamp as it is when it is UTC with ``Z``, else None (a bare line's own stamp is read later)."""
    if stamp is None or _RFC3339_UTC.fullmatch(stamp):
        return stamp
    if stamp.endswith("+00:00"):
        return utc(stamp[:-6] + "Z")
    return None


class Assembler:
    """Joins the lines of pretty-printed JSON documents (``flyctl logs --json`` indents them) into one line each."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: list[str] = []

    def take(self, raw: str) -> list[str]:
        """Return the lines that are complete with this one: most often itself."""
        line = raw.rstrip("\r\n")
        if not self._held and line != "{":
            return [line]
        self._held.append(line)
        if line == "}":
            return [" ".join(self.rest())]
        return self.rest() if len(self._held) > MAX_JSON_LINES else []

    def several(self, block: str) -> list[str]:
        """Return the lines that are complete with those of a block; a block without a lone brace is what it is."""
        if "\r" in block:
            block = f"{block}\n".replace("\r\n", "\n")[:-1]
        if not self._held and "\n{\n" not in f"\n{block}\n":
            return block.split("\n")
        return [whole for raw in block.split("\n") for whole in self.take(raw)]

    def rest(self) -> list[str]:
        """Return what is held as it came: the input ended inside a document, or it is none."""
        held, self._held = self._held, []
        return held


def assembled(raws: Iterable[str]) -> Iterator[str]:
    """Assemble all lines of an input."""
    assembler = Assembler()
    for raw in raws:
        yield from assembler.take(raw)
    yield from assembler.rest()
