"""What a pane remembers, and how a column of requests folds into it. Knows no format, topic or clock.

A tally belongs to whoever made it: it grows in place (copying 1,000 routes for a record of one line would cost more than
reading the line). ``copy`` gives one away.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from streams.core import gauges
from streams.core.cardinality import Routes
from streams.core.security.suspects import Suspects
from streams.core.sketch import Measured, Sketch

UNKNOWN = "-"  # the status of requests whose line gives none
ROUTE_CAP = 1_000
SUSPECT_CAP = 1_000
ALL = 1 << 30


class Requests(Struct, frozen=True, gc=False):
    """A column of requests made ready to be counted: nothing of it can fail any more."""

    lines: int
    health: int
    status: dict[str, int]
    routes: list[str]
    latency: Measured | None
    errors: list[str]  # routes of 5xx
    evidence: list[tuple[float, str]]


class Tally:
    """Counts and latencies of one app in one pane from one source.

    ``status`` counts requests by status text; ``latency`` holds known durations only; ``routes`` and ``errors`` (5xx)
    count by route; ``evidence`` is the slowest failed requests; ``skipped`` counts by reason, ``events`` by kind;
    ``health`` is requests to health-check paths, which are in nothing else; ``security`` counts findings by rule, and
    ``suspects`` is what clients added to buckets; ``queries`` is how long queries took; ``probes`` is how many of the lines
    are of probes, and ``gauges`` what those measured.
    """

    __slots__ = (
        "ahead",
        "cut",
        "errors",
        "events",
        "evidence",
        "example",
        "failing",
        "gauges",
        "health",
        "latency",
        "lines",
        "probes",
        "queries",
        "routes",
        "security",
        "skipped",
        "status",
        "suspects",
    )

    def __init__(self) -> None:
        """Make an empty tally."""
        self.lines = 0
        self.health = 0
        self.cut = 0
        self.ahead = 0
        self.probes = 0
        self.gauges: gauges.Spreads = {}
        self.failing = ""  # what a probe said that found something wrong; masked
        self.example = ""  # a line that nothing recognises; masked before it leaves
        self.status: Counter[str] = Counter()
        self.latency = Sketch()
        self.queries = Sketch()
        self.routes = Routes()
        self.errors = Routes()
        self.skipped: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.security: Counter[str] = Counter()
        self.suspects = Suspects()
        self.evidence: list[tuple[float, str]] = []  # (duration in ms or 0, line), slowest first

    @property
    def requests(self) -> int:
        """Requests counted, health checks apart."""
        return self.status.total()

    @property
    def known(self) -> int:
        """Requests whose status is known: what an error ratio divides by."""
        return self.requests - self.status[UNKNOWN]

    @property
    def failed(self) -> int:
        """Requests answered 5xx."""
        return sum(n for status, n in self.status.items() if status[0] == "5")

    def count(self, column: Requests, route_cap: int = ROUTE_CAP, evidence_cap: int = 5) -> None:
        """Count a column of requests."""
        self.lines += column.lines
        self.health += column.health
        for status, n in column.status.items():
            self.status[status] += n
        self.routes.count(column.routes, route_cap)
        if column.latency is not None:
            self.latency.add(column.latency)
        if column.errors:
            self.errors.count(column.errors, route_cap)
            self.evidence = slowest(self.evidence + column.evidence, evidence_cap)

    def merge(self, other: "Tally", route_cap: int = ROUTE_CAP, evidence_cap: int = 5, suspect_cap: int = SUSPECT_CAP) -> None:
        """Add another tally, which stays as it is."""
        self.lines += other.lines
        self.health += other.health
        self.cut += other.cut
        self.ahead += other.ahead
        self.example = max(self.example, other.example)
        if other.probes:
            self.probes += other.probes
            self.failing = max(self.failing, other.failing)
            gauges.add(self.gauges, other.gauges)
        for mine, more in ((self.latency, other.latency), (self.queries, other.queries)):
            if more.count:
                mine.merge(more)
        counts = (self.status, other.status), (self.skipped, other.skipped), (self.events, other.events)
        for counter, others in (*counts, (self.security, other.security)):
            if others:
                counter.update(others)
        if other.suspects and suspect_cap:
            self.suspects.merge(other.suspects, suspect_cap)
        self.routes.add(other.routes, route_cap)
        if other.errors:
            self.errors.add(other.errors, route_cap)
        if other.evidence:
            self.evidence = slowest(self.evidence + other.evidence, evidence_cap)

    def copy(self) -> "Tally":
        """Return a tally of its own with the same content."""
        return merged([self], suspect_cap=ALL)

    def dump(self) -> dict[str, Any]:
        """Return the content as plain JSON values; empty parts are left out."""
        parts = {name: getattr(self, name) for name in Tally.__slots__} | {
            "latency": self.latency.dump(),
            "queries": self.queries.dump(),
            "gauges": {name: spread.dump() for name, spread in sorted(self.gauges.items())},
            "suspects": self.suspects.dump() if self.suspects else None,
        }
        return {name: part for name, part in parts.items() if part}

    @classmethod
    def load(cls, parts: dict[str, Any]) -> "Tally":
        """Rebuild a tally from what ``dump`` gave."""
        self = cls()
        for name in ("lines", "health", "cut", "ahead", "probes"):
            setattr(self, name, parts.get(name, 0))
        self.example, self.failing = parts.get("example", ""), parts.get("failing", "")
        self.gauges = {name: gauges.Spread(*spread) for name, spread in parts.get("gauges", {}).items()}
        for name in ("status", "skipped", "events", "security"):
            setattr(self, name, Counter(parts.get(name, {})))
        self.routes, self.errors = Routes(parts.get("routes")), Routes(parts.get("errors"))
        self.evidence = [(took_ms, line) for took_ms, line in parts.get("evidence", ())]
        if suspects := parts.get("suspects"):
            self.suspects = Suspects.load(suspects)
        for name in ("latency", "queries"):
            if name in parts:
                setattr(self, name, Sketch.load(parts[name]))
        return self

    def __eq__(self, other: object) -> bool:
        """Tell whether both remember the same."""
        return isinstance(other, Tally) and all(getattr(self, name) == getattr(other, name) for name in Tally.__slots__)

    __hash__ = None  # type: ignore[assignment]  # it changes in place


def slowest(lines: list[tuple[float, str]], cap: int) -> list[tuple[float, str]]:
    """Return the slowest of the failed requests: the same ones in whatever order they were merged."""
    return sorted(lines, key=lambda line: (-line[0], line[1]))[:cap]


def merged(tallies: Iterable[Tally], route_cap: int = ROUTE_CAP, evidence_cap: int = 5, suspect_cap: int = 0) -> Tally:
    """Return a new tally with the content of all, merged in the order given; suspects pour from each source by itself."""
    total = Tally()
    for tally in tallies:
        total.merge(tally, route_cap, evidence_cap, suspect_cap)
    return total
