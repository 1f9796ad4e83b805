"""Folds the lines of some records into tallies, by column. Knows no topic, and changes no state until it is done.

Lines of an instance whose format is known are read together, pane by pane, the others one by one; the rest happens once a
column. ``streams.core.reading`` says the same of one line.
"""

from collections.abc import Iterable, Sequence

from streams.core import guarding, probed
from streams.core.batches import Batch, Lines
from streams.core.deltas import Deltas
from streams.core.folded_columns import Published, folded
from streams.core.joins import Joins
from streams.core.later import Later
from streams.core.lines import unwrap
from streams.core.looking import Looking
from streams.core.opened import Opened
from streams.core.parsing.stretch import within
from streams.core.placing import move
from streams.core.plan import Plan
from streams.core.sources import Source
from streams.core.tally import Requests as Counted
from streams.core.together import FEW, runs
from streams.core.touched import Touched
from streams.core.values import Line


class Folding:
    """Records on their way into tallies. ``clock_ms`` is the partition's clock for what is taken next."""

    __slots__ = (
        "_guarded", "_later", "_looking", "_plan", "_touched",
        "clock_ms", "counted", "deltas", "opened", "provider", "published",
    )  # fmt: skip

    def __init__(
        self,
        sources: dict[tuple[str, str], Source],
        joins: dict[tuple[str, str], Joins],
        apps: set[str],
        plan: Plan,
        clock_ms: int = 0,
        partition: int = 0,
    ) -> None:
        """Begin with the cache of sources (which changes), the open joins (copied before they do), the apps known."""
        self._plan, self.clock_ms = plan, clock_ms
        self._touched = Touched(sources, joins, apps, plan)
        self.deltas = Deltas(clock_ms, plan, partition)  # all else
        self.counted: list[tuple[int, str, Counted]] = []  # (start of the pane, app, requests)
        self.published: list[tuple[str, str, str, dict[str, list[object]]]] = []  # (app, instance, region, columns)
        self.opened = Opened(joins, plan.limits.joins, plan.external)
        self._later, self._looking = Later(plan), Looking(plan, self.deltas, self.opened)
        self._guarded = guarding.Guarded(plan, self.deltas)
        self.provider = ""  # of the lines at hand

    def begin(self, clock_ms: int, offset: int) -> None:
        """Take the lines of another record from here on."""
        self.clock_ms = clock_ms
        self.deltas.begin(clock_ms, offset)

    def lines(self, content: Lines) -> None:
        """Take Fly's own lines, of any apps and instances; those of an instance whose format is known are read together."""
        lines, owners = content.good, content.owners
        self.provider = ""  # not decoded: few lines need it
        near = {owner: self._touched.source(owner.app, owner.instance, owner.region) for owner in dict.fromkeys(owners)}
        few = len(lines) < FEW
        if few or any(source.fresh for source in near.values()):
            for number, (line, source) in enumerate(zip(lines, map(near.__getitem__, owners), strict=True)):
                if few or source.fresh:
                    self._one(source, line.message, line.timestamp, number)
                else:
                    source.wait(number)
        else:
            for number, wait in enumerate(map({owner: near[owner].wait for owner in near}.__getitem__, owners)):
                wait(number)
        for source, numbers in self._touched.waiting():
            some = list(map(lines.__getitem__, numbers))
            self._several(source, [line.message for line in some], [line.timestamp for line in some], numbers)
        self._settle()

    def batch(self, batch: Batch, app: str, instance: str) -> None:
        """Take the rows of one app and instance; those of the record's key stand in for an empty head."""
        source = self._touched.source(batch.app or app, batch.instance or instance, batch.region)
        self.provider = batch.provider
        if batch.provider == probed.PROVIDER:
            for stamp, text in batch.lines:
                self._probe(source, text, stamp)
            return
        count, known = len(batch.lines), 0
        while known < count and (source.fresh or count < FEW):
            stamp, text = batch.lines[known]
            self._one(source, text, stamp, known)
            known += 1
        if known < count:
            stamps, texts = zip(*batch.lines[known:], strict=True)
            self._several(source, texts, stamps, range(known, count))
        self._settle()

    def _one(self, source: Source, text: str, stamp: str | None, number: int) -> None:
        move(source, stamp, self.clock_ms, self._plan)
        if (row := source.match(text)) and len(text) <= self._plan.limits.line_chars:
            source.keep(row, stamp)
        else:
            self._other(source, text, stamp, number)

    def _several(self, source: Source, texts: Sequence[str], stamps: Sequence[str | None], numbers: Sequence[int]) -> None:
        """Take many lines of one instance, pane by pane; ``numbers`` are their places in the record."""
        panes = runs(stamps) if within(texts, self._plan.limits.line_chars) else None
        if panes is None:
            for text, stamp, number in zip(texts, stamps, numbers, strict=True):
                self._one(source, text, stamp, number)
            return
        for begin, end in panes:
            move(source, stamps[begin], self.clock_ms, self._plan)
            if left := source.several(texts[begin:end], stamps[begin:end]):
                held = [begin + i for i in left]
                self._later.add(
                    [numbers[i] for i in held], source, [texts[i] for i in held], [stamps[i] for i in held], self.provider
                )

    def take(self, content: Iterable[Line]) -> None:
        """Take lines out of any envelopes, of any apps and instances."""
        near: dict[tuple[str, str], Source] = {}
        for line in content:
            self._take(line, near)
        self._settle()

    def raw(self, content: Sequence[str], app: str) -> None:
        """Take lines as a file has them, in any envelope or in none; ``app`` is that of lines that name none.

        Most files have no envelope and one format, which is then tried first: that changes the speed alone, as no message
        of a format that does not search a text is in an envelope.
        """
        chars = self._plan.limits.line_chars
        near, known = dict[tuple[str, str], Source](), 0
        bare: Source | None = None  # of the line before, if that was bare
        while known < len(content) and (bare is None or bare.fresh):
            bare = self._raw(content[known], app, near)
            known += 1
        rest = content[known:]
        if bare is not None and rest and within(rest, chars):
            rest = [rest[number] for number in bare.take(rest, ())]  # their stamps are their own
        for raw in rest:
            if bare is not None and (row := bare.match(raw)) and len(raw) <= chars:
                bare.add(row.groups())
            else:
                bare = self._raw(raw, app, near)
        self._settle()

    def _raw(self, raw: str, app: str, near: dict[tuple[str, str], Source]) -> Source | None:
        """Take a line that may be in an envelope; return its source if it is in none."""
        line = unwrap(raw, app)
        source = self._take(line, near)
        is_bare = line.stamp is None and line.text == raw and line.app == app and not line.instance
        return source if is_bare and not source.fmt.searches else None

    def _take(self, line: Line, near: dict[tuple[str, str], Source]) -> Source:
        source = near.get((line.app, line.instance))
        if source is None:
            source = near[line.app, line.instance] = self._touched.source(line.app, line.instance, line.region)
        if line.provider == probed.PROVIDER:
            self._probe(source, line.text, line.stamp)
        else:
            self.provider = line.provider
            self._one(source, line.text, line.stamp, 0)
        return source

    def finish(self) -> None:
        """Fold every column: after this, nothing of the records can fail any more."""
        for source in self._touched.sources():
            published: Published = {}
            for column in source.columns.values():
                if not column.empty:
                    self.counted += folded(source, column, self._plan, self._guarded, self.deltas, published)
            if published:
                self.published.append((source.app, source.instance, source.region, published))
            source.begin()
        self._guarded.finish()
        self.deltas.finish()

    def _probe(self, source: Source, text: str, stamp: str | None) -> None:
        """Take a probe's line, which no format is asked for: nothing else may pass for one, and it for nothing else."""
        move(source, stamp, self.clock_ms, self._plan)
        self.deltas.probe(source, probed.read(text[: self._plan.limits.line_chars]), stamp)

    def _other(self, source: Source, raw: str, stamp: str | None, number: int = 0) -> None:
        """Take a line that the format at hand refuses: of a format that the instance wrote before, or to be looked at later."""
        if len(raw) <= self._plan.limits.line_chars and (row := source.again(raw)):
            source.keep(row, stamp)
        elif source.fresh:  # its first line is most likely of the format of the rest, which need not wait then
            source.fresh -= 1
            self._looking.at(source, raw, stamp, self.provider, self.clock_ms)
        else:
            self._later.add((number,), source, (raw,), (stamp,), self.provider)

    def _settle(self) -> None:
        """Look at the lines that waited, in their order; those that are nothing are counted at the end."""
        noting = self.opened.firsts is not None
        for (span, raw, stamp), worth in self._later.taken(every=noting):
            if worth:
                move(span.source, stamp, self.clock_ms, self._plan)
                self._looking.at(span.source, raw, stamp, span.provider, self.clock_ms)
            else:
                self.opened.note(span.source, raw, span.provider, stamp, late=span.late)
        self.opened.nothing(self.deltas, self._later.nothing())
