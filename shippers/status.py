"""What ``flyship status`` tells: of each source what it took, how late, what went wrong. Knows no HTTP; the time is passed in.

It is made of the counters of ``shippers.metrics``, looked at once a second: what grew lately is what goes on now.
"""

from collections import deque
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from shippers.metrics import Metrics

RATE_S = 10.0  # lines/s are those of the last so many seconds
TROUBLE_S = 300.0  # an error is a trouble for so long
STUCK_S = 15.0  # lines that wait for so long while none is acknowledged are a trouble


class Complaint(Struct, frozen=True):
    """What went wrong last at a source; ``text`` is None where nobody said more than the kind."""

    kind: str
    text: str | None
    at_ms: int


class SourceStatus(Struct, frozen=True):
    """One source. ``lag_s``: the age of its newest line, None where its lines have no stamps."""

    name: str
    lines: int = 0
    bytes: int = 0
    lines_per_s: float = 0.0
    lag_s: float | None = None
    gaps: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    last_error: Complaint | None = None
    problems: int = 0  # inputs that could not be read to their end
    trouble: str | None = None


class Status(Struct, frozen=True):
    """The whole process. ``trouble``: what is wrong with no single source."""

    at_ms: int
    started_ms: int
    sources: list[SourceStatus]
    sent_lines: int
    waiting_lines: int  # read and not yet acknowledged
    spool_bytes: int
    spool_records: int
    trouble: str | None = None
    v: int = 1

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.trouble is None and all(source.trouble is None for source in self.sources)


class Look(Struct, frozen=True):
    """What was counted at one look."""

    at_s: float
    lines: dict[str, float]


class Watch:
    """Looks at the counters again and again, and tells the status."""

    def __init__(self, metrics: Metrics, started_ms: int) -> None:
        """``started_ms``: when the process began."""
        self._metrics = metrics
        self._started_ms = started_ms
        self._looks: deque[Look] = deque()
        self._errors: dict[tuple[str, str], float] = {}
        self._last: dict[str, Complaint] = {}
        self._sent = 0
        self._moved_at_s: float | None = None

    def look(self, now_s: float, sent_lines: int, waiting_lines: int) -> None:
        """Take the counters in, at a wall clock's time."""
        self._looks.append(Look(now_s, _by_source(self._metrics, "flyship_lines_total")))
        while self._looks[0].at_s < now_s - RATE_S:
            self._looks.popleft()
        if sent_lines != self._sent or not waiting_lines or self._moved_at_s is None:
            self._sent, self._moved_at_s = sent_lines, now_s
        for labels, value in _samples(self._metrics, "flyship_errors_total"):
            source, kind = labels["source"], labels["kind"]
            if value > self._errors.get((source, kind), 0):
                self._errors[source, kind] = value
                text = self._metrics.said.get((source, kind))
                self._last[source] = Complaint(kind, text, int(now_s * 1000))

    def status(self, now_s: float, problems: Mapping[str, int], sent_lines: int, waiting_lines: int) -> Status:
        """Return what holds now; ``problems`` are the sources that run, by name."""
        self.look(now_s, sent_lines, waiting_lines)
        stuck_s = now_s - (self._moved_at_s or now_s)
        stuck = (
            f"Kafka has acknowledged nothing for {stuck_s:.0f} s, {waiting_lines} lines wait" if stuck_s >= STUCK_S else None
        )
        run = {kind for name in problems for kind in self._metrics.kinds.get(name, (name,))}
        names = sorted({*run, *_by_source(self._metrics, "flyship_lines_total"), *self._last})
        return Status(
            int(now_s * 1000),
            self._started_ms,
            [self._source(name, now_s, problems.get(name, 0)) for name in names],
            sent_lines,
            waiting_lines,
            int(sum(value for _, value in _samples(self._metrics, "flyship_spool_bytes"))),
            int(sum(value for _, value in _samples(self._metrics, "flyship_spool_records"))),
            stuck if stuck_s >= STUCK_S else None,
        )

    def _source(self, name: str, now_s: float, problems: int) -> SourceStatus:
        metrics, first = self._metrics, self._looks[0]
        lines = _by_source(metrics, "flyship_lines_total").get(name, 0)
        passed_s = now_s - first.at_s
        errors = _of(metrics, "flyship_errors_total", name, "kind")
        last = self._last.get(name)
        return SourceStatus(
            name,
            int(lines),
            int(_by_source(metrics, "flyship_bytes_total").get(name, 0)),
            round((lines - first.lines.get(name, 0)) / passed_s, 1) if passed_s > 0 else 0.0,
            _by_source(metrics, "flyship_lag_seconds").get(name),
            _of(metrics, "flyship_gaps_total", name, "state"),
            sum(_of(metrics, "flyship_dropped_lines_total", name, "reason").values()),
            errors,
            last,
            problems,
            metrics.down.get(name) or _trouble(last, problems, now_s),
        )


def _trouble(last: Complaint | None, problems: int, now_s: float) -> str | None:
    if last is not None and now_s - last.at_ms / 1000 < TROUBLE_S:
        return last.text or last.kind
    return f"{problems} inputs could not be read" if problems else None


def _samples(metrics: Metrics, name: str) -> Iterable[tuple[dict[str, str], float]]:
    for family in metrics.registry.collect():
        for sample in family.samples:
            if sample.name == name:
                yield sample.labels, sample.value


def _by_source(metrics: Metrics, name: str) -> dict[str, float]:
    return {labels["source"]: value for labels, value in _samples(metrics, name)}


def _of(metrics: Metrics, name: str, source: str, label: str) -> dict[str, int]:
    return {labels[label]: int(value) for labels, value in _samples(metrics, name) if labels["source"] == source}
