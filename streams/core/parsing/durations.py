"""Reads durations that name their unit, in every notation that logs have. Total: what is no duration gives None."""

from streams.core import regex

UNITS_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "microseconds": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "min": 6e4}
_WORDS_MS = UNITS_MS | {
    "h": 36e5,
    "sec": 1e3,
    "secs": 1e3,
    "second": 1e3,
    "seconds": 1e3,
    "msec": 1.0,
    "millis": 1.0,
    "millisecond": 1.0,
    "milliseconds": 1.0,
    "usec": 1e-3,
    "micros": 1e-3,
    "nanoseconds": 1e-6,
}
_NUMBER = r"([0-9]++(?:\.[0-9]++)?+)"
_SPELT = regex.compiled(r"([0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]{1,3})?+) ?+([a-zA-Zµμ]{1,12})?+").fullmatch
_GO = regex.compiled(rf"(?:{_NUMBER}h)?+(?:{_NUMBER}m(?!s))?+(?:{_NUMBER}s)?+").fullmatch  # Go: 1h2m3.5s
_ISO = regex.compiled(
    rf"P(?:([0-9]{{1,4}})D)?+T(?:{_NUMBER}H)?+(?:{_NUMBER}M)?+(?:{_NUMBER}S)?+"
).fullmatch  # ISO 8601, of Java
_SPAN = regex.compiled(r"(?:([0-9]{1,4})\.)?+([0-9]{1,2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,9})?+)").fullmatch  # .NET's TimeSpan
_DAYS_MS, _HOURS_MS, _MINUTES_MS, _SECONDS_MS = 864e5, 36e5, 6e4, 1e3
_MOST_CHARS = 40


def spelt_ms(value: object, unit_ms: float) -> float | None:
    """Return milliseconds of a number, or of a text with or without a unit (``unit_ms`` stands in for none)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value * unit_ms
    if not isinstance(value, str) or len(value) > _MOST_CHARS:
        return None
    found = _SPELT(value)
    if found is None:
        return _composed_ms(value)
    number, unit = found.groups()
    if not unit:
        return float(number) * unit_ms
    one_ms = _WORDS_MS.get(unit.lower())
    return None if one_ms is None else float(number) * one_ms


def _composed_ms(text: str) -> float | None:
    """Return milliseconds of a text of several units, or of a clock."""
    if found := _GO(text):
        parts: tuple[str | None, ...] = (None, *found.groups())
    elif (found := _ISO(text)) or (found := _SPAN(text)):
        parts = found.groups()
    else:
        return None
    if not any(parts):
        return None
    units_ms = (_DAYS_MS, _HOURS_MS, _MINUTES_MS, _SECONDS_MS)
    return sum(float(part) * one_ms for part, one_ms in zip(parts, units_ms, strict=True) if part)
