"""How much was shipped. Counts only."""

from typing import Self

from msgspec import Struct


class Counts(Struct, frozen=True):
    """Acknowledged lines, records and bytes, and lines that were read."""

    lines: int = 0
    records: int = 0
    bytes: int = 0
    read_lines: int = 0

    def __add__(self, other: Self) -> "Counts":
        """Return the sum."""
        return Counts(
            self.lines + other.lines,
            self.records + other.records,
            self.bytes + other.bytes,
            self.read_lines + other.read_lines,
        )
