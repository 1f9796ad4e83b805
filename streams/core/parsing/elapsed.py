"""Reads how long something took as programs print it: one number with a unit, or Go's composites (``1m2.5s``).

Total: what is no such time gives None. Knows no format.
"""

from streams.core import regex
from streams.core.parsing.durations import UNITS_MS

# As a piece of a pattern: digits, dots, thousands and the letters of units; ``elapsed_ms`` says whether it is a time.
PIECE = r"[0-9][0-9.,]*+ (?:[hm][0-9.hms]*+|[nuµμ]?s)? (?<=[hms])"
_CHARS = 40
_READ = regex.compiled(
    r"(?:([0-9]++)h)?(?:([0-9]++)m(?!s))?"
    r"(?:([0-9]++(?:,[0-9]{3}(?![0-9]))*+(?:[.,][0-9]++)?+) ?(ns|us|µs|μs|microseconds|ms|min|s))?"
).fullmatch


def elapsed_ms(text: str) -> float | None:
    """Return milliseconds."""
    found = _READ(text) if text and len(text) <= _CHARS else None
    if found is None:
        return None
    hours, minutes, number, unit = found.groups()
    rest = 0.0 if number is None else _number(number) * UNITS_MS[unit]
    return round((int(hours or 0) * 60 + int(minutes or 0)) * 6e4 + rest, 6)


def _number(text: str) -> float:
    """Read a number whose comma parts thousands (koa), or is the decimal point of a country."""
    whole, comma, last = text.rpartition(",")
    if comma and "." not in last and len(last) != 3:
        return float(f"{whole.replace(',', '')}.{last}")
    return float(text.replace(",", ""))
