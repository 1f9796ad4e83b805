"""What a shipper counts, for /metrics and ``flyship status``. Counts only: decides nothing.

Names and labels are stable: others scrape them. ``source`` is a source's name: nats, api, receive, files, stdin, health ...
"""

from prometheus_client import CollectorRegistry, Counter, Gauge

from shippers.console import in_a_line

SOURCE = ("source",)
UNEXPECTED = "unexpected"  # the kind of an error that is a bug


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        """Make all of them."""
        self.said: dict[tuple[str, str], str] = {}  # what was said last of an error, by source and kind
        self.kinds: dict[str, tuple[str, ...]] = {}  # by source: under which names it counts, where these are not its own
        self.down: dict[str, str] = {}  # the sources that a bug ended and that are not read now, with what was said of it
        self.registry = to = CollectorRegistry()
        self.lines = Counter("flyship_lines", "Lines taken from a source", SOURCE, registry=to)
        self.bytes = Counter("flyship_bytes", "Bytes of the texts taken from a source", SOURCE, registry=to)
        self.errors = Counter("flyship_errors", "What went wrong at a source", ("source", "kind"), registry=to)
        self.lag_s = Gauge("flyship_lag_seconds", "Age of the newest line taken from a source", SOURCE, registry=to)
        self.gaps = Counter("flyship_gaps", "Times without hearing: opened, filled, unfilled", ("source", "state"), registry=to)
        self.gap_lines = Counter("flyship_gap_lines", "Lines with which gaps were filled", SOURCE, registry=to)
        self.dropped = Counter("flyship_dropped_lines", "Lines that were given up", ("source", "reason"), registry=to)
        self.again = Counter("flyship_again_lines", "Lines that had arrived before a kill, left out", SOURCE, registry=to)
        self.sent = Counter("flyship_sent_lines", "Lines that Kafka has acknowledged", registry=to)
        self.spool_bytes = Gauge("flyship_spool_bytes", "Bytes that wait on disk", registry=to)
        self.spool_records = Gauge("flyship_spool_records", "Records that wait on disk", registry=to)

    def begin(self, source: str) -> None:
        """Let a source's counters that alerts watch begin with 0: of one that appears with 1 Prometheus sees no growth."""
        self.errors.labels(source, UNEXPECTED)
        self.gaps.labels(source, "unfilled")
        self.dropped.labels(source, "spool_full")

    def failed(self, source: str, kind: str, text: str) -> None:
        """Count an error, and remember what was said of it: ``flyship status`` shows it. No secrets."""
        self.errors.labels(source, kind).inc()
        self.said[source, kind] = in_a_line(text)
