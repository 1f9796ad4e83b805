"""What instances tell over several lines while records are folded: a copy is changed, never the state. Knows no format."""

from msgspec import Struct, structs

from streams.core import stamps, telling, traces
from streams.core.deltas import Deltas
from streams.core.envelopes.containers import BAR, unnamed
from streams.core.events import frames
from streams.core.events.sign import External
from streams.core.headings import NONE, Heading
from streams.core.joins import CAP, Fragment, Joins
from streams.core.later import Nothing
from streams.core.parsing import pretty
from streams.core.sources import Source
from streams.core.traces import HELD, Line, Place
from streams.core.values import Reason, Sample, Skipped


class First(Struct, frozen=True, gc=False):
    """The first line of an instance that is no request: whether a trace goes on that began before it."""

    text: str
    provider: str
    at_ms: int | None


_PART = Skipped(Reason.PART)
Firsts = dict[tuple[str, str], First]


class Opened:
    """The open requests and traces of the instances at hand; ``changed`` are those that took a line in.

    ``firsts`` notes each instance's first line, where somebody asks for them.
    """

    __slots__ = ("_cap", "_external", "_known", "changed", "firsts")

    def __init__(self, known: dict[tuple[str, str], Joins], cap: int = CAP, external: tuple[External, ...] = ()) -> None:
        """Begin with what is open, which stays as it is; ``external`` are the user's own services."""
        self._known, self._cap, self._external = known, cap, external
        self.changed: dict[tuple[str, str], Joins] = {}
        self.firsts: Firsts | None = None

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

    def part(self, source: Source, text: str, stamp: str | None) -> Fragment | Skipped | None:
        """Return what a line is to the open block of its instance, or as the first of one; None when it is something else."""
        block = None if source.opened is None else source.opened.block
        followed = pretty.follow(block, text)
        if followed is None:
            return None
        joins, block = self.of(source), followed.block
        if block is not None and block.at_ms is None and stamp is not None:
            block = structs.replace(block, at_ms=stamps.ms(stamp))
        joins.block, joins.leaned = block, True
        return followed.said or (_PART if followed.part else None)

    def line(self, deltas: Deltas, source: Source, text: str, provider: str, stamp: str | None, nothing: Skipped) -> None:
        """Take a line that is no request; ``nothing`` is what it counts as if it tells nothing."""
        trace = None if source.opened is None else source.opened.trace
        if source.late or nothing.reason is Reason.EMPTY:
            deltas.skip(source, nothing, text)
            return
        if self.firsts is not None:
            self.note(source, text, provider, stamp, late=False)
        seen = telling.look(text, provider, trace, self._external)
        if seen is None:
            deltas.skip(source, nothing, text)
            return
        if isinstance(seen, Sample):
            deltas.measure(source, seen)
            return
        if seen is telling.STRAY:
            deltas.skip(source, _PART, text)
            return
        event = seen.event
        if trace is None and event is not None and event.event not in HELD and seen.piece is None:
            deltas.happens(source, event, stamp)  # as ``follow`` would, which most events would change nothing of
            return
        said = self._follow(deltas, source, seen, stamp) or nothing
        if isinstance(said, Skipped):
            deltas.skip(source, said, text)
        else:
            deltas.line(source)

    @staticmethod
    def nothing(deltas: Deltas, several: Nothing) -> None:
        """Take lines that a first look has turned away: nothing, blank behind a name, or frames of a trace nobody saw begin."""
        for (app, start_ms, late), raws in several.items():
            texts = [raw.rstrip("\r\n") for raw in raws]
            if BAR in "".join(texts):
                texts = list(map(unnamed, texts))
            if late:
                deltas.nothing(start_ms, app, texts, late=late)
                continue
            said = [text for text in texts if text.strip()] if "" in texts or any(map(str.isspace, texts)) else texts
            alone = [text for text in said if text[0] not in " \t" or not frames.is_stray(text)]
            deltas.nothing(start_ms, app, alone, empty=len(texts) - len(said), part=len(said) - len(alone))

    def note(self, source: Source, text: str, provider: str, stamp: str | None, *, late: bool) -> None:
        """Note the first line of an instance that is no request, where somebody asks for it."""
        if self.firsts is not None and not late:
            at_ms = None if stamp is None or source.ahead else stamps.ms(stamp)
            self.firsts.setdefault((source.app, source.instance), First(unnamed(text.rstrip("\r\n")), provider, at_ms))

    def beside(self, deltas: Deltas, source: Source, text: str, provider: str, stamp: str | None) -> None:
        """Take a line that is counted already as part of a request: Rails tells an error and its request in one line."""
        if not source.late and (seen := telling.beside(text, provider)):
            self._follow(deltas, source, seen, stamp)

    @staticmethod
    def goes_on(joins: Joins, first: First, external: tuple[External, ...]) -> bool:
        """Tell whether an open trace may be told together with a line, or with lines behind it."""
        if joins.trace is None:
            return False
        seen, place = telling.look(first.text, first.provider, joins.trace, external), Place(at_ms=first.at_ms)
        if not isinstance(seen, Line):
            return True
        followed = traces.follow(joins.trace, seen, place)
        new = followed.trace
        return followed.part or (new is not None and (new.began is not place or new.before is not None))

    def _follow(self, deltas: Deltas, source: Source, seen: Line, stamp: str | None) -> object:
        joins = self.of(source)
        said = joins.follow(seen, deltas.place(source, stamp))
        for told in joins.told:
            deltas.tell(source.app, source.instance, told)
        return said
