"""What a record's id says of its place among the lines of its source. Pure."""

import re

from msgspec import Struct

_PLACE = re.compile(rb"(?:^|\.)([0-9a-f]{12})-([0-9]{1,15})-([0-9]{1,15})-([0-9]{1,6})-([0-9a-f]{1,8})(?:\.|$)")


class Place(Struct, frozen=True, gc=False):
    """Where the lines of a record stand among those of its key.

    ``epoch`` names what a source gave behind one of its marks; ``start`` counts the key's lines before the record, ``base``
    those before its epoch. ``crc`` is that of the record's value.
    """

    epoch: str
    base: int
    start: int
    lines: int
    crc: int

    @property
    def end(self) -> int:
        """How many lines of the key there are up to and with this record."""
        return self.start + self.lines


def written(place: Place) -> bytes:
    """Return a place as a part of an id."""
    return f"{place.epoch}-{place.base}-{place.start}-{place.lines}-{place.crc:x}".encode()


def read(id_of_record: bytes) -> Place | None:
    """Return the place that an id tells, None where it tells none."""
    found = _PLACE.search(id_of_record)
    if found is None:
        return None
    epoch, base, start, lines, crc = found.groups()
    return Place(epoch.decode(), int(base), int(start), int(lines), int(crc, 16))
