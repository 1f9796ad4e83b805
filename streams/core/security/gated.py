"""Asks many patterns in two steps: whose words are in a text, then the patterns of those alone. Knows no rule.

All patterns in one automaton would be faster over what was seen before, but its states have no end: a text of an attacker
who varies his words took milliseconds, and memory without bound. Words have few states, and the patterns of one rule few.
"""

from collections.abc import Callable, Iterator, Sequence

from streams.core.security.catalogue import Engine

Search = Callable[[bytes], Sequence[int] | None]


class Gated:
    """Finds the rows that a text fits, in their order."""

    __slots__ = ("_always", "_engine", "_gate", "_gated", "_own", "_rows")

    def __init__(self, rows: Sequence[tuple[str, Sequence[str]]], engine: Engine) -> None:
        """Make the searches; a row is a pattern of its words ("": it is always asked), and its patterns."""
        self._gated = [number for number, (words, _) in enumerate(rows) if words]
        self._always = [number for number, (words, _) in enumerate(rows) if not words]
        self._gate = engine.several([words for words, _ in rows if words]) if self._gated else None
        self._rows, self._engine = rows, engine
        self._own: list[Search | None] = [None] * len(rows)  # made when they are first asked: most never are

    def __call__(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Yield the number of each row that fits, and that of its first pattern that does."""
        told = (self._gate(text) if self._gate else None) or ()
        for number in sorted([*self._always, *map(self._gated.__getitem__, told)]):
            if found := self._search(number)(text):
                yield number, min(found)

    def _search(self, number: int) -> Search:
        search = self._own[number]
        if search is None:
            search = self._own[number] = self._engine.several(self._rows[number][1])
        return search
