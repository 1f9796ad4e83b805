"""Which of the lines behind a mark have arrived: of each key the records from the mark on, without a hole. Pure."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from shippers.once.naming import Place, read


class Prefix(Struct, frozen=True):
    """The first records of a key behind a mark, all of which have arrived."""

    base: int
    places: tuple[Place, ...]

    @property
    def end(self) -> int:
        """How many lines of the key there are up to the last of them."""
        return self.places[-1].end


def prefixes(found: Iterable[tuple[bytes, bytes]], epochs: Sequence[str]) -> dict[bytes, Prefix]:
    """Return the prefix of each key among records (key and id) that have arrived; ``epochs``: behind the mark, in order."""
    by_key: dict[bytes, dict[int, Place | None]] = {}
    for key, id_of_record in found:
        place = read(id_of_record)
        if place is not None and place.epoch in epochs and place.lines:
            places = by_key.setdefault(key, {})
            told = places.setdefault(place.start, place)
            if told is not None and (told.lines, told.crc) != (place.lines, place.crc):
                places[place.start] = None  # two that contradict each other: the prefix ends there
    made = ((key, _prefix(places, epochs)) for key, places in by_key.items())
    return {key: prefix for key, prefix in made if prefix is not None}


def _prefix(places: dict[int, Place | None], epochs: Sequence[str]) -> Prefix | None:
    bases = {place.epoch: place.base for place in places.values() if place is not None}
    first = next((epoch for epoch in epochs if epoch in bases), None)
    if first is None or (first != epochs[0] and bases[first]):
        return None  # lines before them, behind the mark as well, did not arrive
    at, whole = bases[first], list[Place]()
    while (place := places.get(at)) is not None:
        whole.append(place)
        at = place.end
    return Prefix(bases[first], tuple(whole)) if whole else None
