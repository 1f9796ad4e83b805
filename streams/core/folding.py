"""Folds the lines of some records into tallies, by column. Knows no topic, and changes no state until it is done.

The hot loop of flywatch: of each line ten seconds of its stamp are compared, the format that the instance wrote last is
tried, and the row is kept; all the rest happens once a column. ``streams.core.reading`` says the same of one line.
"""

from collections.abc import Iterable

from streams.core import guarding, probed, reading, stamps
from streams.core.batches import Batch, FlyLine
from streams.core.deltas import Deltas
from streams.core.folded_columns import Published, folded
from streams.core.joins import Fragment, Joins
from streams.core.later import Later
from streams.core.lines import unwrap
from streams.core.opened import Nothing, Opened
from streams.core.parsing import w3c
from streams.core.placing import placed
from streams.core.plan import PANE_MS, Plan
from streams.core.sources import Source
from streams.core.tally import Requests as Counted
from streams.core.touched import Touched
from streams.core.values import Line, Reason, Skipped

_SHOWS = Skipped(Reason.SECURITY)
BARE = "bare"  # the prefix of lines without an envelope's stamp: no stamp begins so


class Folding:
    """Records on their way into tallies. ``clock_ms`` is the partition's clock for what is taken next."""

    __slots__ = (
        "_guarded", "_later", "_plan", "_touched", "clock_ms", "counted", "deltas", "joined", "opened", "provider", "published",
    )  # fmt: skip

    def __init__(
        self,
        sources: dict[tuple[str, str], Source],
        joins: dict[tuple[str, str], Joins],
        apps: set[str],
        plan: Plan,
        clock_ms: int = 0,
    ) -> None:
        """Begin with the cache of sources (which changes), the open joins (copied before they do), the apps known."""
        self._plan, self.clock_ms = plan, clock_ms
        self._touched = Touched(sources, joins, apps, plan)
        self.deltas = Deltas(clock_ms, plan)  # all else
        self.counted: list[tuple[int, str, Counted]] = []  # (start of the pane, app, requests)
        self.published: list[tuple[str, str, str, dict[str, list[object]]]] = []  # (app, instance, region, columns)
        self.opened = Opened(joins, plan.limits.joins, plan.external)
        self.joined = self.opened.changed
        self._later = Later(plan)
        self._guarded = guarding.Guarded(plan, self.deltas)
        self.provider = ""  # of the lines at hand

    def begin(self, clock_ms: int, offset: int) -> None:
        """Take the lines of another record from here on."""
        self.clock_ms = clock_ms
        self.deltas.begin(clock_ms, offset)

    def lines(self, content: Iterable[FlyLine]) -> None:
        """Take Fly's own lines, of any apps and instances."""
        chars, wanted = self._plan.limits.line_chars, self._plan.stamped
        near: dict[str, Source] = {}
        self.provider = ""  # not decoded: few lines need it
        for line in content:
            fly = line.fly.app
            source = near.get(fly.instance)
            if source is None or source.app != fly.name:
                source = near[fly.instance] = self._touched.source(fly.name, fly.instance, line.fly.region)
            stamp, text = line.timestamp, line.message
            if stamp[:18] != source.prefix or stamp[-1] != "Z":
                self._turn(source, stamp)
            if (row := source.match(text)) and len(text) <= chars:
                source.add(row.groups())
                if wanted:
                    source.note(stamp)
            else:
                self._other(source, text, stamp)
        self._settle()

    def batch(self, batch: Batch, app: str, instance: str) -> None:
        """Take the rows of one app and instance; those of the record's key stand in for an empty head."""
        chars, wanted = self._plan.limits.line_chars, self._plan.stamped
        source = self._touched.source(batch.app or app, batch.instance or instance, batch.region)
        self.provider = batch.provider
        if batch.provider == probed.PROVIDER:
            for stamp, text in batch.lines:
                self._probe(source, text, stamp)
            return
        for stamp, text in batch.lines:
            if stamp is None:
                if source.prefix != BARE:
                    self._turn(source, None)
            elif stamp[:18] != source.prefix or stamp[-1:] != "Z":
                self._turn(source, stamp)
            if (row := source.match(text)) and len(text) <= chars:
                source.add(row.groups())
                if wanted:
                    source.note(stamp)
            else:
                self._other(source, text, stamp)
        self._settle()

    def take(self, content: Iterable[Line]) -> None:
        """Take lines out of any envelopes, of any apps and instances."""
        near: dict[tuple[str, str], Source] = {}
        for line in content:
            self._take(line, near)
        self._settle()

    def raw(self, content: Iterable[str], app: str) -> None:
        """Take lines as a file has them, in any envelope or in none; ``app`` is that of lines that name none.

        Most files have no envelope and one format, which is then tried before anything else: that changes nothing but the
        speed, as no message of a format that does not search a text is in an envelope.
        """
        chars = self._plan.limits.line_chars
        near: dict[tuple[str, str], Source] = {}
        bare: Source | None = None  # of the line before, if that was bare
        for raw in content:
            if bare is not None and (row := bare.match(raw)) and len(raw) <= chars:
                bare.add(row.groups())  # its stamp is its own
                continue
            line = unwrap(raw, app)
            source = self._take(line, near)
            is_bare = line.stamp is None and line.text == raw and line.app == app and not line.instance
            bare = source if is_bare and not source.fmt.searches else None
        self._settle()

    def _take(self, line: Line, near: dict[tuple[str, str], Source]) -> Source:
        source = near.get((line.app, line.instance))
        if source is None:
            source = near[line.app, line.instance] = self._touched.source(line.app, line.instance, line.region)
        stamp, text = line.stamp, line.text
        if line.provider == probed.PROVIDER:
            self._probe(source, text, stamp)
            return source
        self._move(source, stamp)
        if (row := source.match(text)) and len(text) <= self._plan.limits.line_chars:
            source.keep(row, stamp)
        else:
            self.provider = line.provider
            self._other(source, text, stamp)
        return source

    def finish(self) -> None:
        """Fold every column: after this, nothing of the records can fail any more."""
        for source in self._touched.sources():
            published: Published = {}
            for column in source.columns.values():
                if column.rows:
                    self.counted += folded(source, column, self._plan, self._guarded, self.deltas, published)
            if published:
                self.published.append((source.app, source.instance, source.region, published))
            source.begin()
        self._guarded.finish()
        self.deltas.finish()

    def _probe(self, source: Source, text: str, stamp: str | None) -> None:
        """Take a probe's line, which no format is asked for: nothing else may pass for one, and it for nothing else."""
        self._move(source, stamp)
        self.deltas.probe(source, probed.read(text[: self._plan.limits.line_chars]), stamp)

    def _move(self, source: Source, stamp: str | None) -> None:
        """Move a source to the pane of a line's stamp, if it is not there."""
        if stamp is None:
            if source.prefix != BARE:
                self._turn(source, None)
        elif stamp[:18] != source.prefix or stamp[-1:] != "Z":
            self._turn(source, stamp)

    def _turn(self, source: Source, stamp: str | None) -> None:
        """Move a source to the pane of this stamp; without a readable one, to the stamps of the lines themselves."""
        at_ms: int | None
        if stamp is not None and stamp.endswith("Z"):
            source.prefix, at_ms = stamp[:18], stamps.pane_ms(stamp[:18])
        else:
            source.prefix, at_ms = (None, stamps.ms(stamp)) if stamp else (BARE, None)
        place = (None, False, False) if at_ms is None else placed(at_ms - at_ms % PANE_MS, self.clock_ms, self._plan)
        source.turn(place[0], self.clock_ms, late=place[1], ahead=place[2])

    def _other(self, source: Source, raw: str, stamp: str | None) -> None:
        """Take a line that the format at hand refuses: of a format that the instance wrote before, or to be looked at later."""
        if len(raw) <= self._plan.limits.line_chars and (row := source.again(raw)):
            source.keep(row, stamp)
        elif source.fresh:  # its first line is most likely of the format of the rest, which need not wait then
            source.fresh -= 1
            self._look_at(source, raw, stamp)
        else:
            self._later.add(source, raw, stamp, self.provider)

    def _settle(self) -> None:
        """Look at the lines that waited, in their order; those that are nothing are counted at the end."""
        nothing: Nothing = {}
        noting = self.opened.firsts is not None
        for (source, raw, stamp, provider, start_ms, late), worth in self._later.taken():
            if worth:
                self._move(source, stamp)
                self.provider = provider
                self._look_at(source, raw, stamp)
            else:
                nothing.setdefault((source.app, start_ms, late), []).append(raw)
                if noting:
                    self.opened.note(source, raw, provider, stamp, late=late)
        self.opened.nothing(self.deltas, nothing)

    def _look_at(self, source: Source, raw: str, stamp: str | None) -> None:
        """Take a line that may be a request, a part of one, an event, or nothing known."""
        chars = self._plan.limits.line_chars
        if len(raw) <= chars and (row := source.match(raw) or source.again(raw)):
            source.keep(row, stamp)
            return
        text, cut = reading.cleaned(raw, chars)
        if cut:
            self.deltas.tally(source.start_ms, source.app).cut += 1
        found = reading.what(text)
        if isinstance(found, tuple):
            source.learn(found[0])
            source.keep(found[1], stamp)
        elif not isinstance(found, Skipped):
            self._join(source, found, stamp)
            self.opened.beside(self.deltas, source, text, self.provider, stamp)
        elif part := self.opened.part(source, text, stamp):
            if isinstance(part, Fragment):
                self._join(source, part, stamp)
            else:
                self.deltas.skip(source, _SHOWS if guarding.line(self._plan, self.deltas, source, text, stamp) else part)
        elif told := w3c.row(self.opened.heading(source, self.clock_ms), text):
            source.apart(w3c.HEADED, told, stamp)
        elif self._plan.formats and (own := reading.recognise_own(text, self._plan.formats)):
            source.apart(*own, stamp)
        else:
            self._no_request(source, text, stamp, found)

    def _no_request(self, source: Source, text: str, stamp: str | None, part: Skipped) -> None:
        """Take a line that is an event, shows something to security, both, or nothing."""
        if guarding.line(self._plan, self.deltas, source, text, stamp):
            part = _SHOWS
        self.opened.line(self.deltas, source, text, self.provider, stamp, part)

    def _join(self, source: Source, part: Fragment, stamp: str | None) -> None:
        joins = self.opened.of(source)
        parsed = reading.joined(part, None if stamp is None else stamps.ms(stamp), joins)
        if joins.dropped:
            self.deltas.tally(source.start_ms, source.app).skipped[Reason.DROPPED] += joins.dropped
        if isinstance(parsed, Skipped):
            self.deltas.skip(source, parsed)
        else:
            source.apart(reading.JOINED, reading.row(parsed), stamp)
