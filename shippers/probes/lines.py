"""How the lines of probes look: one JSON object, ``{"probe":"health","ok":true, ...}``. Knows no single probe and no clock.

Names of fields carry their units. A field that is None is left out: what was not measured is not zero.
"""

from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from shippers.probes.failures import Failure
from streams.core import stamps
from streams.core.values import Line

PROVIDER = "probe"
DETAIL_CHARS = 300
DIGITS = 6  # behind the point
NO_FIELDS: Mapping[str, object] = MappingProxyType({})

Fields = Mapping[str, object]


def probe_line(
    app: str, instance: str, at_ms: int, kind: str, ok: bool, fields: Fields, *, region: str = "", level: str | None = None
) -> Line:  # fmt: skip
    """Return the line of one result; the level is that of ``ok``, unless another is given."""
    document = {"probe": kind, "ok": ok}
    document |= {name: kept for name, value in fields.items() if (kept := _kept(value)) is not None}
    text = orjson.dumps(document, default=str).decode()
    return Line(text, stamps.text(at_ms), app, instance, region, PROVIDER, level or ("info" if ok else "error"))


def failed_line(
    app: str, instance: str, at_ms: int, kind: str, error: Failure, detail: str, fields: Fields = NO_FIELDS, *, region: str = ""
) -> Line:  # fmt: skip
    """Return the line of a result that is wrong, or of a measurement that failed; ``detail`` holds no secret."""
    return probe_line(app, instance, at_ms, kind, False, {"error": error, **fields, "detail": one_line(detail)}, region=region)


class Said(Struct, frozen=True):
    """What a probe's line says, for people."""

    ok: bool
    error: str = ""
    detail: str = ""
    event: str = ""  # what happened once; else it is how things are


def said(line: Line) -> Said:
    """Read a line back as far as people are told of it."""
    return msgspec.json.decode(line.text, type=Said)


def shown(line: Line) -> str:
    """Return what a line says as people read it: its fields without their braces."""
    document: dict[str, Any] = orjson.loads(line.text)
    whom = f"{line.app} {line.instance}" if line.instance and line.instance != document["probe"] else line.app
    fields = (f"{name} {_short(value)}" for name, value in document.items() if name not in {"probe", "ok", "error", "detail"})
    error = [str(document[name]) for name in ("error", "detail") if name in document]
    return f"{whom}: {', '.join([': '.join(error) or 'ok', *fields])}"


def one_line(text: str) -> str:
    """Return a text as one short line."""
    whole = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return whole if len(whole) <= DETAIL_CHARS else f"{whole[: DETAIL_CHARS - 1]}…"


def _kept(value: object) -> object:
    if isinstance(value, float):
        return round(value, DIGITS) if isfinite(value) else None
    return value


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
