"""Reads the lines of probes: ``{"probe":"health","ok":true, ...}`` -> what was measured, and what happened. Knows no pane.

Only lines of the provider "probe" come here: what an app prints can never pass for a measurement.
"""

from collections.abc import Iterator
from math import isfinite
from typing import Any

import msgspec

from streams.core.gauges import GAUGES, HEALTH_OK, MACHINES_OK, MILLION, MOST, PROBES_OK
from streams.core.masking import mask
from streams.core.values import Event, EventKind, Reading, Reason, Skipped

PROVIDER = "probe"
OPENER = '{"probe":"'
_BUG = "bug"  # a probe that fails by itself says nothing of the app
_GAP = "log_gap"
# What a health check, or a machine's line, found is wrong with the app; all other errors say that nothing could be measured.
_FOUND = frozenset({"state", "check", "exit", "oom"})
# A wrong secret is ours to mend; these are the database's.
_NO_DATABASE = frozenset({"refused", "unreachable", "timeout", "unavailable", "dns"})
_SKIPPED = Skipped(Reason.PROBE)
_DECODER = msgspec.json.Decoder(dict[str, Any])


def read(text: str) -> Reading | Skipped:
    """Return what a probe's line says; Skipped where nobody reads it."""
    if not text.startswith(OPENER):
        return _SKIPPED
    try:
        said = _DECODER.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return _SKIPPED
    gauges, happened = tuple(_gauges(said)), _happened(said)
    if not gauges and happened is None:
        return _SKIPPED
    about = said.get("about") or said.get("reason") or said.get("error") or ""
    event = None if happened is None else Event(happened, mask(str(about)), mask(text))
    return Reading(str(said["probe"]), said.get("ok") is True, gauges, event, mask(text))


def _gauges(said: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield measurements in millionths of their unit; what is no number, or no sensible one, is left out."""
    kind, ok, error = said["probe"], said.get("ok"), said.get("error")
    if isinstance(ok, bool) and kind != _GAP:
        yield PROBES_OK, MILLION * (ok or error in _FOUND or (kind == "health" and error != _BUG) or "state" in said)
        if kind == "health" and error != _BUG:
            yield HEALTH_OK, MILLION * ok
        if kind == "machines" and "state" in said:
            yield MACHINES_OK, MILLION * ok
    for gauge in GAUGES.values():
        if gauge.field in said and gauge.probe in {"", kind}:
            value = said[gauge.field]
            if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and abs(value) < MOST:
                yield gauge.name, round(value * MILLION)


def _happened(said: dict[str, Any]) -> EventKind | None:
    """Return what happened, by the kind of the probe and what it found."""
    error, what = said.get("error"), said.get("event")
    match said["probe"]:
        case "log_gap":  # == _GAP; a name would be a capture
            return EventKind.LOG_GAP
        case "health" if said.get("ok") is False and error != _BUG:
            return EventKind.HEALTH_CHECK_FAILED
        case "database" if error in _NO_DATABASE:
            return EventKind.DB_CONNECTION
        case "machines" if what == "exit":
            return EventKind.OOM if error == "oom" else EventKind.MACHINE_STOPPED
        case "machines" if error == "check":
            return EventKind.HEALTH_CHECK_FAILED
    return None
