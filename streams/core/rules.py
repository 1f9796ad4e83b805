"""What a rule is, and how a value is judged by it. Knows no pane, alert life, file or clock."""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from streams.core.gauges import GAUGES, Gauge, Trailed
from streams.core.sketch import Sketch
from streams.core.tally import UNKNOWN, Tally
from streams.core.values import EventKind, Reason

_SILENT = (Reason.EMPTY, Reason.PART, Reason.LATE)
UNWATCHED = "ignore"  # the monitoring level that no rule stands for, unless it names the app


class Severity(StrEnum):
    """How urgent an alert is: page somebody, look soon, or know about it."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Judged(StrEnum):
    """What a rule says of one value."""

    BREACHED = "breached"
    CLEAR = "clear"
    NO_DATA = "no_data"


class Totals:
    """What rules read of a window: panes go in at its end and come out at its beginning, exactly (all are integers)."""

    __slots__ = ("events", "failed", "gauges", "known", "latency", "lines", "queries", "requests", "spoken", "unrecognised")

    def __init__(self) -> None:
        """Make empty totals."""
        self.lines = 0  # those of probes apart: an app that says nothing is silent, though it is measured
        self.spoken = 0  # lines that say something by themselves
        self.unrecognised = 0
        self.events: Counter[str] = Counter()
        self.requests = 0
        self.known = 0
        self.failed = 0
        self.latency = Sketch()
        self.queries = Sketch()
        self.gauges: dict[str, Trailed] = {}

    def add(self, pane: Tally, sign: int = 1) -> None:
        """Put a pane in, or with ``sign=-1`` take it out."""
        lines = pane.lines - pane.probes
        self.lines += sign * lines
        self.spoken += sign * lines
        if pane.skipped:
            self.spoken -= sign * sum(pane.skipped[reason] for reason in _SILENT)
            self.unrecognised += sign * pane.skipped[Reason.UNRECOGNISED]
        for event, n in pane.events.items():
            self.events[event] += sign * n
        if pane.status:
            requests = pane.requests
            self.requests += sign * requests
            self.known += sign * (requests - pane.status[UNKNOWN])
            self.failed += sign * pane.failed
        if pane.latency.count:
            (self.latency.merge if sign > 0 else self.latency.remove)(pane.latency)
        if pane.queries.count:
            (self.queries.merge if sign > 0 else self.queries.remove)(pane.queries)
        for name, spread in pane.gauges.items():
            self.gauges.setdefault(name, Trailed()).add(spread, sign)

    @property
    def lookups(self) -> int:
        """How often a cache was asked."""
        return self.events[EventKind.CACHE_HIT] + self.events[EventKind.CACHE_MISS]


class Metric(Struct, frozen=True):
    """A value of the catalogue: how it is read from a window's totals (None: no data), and its unit.

    ``counted`` is what ``min_requests`` and ``widen`` ask for: requests, queries, lookups, measurements; None: neither counts.
    ``needs`` are the gauges or kinds of events, or ``QUERIES``, of which panes must have one for there to be data.
    """

    name: str
    unit: str
    read: Callable[[Totals, int], float | None]  # (totals, window_ms)
    about: str
    counted: Callable[[Totals], int] | None = lambda totals: totals.requests  # a default, not a function by name
    needs: frozenset[str] = frozenset()  # none: no such look is of use


UNRECOGNISED = "unrecognised_ratio"
QUERIES = "queries"


def _events(kind: EventKind) -> Metric:
    def counted(totals: Totals, _: int) -> float | None:
        count = totals.events[kind]  # which a probe may tell, too
        return float(count) if totals.lines or count else None

    return Metric(f"events.{kind}", "events", counted, f"lines that say {kind}; no data without any line", None)


def _query(name: str, q: float, about: str) -> Metric:
    about = f"{about} of database queries"
    return Metric(name, "ms", lambda t, _: t.queries.quantile_ms(q), about, _queries, frozenset((QUERIES,)))


def _gauge(gauge: Gauge) -> Metric:
    def read(totals: Totals, _: int) -> float | None:
        held = totals.gauges.get(gauge.name)
        return None if held is None else held.value(gauge.worth)

    def measured(totals: Totals) -> int:
        held = totals.gauges.get(gauge.name)
        return 0 if held is None else held.n

    return Metric(gauge.name, gauge.unit, read, f"{gauge.about}; of probes", measured, frozenset((gauge.name,)))


def _queries(totals: Totals) -> int:
    return totals.queries.count


METRICS = {
    metric.name: metric
    for metric in (
        Metric("error_ratio", "ratio", lambda t, _: t.failed / t.known if t.known else None, "5xx / requests with a status"),
        Metric("p50", "ms", lambda t, _: t.latency.quantile_ms(0.50), "median of known durations"),
        Metric("p95", "ms", lambda t, _: t.latency.quantile_ms(0.95), "95th percentile of known durations"),
        Metric("p99", "ms", lambda t, _: t.latency.quantile_ms(0.99), "99th percentile of known durations"),
        Metric("request_rate", "1/s", lambda t, ms: t.requests / (ms / 1000), "requests a second, health checks apart"),
        _query("query_p50", 0.50, "median"),
        _query("query_p95", 0.95, "95th percentile"),
        _query("query_p99", 0.99, "99th percentile"),
        Metric("query_count", "queries", lambda t, _: float(t.queries.count), "database queries that lines tell of", None),
        Metric(
            "cache_miss_ratio",
            "ratio",
            lambda t, _: t.events[EventKind.CACHE_MISS] / t.lookups if t.lookups else None,
            "cache misses / cache lookups that lines tell of",
            lambda t: t.lookups,
            frozenset((EventKind.CACHE_HIT, EventKind.CACHE_MISS)),
        ),
        Metric(
            UNRECOGNISED,
            "ratio",
            lambda t, _: t.unrecognised / t.spoken if t.spoken else None,
            "lines that nothing recognises / lines that say something by themselves",
            lambda t: t.spoken,
        ),
        *map(_gauge, GAUGES.values()),
        *(_events(kind) for kind in EventKind if kind is not EventKind.LOG_FORMAT_CHANGED),  # that one is no line's
    )
}


class Escalation(Struct, frozen=True):
    """Whom to tell when an alert has been firing for so long."""

    after_ms: int
    to: tuple[str, ...]


class Rule(Struct, frozen=True):
    """A condition on a metric of each app it watches; config/rules.toml holds them. Durations are multiples of 10 s."""

    name: str
    severity: Severity
    metric: str
    window_ms: int
    above: float | None = None
    below: float | None = None
    min_requests: int = 1
    widen_ms: int = 0  # 0: the window never grows
    baseline_ms: int = 0  # 0: nothing is compared; else the time before the window ...
    baseline_below: float | None = None  # ... over which the value must have been below this: a rise, not a state
    for_ms: int = 0
    keep_firing_ms: int = 0
    no_data_after_ms: int = 900_000
    summary: str = "{metric} of {app} is {value:.3g}"
    actions: tuple[str, ...] = ()
    escalate: tuple[Escalation, ...] = ()
    monitoring: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    publish_pending: bool = False

    @property
    def threshold(self) -> float:
        """The bound the value is held against."""
        return self.above if self.above is not None else self.below or 0.0

    @property
    def span_ms(self) -> int:
        """How far back this rule may look."""
        return max(self.window_ms + self.baseline_ms, self.widen_ms)

    def judge(self, value: float | None) -> Judged:
        """Hold a value against the threshold; exactly at it is clear."""
        if value is None:
            return Judged.NO_DATA
        over = value > self.above if self.above is not None else value < self.threshold
        return Judged.BREACHED if over else Judged.CLEAR

    def rises(self, before: float | None) -> bool:
        """Tell whether a value that crosses the bound rose: of what was always so, or never known, it cannot be said."""
        return self.baseline_below is None or (before is not None and before < self.baseline_below)

    def watches(self, app: str, monitoring: str) -> bool:
        """Tell whether this rule stands for an app: named, or of a monitoring level that is, or neither given."""
        if self.apps:
            return app in self.apps
        return monitoring != UNWATCHED and (not self.monitoring or monitoring in self.monitoring)
