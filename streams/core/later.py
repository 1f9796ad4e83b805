"""Lines that the format at hand refused, and whether each is worth a look: one search over all tells. Knows no format."""

from collections.abc import Iterator
from operator import itemgetter

from streams.core.headings import NONE
from streams.core.plan import Plan
from streams.core.sources import Source

Held = tuple[int, Source, str, str | None, str, int | None, bool]  # number, of whom, line, stamp, provider, pane, if late


class Later:
    """Holds the lines of the record at hand until all of it has been read."""

    __slots__ = ("_chars", "_held", "_look")

    def __init__(self, plan: Plan) -> None:
        """Begin empty."""
        self._held: list[Held] = []
        self._look = None if plan.formats or plan.external else plan.look  # nobody knows the user's own words
        self._chars = plan.limits.line_chars

    def add(self, number: int, source: Source, raw: str, stamp: str | None, provider: str) -> None:
        """Hold a line of a source that is at the pane of the line; ``number`` is its place in the record."""
        self._held.append((number, source, raw, stamp, provider, source.start_ms, source.late))

    def taken(self) -> Iterator[tuple[Held, bool]]:
        """Yield the lines in their order, each with whether it may be more than a line that nothing recognises.

        A line that has none of the words may be something all the same: that is asked when its turn comes.
        """
        held = sorted(self._held, key=itemgetter(0))
        self._held.clear()
        found = self._look([each[2] for each in held]) if self._look is not None and held else None
        if found is None:
            yield from ((each, True) for each in held)
            return
        worth, chars = set(found), self._chars
        for number, each in enumerate(held):
            source, raw = each[1], each[2]
            opened = source.opened
            leans = opened is not None and (opened.trace is not None or opened.block is not None or opened.heading is not NONE)
            yield each, leans or number in worth or len(raw) > chars or not raw or raw.isspace()
