"""Values as people read them: counts, shares, durations; texts out of logs that cannot steer a terminal. Knows no document."""

from collections.abc import Mapping
from typing import Any

from streams.core import stamps

NONE = "\u2013"  # a dash
Document = Mapping[str, Any]


def text(value: object) -> str:
    """Return a value as text that cannot steer a terminal; None as nothing."""
    return "" if value is None else "".join(char if char.isprintable() else " " for char in str(value))


def mapping(value: object) -> Document:
    """Return a mapping as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def number(value: object) -> float | None:
    """Return a number as it is, anything else as None."""
    return value if isinstance(value, int | float) else None


def count(value: object) -> str:
    """Return a whole number with its thousands apart."""
    whole = number(value)
    return NONE if whole is None else f"{whole:,.0f}"


def percent(ratio: float | None) -> str:
    """Return a ratio as percent."""
    return NONE if ratio is None else f"{ratio:.1%}"


def milliseconds(ms: float | None) -> str:
    """Return a duration in the unit that people read it in."""
    return NONE if ms is None else f"{ms:.0f} ms" if ms < 1_000 else f"{ms / 1_000:,.1f} s"


def measure(value: float | None, unit: str) -> str:
    """Return a metric's value in its unit."""
    if unit == "ratio":
        return percent(value)
    if unit == "ms":
        return milliseconds(value)
    return NONE if value is None else f"{value:,.4g} {unit}".rstrip()


def elapsed(since: object, until: object) -> str:
    """Return the time between two stamps as rules write it: ``1h 2m``, ``90s`` as ``1m 30s``."""
    ends = [stamps.ms(stamp) if isinstance(stamp, str) else None for stamp in (since, until)]
    if ends[0] is None or ends[1] is None:
        return NONE
    minutes, seconds = divmod(max(0, ends[1] - ends[0]) // 1_000, 60)
    hours, minutes = divmod(minutes, 60)
    told = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return " ".join(f"{n}{unit}" for n, unit in told if n) or "0s"


def colour(value: float | None, bands: tuple[tuple[float, str], ...]) -> str:
    """Return the colour of the highest band that a value is above; none of None."""
    return next((name for bound, name in bands if value is not None and value > bound), "")
