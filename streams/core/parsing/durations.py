"""Reads durations that name their unit. Total: what is no duration gives None."""

import re

_SPELT = re.compile(r"([0-9]++(?:\.[0-9]++)?+(?:[eE]-?[0-9]{1,3})?+) ?+(ns|us|µs|μs|ms|s|m)?+").fullmatch
UNITS_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


def spelt_ms(value: object, unit_ms: float) -> float | None:
    """Return milliseconds of a number, or of a text with or without a unit (``unit_ms`` stands in for none)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value * unit_ms
    found = _SPELT(value) if isinstance(value, str) and len(value) <= 40 else None
    if found is None:
        return None
    number, unit = found.groups()
    return float(number) * (UNITS_MS[unit] if unit else unit_ms)
