"""Guesses by first and last characters which of an instance's formats a text is of. A cache: changes the speed alone.

An instance that writes several formats would have each of its lines read by all of them, the long ones nearly to their end.
"""

from collections.abc import Sequence
from itertools import repeat
from operator import add, itemgetter

from streams.core.parsing.format import Format, Table

TRUST = 4  # guesses in a row that may be wrong before no more are made
_MOST = 64  # shapes of one instance
_KINDS = ("0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_ALIKE = str.maketrans({char: kind[0] for kind in _KINDS for char in kind})
Part = tuple[Table, list[int]]  # rows of one format, and the numbers of their texts
Parts = tuple[dict[str, Part], list[int]]  # by the format's name, and the numbers of the texts that none of them takes


def shaped(texts: Sequence[str]) -> Sequence[str] | None:
    """Return the shape of each text: the kinds of its first and of its last character. None where one is empty."""
    if "" in texts:
        return None
    firsts, lasts = ("".join(map(itemgetter(at), texts)).translate(_ALIKE) for at in (0, -1))
    return list(map(add, firsts, lasts))


class Shapes:
    """The shapes that an instance's texts had, by format."""

    __slots__ = ("_names", "_trust")

    def __init__(self) -> None:
        """Begin with none."""
        self._names: dict[str, str] = {}
        self._trust = TRUST

    def learn(self, name: str, texts: Sequence[str], refused: Sequence[int]) -> None:
        """Note of which format texts are, but those that it refused; what had such a shape before was of another, maybe."""
        if self._trust > 0 and len(self._names) < _MOST and len(refused) < len(texts):
            left = set(refused)
            taken = [text for number, text in enumerate(texts) if number not in left]
            self._names.update(zip(shaped(taken) or (), repeat(name)))

    def read(self, texts: Sequence[str], formats: Sequence[Format]) -> Parts | None:
        """Read texts by the formats of their shapes, an unknown one by the first of them.

        None where it was guessed wrongly: a text that its own format refuses must be refused by all.
        """
        shapes = shaped(texts) if self._trust > 0 and self._names else None
        if shapes is None:
            return None
        asked = {fmt.name for fmt in formats}  # of those that the instance wrote longer ago nobody asks any more
        known = {shape: name for shape, name in self._names.items() if name in asked}
        found = _guessed(texts, formats, shapes, known)
        self._trust = self._trust - 1 if found is None else TRUST
        return found


def _guessed(
    texts: Sequence[str], formats: Sequence[Format], shapes: Sequence[str], known: dict[str, str]
) -> Parts | None:  # fmt: skip
    """Read each text by the format of its shape; None where another one of the formats would take it."""
    first = formats[0].name
    mine: dict[str, list[int]] = {fmt.name: [] for fmt in formats}
    puts = {shape: mine[name].append for shape, name in known.items()}
    for number, put in enumerate(map(puts.get, shapes, repeat(mine[first].append))):
        put(number)
    parts: dict[str, Part] = {}
    left: list[int] = []
    for fmt in formats:
        found = _read(fmt, texts, mine[fmt.name])
        if found is None:
            return None
        parts[fmt.name] = found[0]
        left += found[1]
    for fmt in formats if left else ():
        others = [number for number in left if known.get(shapes[number], first) != fmt.name]
        found = _read(fmt, texts, others)
        if found is None or len(found[1]) < len(others):
            return None
    return parts, sorted(left)


def _read(fmt: Format, texts: Sequence[str], numbers: list[int]) -> tuple[Part, list[int]] | None:
    """Read some of many texts; return the rows, and the numbers of those that the format refuses."""
    if not numbers:
        return ((), []), []
    taken = None if fmt.run is None else fmt.run([texts[number] for number in numbers])
    if taken is None:
        return None
    refused = set(taken.refused)
    kept = [number for at, number in enumerate(numbers) if at not in refused] if refused else numbers
    return (taken.table, kept), [numbers[at] for at in taken.refused]
