"""What single lines add to panes, beside the columns of requests: events, skipped lines, notes. Knows no format or topic."""

from msgspec import structs

from streams.core import gauges, stamps
from streams.core.masking import mask
from streams.core.plan import PANE_MS, Plan
from streams.core.records import Happened, Security
from streams.core.security.values import Finding
from streams.core.sketch import measured
from streams.core.sources import Source
from streams.core.tally import Tally
from streams.core.traces import Place, Told
from streams.core.values import Event, Reading, Reason, Sample, Skipped


class Deltas:
    """Tallies by pane, and what happened, of the records that are being folded."""

    __slots__ = ("_clock_ms", "_number", "_offset", "_partition", "_plan", "found", "happened", "tallies")

    def __init__(self, clock_ms: int, plan: Plan, partition: int = 0) -> None:
        """Begin empty; ids are those of a partition."""
        self._plan, self._partition = plan, partition
        self.tallies: dict[tuple[int, str], Tally] = {}  # (start of the pane, app) -> what is to be added
        self.happened: list[Happened] = []
        self.found: list[Security] = []
        self.begin(clock_ms, 0)

    @property
    def clock_ms(self) -> int:
        """Return the partition's clock for the record at hand."""
        return self._clock_ms

    def begin(self, clock_ms: int, offset: int) -> None:
        """Count for another record from here on."""
        self._clock_ms, self._offset, self._number = clock_ms, offset, 0

    def tally(self, start_ms: int | None, app: str) -> Tally:
        """Return what is to be added to a pane; without a start to that of the arrival."""
        key = (self._clock_ms - self._clock_ms % PANE_MS if start_ms is None else start_ms, app)
        tally = self.tallies.get(key)
        if tally is None:
            tally = self.tallies[key] = Tally()
        return tally

    def skip(self, source: Source, skipped: Skipped, text: str = "") -> None:
        """Count a line that is nothing; one that nothing recognises may be shown as an example."""
        tally = self.tally(source.start_ms, source.app)
        tally.lines += 1
        tally.skipped[Reason.LATE if source.late else skipped.reason] += 1
        if text > tally.example and skipped.reason is Reason.UNRECOGNISED and not source.late:
            tally.example = text

    def nothing(
        self, start_ms: int | None, app: str, texts: list[str], *, late: bool = False, empty: int = 0, part: int = 0
    ) -> None:  # fmt: skip
        """Count lines that nothing recognises, and beside them empty ones and stray frames of stack traces."""
        tally = self.tally(start_ms, app)
        tally.lines += len(texts) + empty + part
        if empty:
            tally.skipped[Reason.EMPTY] += empty
        if part:
            tally.skipped[Reason.PART] += part
        if texts:
            tally.skipped[Reason.LATE if late else Reason.UNRECOGNISED] += len(texts)
            tally.example = tally.example if late else max(tally.example, *texts)

    def late(self, start_ms: int, app: str, lines: int) -> None:
        """Count lines that are too late to count as what they say."""
        tally = self.tally(start_ms, app)
        tally.lines += lines
        tally.skipped[Reason.LATE] += lines

    def finish(self) -> None:
        """Mask the examples: the last thing before they leave."""
        for tally in self.tallies.values():
            if tally.example:
                tally.example = mask(tally.example)

    def place(self, source: Source, stamp: str | None) -> Place:
        """Return where a line stands that may tell an event now or later; one of its own for each."""
        at_ms = None if stamp is None or source.ahead else stamps.ms(stamp)
        pane_ms = self._clock_ms - self._clock_ms % PANE_MS if source.start_ms is None else source.start_ms
        return Place(self._said(), at_ms, self._clock_ms, pane_ms, source.region)

    def _said(self) -> str:
        """Return the id of one more thing that was said in the record at hand."""
        said = f"{self._offset}/{self._number}"
        self._number += 1
        return said

    def tell(self, app: str, instance: str, told: Told) -> None:
        """Count an event where its line stands, which is counted already, and keep it to be published."""
        event, place = masked(told.event, self._plan), told.place
        if place.pane_ms + PANE_MS + self._plan.lateness_ms < self._clock_ms:
            self.tally(None, app).skipped[Reason.LATE] += 1  # its pane is gone
            return
        self.tally(place.pane_ms, app).events[event.event] += 1
        at_ms = place.seen_ms if place.at_ms is None else place.at_ms
        self.happened.append(Happened(f"{self._partition}/{place.id}", app, instance, place.region, at_ms, event))

    def happens(self, source: Source, event: Event, stamp: str | None) -> None:
        """Count a line, not a late one, that tells an event at once, and keep this to be published."""
        at_ms = None if stamp is None or source.ahead else stamps.ms(stamp)
        tally, said = self.tally(source.start_ms, source.app), f"{self._partition}/{self._said()}"
        tally.lines += 1
        tally.events[event.event] += 1
        at_ms = self._clock_ms if at_ms is None else at_ms
        self.happened.append(Happened(said, source.app, source.instance, source.region, at_ms, masked(event, self._plan)))

    def measure(self, source: Source, sample: Sample) -> None:
        """Count what a line measured."""
        tally = self.tally(source.start_ms, source.app)
        tally.lines += 1
        if (measures := measured([sample.value_ms])) is not None:
            tally.queries.add(measures)

    def probe(self, source: Source, read: Reading | Skipped, stamp: str | None) -> None:
        """Count the line of a probe: what it measured, and what happened."""
        tally = self.tally(source.start_ms, source.app)
        tally.lines += 1
        if source.late:
            tally.skipped[Reason.LATE] += 1
            return
        tally.probes += 1
        if isinstance(read, Skipped):
            tally.skipped[read.reason] += 1
            return
        gauges.add(tally.gauges, gauges.spread(read.gauges))
        if not read.ok:
            tally.failing = max(tally.failing, read.text)
        if read.event is not None:
            self.tell(source.app, source.instance, Told(read.event, self.place(source, stamp)))

    def line(self, source: Source) -> None:
        """Count a line that tells an event, now or later."""
        self.tally(source.start_ms, source.app).lines += 1

    def hide(self, evidence: str) -> str:
        """Take out of evidence what the user's own masks find."""
        return self._plan.masked(evidence)

    def find(self, source: Source, start_ms: int | None, at_ms: int, finding: Finding) -> None:
        """Count what a line shows to security, and keep it to be published; also of a line that is late."""
        self.tally(start_ms, source.app).security[finding.rule] += 1
        finding = structs.replace(finding, evidence=self.hide(finding.evidence))
        self.found.append(Security("", source.app, source.instance, source.region, at_ms, finding))


def masked(event: Event, plan: Plan) -> Event:
    """Return an event without what the user's own masks take out."""
    if not plan.masks:
        return event
    first, top = (None if frame is None else plan.masked(frame) for frame in (event.first_frame, event.top_frame))
    about, evidence = plan.masked(event.about), plan.masked(event.evidence)
    return structs.replace(event, about=about, evidence=evidence, first_frame=first, top_frame=top)
