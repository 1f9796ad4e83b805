"""What instances tell over several lines while records are folded: a copy is changed, never the state. Knows no format."""

from streams.core import telling
from streams.core.deltas import Deltas
from streams.core.headings import NONE, Heading
from streams.core.joins import CAP, Joins
from streams.core.sources import Source
from streams.core.traces import Line
from streams.core.values import Reason, Sample, Skipped


class Opened:
    """The open requests and traces of the instances at hand; ``changed`` are those that took a line in."""

    __slots__ = ("_cap", "_known", "changed")

    def __init__(self, known: dict[tuple[str, str], Joins], cap: int = CAP) -> None:
        """Begin with what is open, which stays as it is."""
        self._known, self._cap = known, cap
        self.changed: dict[tuple[str, str], Joins] = {}

    def of(self, source: Source) -> Joins:
        """Return what an instance has open, to be changed."""
        key = (source.app, source.instance)
        joins = self.changed.get(key)
        if joins is None:
            old = self._known.get(key)
            joins = source.opened = self.changed[key] = old.copy() if old is not None else Joins()
            joins.cap = self._cap
        return joins

    def heading(self, source: Source, clock_ms: int) -> Heading:
        """Return what an instance told of its columns, to read a line by, and keep it."""
        heading = NONE if source.opened is None else source.opened.heading
        kept = heading.kept(clock_ms)
        if kept is not heading:
            self.of(source).heading = kept
        return kept

    def line(self, deltas: Deltas, source: Source, text: str, provider: str, stamp: str | None, nothing: Skipped) -> None:
        """Take a line that is no request; ``nothing`` is what it counts as if it tells nothing."""
        trace = None if source.opened is None else source.opened.trace
        if source.late or nothing.reason is Reason.EMPTY or (seen := telling.look(text, provider, trace)) is None:
            deltas.skip(source, nothing, text)
            return
        if isinstance(seen, Sample):
            deltas.measure(source, seen)
            return
        said = self._follow(deltas, source, seen, stamp) or nothing
        if isinstance(said, Skipped):
            deltas.skip(source, said, text)
        else:
            deltas.line(source)

    def beside(self, deltas: Deltas, source: Source, text: str, provider: str, stamp: str | None) -> None:
        """Take a line that is counted already as part of a request: Rails tells an error and its request in one line."""
        if not source.late and (seen := telling.beside(text, provider)):
            self._follow(deltas, source, seen, stamp)

    def _follow(self, deltas: Deltas, source: Source, seen: Line, stamp: str | None) -> object:
        joins = self.of(source)
        said = joins.follow(seen, deltas.place(source, stamp))
        for told in joins.told:
            deltas.tell(source.app, source.instance, told)
        return said
