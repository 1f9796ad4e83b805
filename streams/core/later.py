"""Lines that the format at hand refused, and whether each is worth a look: one search over all tells. Knows no format."""

from collections.abc import Iterator

from streams.core.headings import NONE
from streams.core.plan import Plan
from streams.core.sources import Source

Held = tuple[Source, str, str | None, str]  # of whom, the line, its envelope's stamp and provider


class Later:
    """Holds the lines of the record at hand until all of it has been read."""

    __slots__ = ("_held", "_plan", "add")

    def __init__(self, plan: Plan) -> None:
        """Begin empty."""
        self._plan = plan
        self._held: list[Held] = []
        self.add = self._held.append

    def taken(self) -> Iterator[tuple[Held, bool]]:
        """Yield the lines in their order, each with whether it may be more than a line that nothing recognises."""
        held, look = self._held.copy(), self._plan.look
        self._held.clear()
        found = look([raw for _, raw, _, _ in held]) if look is not None and held else None
        worth = None if found is None else set(found)
        for number, each in enumerate(held):
            yield each, worth is None or number in worth or self._may_be_more(each[0], each[1])

    def _may_be_more(self, source: Source, raw: str) -> bool:
        """Tell whether a line that has none of the words may be something all the same: that is asked when its turn comes."""
        opened, plan = source.opened, self._plan
        leans = opened is not None and (opened.trace is not None or opened.heading is not NONE)
        return leans or bool(plan.formats or plan.external) or len(raw) > plan.limits.line_chars or not raw or raw.isspace()
