"""Tells when a line was written: by its envelope, else by its format, else by a stamp it begins with. No clock."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from streams.core.parsing import recognise
from streams.core.parsing.format import Format, Row
from streams.core.values import Line

_ISO = re.compile(
    r"\[?(?P<second>[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?"
    r" ?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
)


class Stamps:
    """Reads stamps; the format that matched last is tried first."""

    def __init__(self) -> None:
        """Begin with the table's own order."""
        self._last: Format | None = None

    def stamp_ms(self, line: Line) -> int | None:
        """Return epoch milliseconds, None where the line does not say."""
        if line.stamp is not None:
            return iso_ms(line.stamp)
        if self._last is not None and (at_ms := _own_ms(self._last, line.text)) is not None:
            return at_ms
        if (found := recognise(line.text)) is not None:
            self._last, row = found
            if (at_ms := _read_ms(self._last, row)) is not None:
                return at_ms
        return iso_ms(line.text)


def iso_ms(text: str) -> int | None:
    """Read the ISO 8601 stamp at the beginning of a text; without a zone it is UTC."""
    found = _ISO.match(text)
    if found is None:
        return None
    second_ms = _second_ms(found["second"], found["zone"] or "Z")
    return None if second_ms is None else second_ms + int((found["fraction"] or "0")[:3].ljust(3, "0"))


def _own_ms(known: Format, text: str) -> int | None:
    row = known.match(text) if known.needle in text else None
    return None if row is None else _read_ms(known, row)


def _read_ms(known: Format, row: Row) -> int | None:
    *_, stamp = row.groups()
    return known.stamp_ms(stamp) if stamp and known.stamp_ms is not None else None


@lru_cache(maxsize=1_024)  # lines of one second come together
def _second_ms(second: str, zone: str) -> int | None:
    try:
        at = datetime.fromisoformat(second + zone)
    except ValueError:  # the 30th of February
        return None
    return int(at.astimezone(UTC).timestamp()) * 1000
