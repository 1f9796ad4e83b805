"""Lines that the format at hand refused, and whether each is worth a look: one search over all tells. Knows no format."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import compress, count

from msgspec import Struct

from streams.core.headings import NONE
from streams.core.plan import Plan
from streams.core.sources import Source


class Span(Struct, frozen=True):
    """Lines that were held together: whose they are, and of which pane."""

    source: Source
    begin: int
    end: int
    provider: str
    start_ms: int | None
    late: bool


Held = tuple[Span, str, str | None]  # of whom, line, stamp
Turn = tuple[int, int]  # the line's place in the record, and among those held
Nothing = dict[tuple[str, int | None, bool], list[str]]  # (app, start of the pane, late) -> lines


class Later:
    """Holds the lines of the record at hand until all of it has been read."""

    __slots__ = ("_chars", "_look", "_looked", "_numbers", "_spans", "_stamps", "_texts")

    def __init__(self, plan: Plan) -> None:
        """Begin empty."""
        self._look = None if plan.formats or plan.external else plan.look  # nobody knows the user's own words
        self._chars = plan.limits.line_chars
        self._begin()

    def _begin(self) -> None:
        self._numbers: list[int] = []
        self._texts: list[str] = []
        self._stamps: list[str | None] = []
        self._spans: list[Span] = []
        self._looked: set[int] = set()

    def add(
        self, numbers: Sequence[int], source: Source, texts: Sequence[str], stamps: Sequence[str | None], provider: str
    ) -> None:  # fmt: skip
        """Hold lines of a source that is at the pane of the lines; ``numbers`` are their places in the record."""
        begin = len(self._texts)
        self._numbers += numbers
        self._texts += texts
        self._stamps += stamps
        self._spans.append(Span(source, begin, len(self._texts), provider, source.start_ms, source.late))

    def taken(self, *, every: bool) -> Iterator[tuple[Held, bool]]:
        """Yield the lines in their order that may be more than lines that nothing recognises; the others, too, if asked to.

        A line that has none of the words may be something all the same, to what its instance has open by then: that is asked
        when its turn comes.
        """
        if not self._texts:
            return
        worth, ends = self._worth(), [span.end for span in self._spans]
        queue, resting = self._turns(worth, every=every)
        while queue:
            turn = heappop(queue)
            at = turn[1]
            span = self._spans[bisect_right(ends, at)]
            if looks := at in worth or leans(span.source):
                self._looked.add(at)
            if looks or every:
                yield (span, self._texts[at], self._stamps[at]), looks
            if id(span.source) in resting and leans(span.source):
                for other in self._rest(resting.pop(id(span.source)), worth):
                    if other > turn:
                        heappush(queue, other)

    def _turns(self, worth: set[int], *, every: bool) -> tuple[list[Turn], dict[int, list[Span]]]:
        """Return the heap of lines that have a turn, and the sources of which only those do that are worth it."""
        numbers = self._numbers
        if every or len(worth) == len(numbers):
            queue = [(number, at) for at, number in enumerate(numbers)]
            heapify(queue)
            return queue, {}
        resting: dict[int, list[Span]] = {}
        for span in self._spans:
            resting.setdefault(id(span.source), []).append(span)
        queue = [(numbers[at], at) for at in worth]
        for spans in [spans for spans in resting.values() if leans(spans[0].source)]:
            queue += self._rest(resting.pop(id(spans[0].source)), worth)
        heapify(queue)
        return queue, resting

    def nothing(self) -> Nothing:
        """Return the lines that were not worth a look, and hold nothing any more."""
        found: Nothing = {}
        texts, looked = self._texts, self._looked
        for span in self._spans if len(looked) < len(texts) else ():
            left = [texts[at] for at in range(span.begin, span.end) if at not in looked]
            if left:
                found.setdefault((span.source.app, span.start_ms, span.late), []).extend(left)
        self._begin()
        return found

    def _worth(self) -> set[int]:
        """Return the numbers of lines that have one of the words, are blank, or too long."""
        texts = self._texts
        found = None if self._look is None else self._look(texts)
        if found is None:
            return set(range(len(texts)))
        worth = {*found, *compress(count(), map(str.isspace, texts))}
        if "" in texts or max(map(len, texts)) > self._chars:
            worth.update(number for number, text in enumerate(texts) if not text or len(text) > self._chars)
        return worth

    def _rest(self, spans: list[Span], worth: set[int]) -> list[Turn]:
        """Return the turns of lines that would not be looked at by themselves."""
        return [(self._numbers[at], at) for span in spans for at in range(span.begin, span.end) if at not in worth]


def leans(source: Source) -> bool:
    """Tell whether what an instance has open may make something of any line."""
    opened = source.opened
    return opened is not None and (opened.trace is not None or opened.block is not None or opened.heading is not NONE)
