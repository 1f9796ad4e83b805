"""What probes measure: the closed table of gauges, and how measurements add up over a pane. Knows no rule, topic or clock.

Everything is whole millionths of the gauge's unit, so that any order and any cut of the same measurements adds up to the same.
"""

from collections import Counter
from collections.abc import Iterable
from enum import Enum, auto

from msgspec import Struct

MILLION = 1_000_000
MOST = 1e12  # of a value: beyond, it is no measurement


class Worth(Enum):
    """Which of several measurements stands for all: a mean hides the one machine that is full."""

    MEAN = auto()
    MOST = auto()
    LEAST = auto()


class Gauge(Struct, frozen=True):
    """One thing that is measured: where probes write it, its unit, and what stands for several measurements of it."""

    name: str
    field: str
    unit: str
    worth: Worth
    about: str
    probe: str = ""  # the only kind whose field it is; "": any


HEALTH_OK, MACHINES_OK, PROBES_OK = "health_ok", "machines_ok", "probes_ok"  # of what a line says of itself, not of a field
GAUGES: dict[str, Gauge] = {
    gauge.name: gauge
    for gauge in (
        Gauge(HEALTH_OK, "", "ratio", Worth.MEAN, "health checks that pass / health checks made"),
        Gauge("health_ms", "duration_ms", "ms", Worth.MEAN, "mean time of the health checks' whole answers", "health"),
        Gauge("tls_days", "tls_days", "days", Worth.LEAST, "days until the certificate expires, of the first that does"),
        Gauge(MACHINES_OK, "", "ratio", Worth.MEAN, "machines that are as they should be / machines looked at"),
        Gauge(PROBES_OK, "", "ratio", Worth.MEAN, "measurements that could be made / measurements tried"),
        Gauge("memory_ratio", "memory_ratio", "ratio", Worth.MOST, "memory in use / memory, of the fullest machine"),
        Gauge("cpu_ratio", "cpu_ratio", "ratio", Worth.MOST, "CPU time in use / CPU time, of the busiest machine"),
        Gauge("disk_ratio", "disk_ratio", "ratio", Worth.MOST, "disk in use / disk, of the fullest"),
        Gauge("pool_ratio", "pool_ratio", "ratio", Worth.MOST, "connections / connections that the database allows"),
        Gauge("transaction_s", "transaction_s", "s", Worth.MOST, "age of the longest open transaction"),
        Gauge("statement_p95", "query_p95_ms", "ms", Worth.MOST, "95th percentile of statements, as the database estimates it"),
        Gauge("replication_lag_s", "replication_lag_s", "s", Worth.MOST, "how far a replica is behind"),
    )
}


class Spread:
    """Measurements of one gauge: how many, their sum, the most and the least. Grows in place."""

    __slots__ = ("least", "most", "n", "total")

    def __init__(self, n: int, total: int, most: int, least: int) -> None:
        """``n`` measurements, at least one."""
        self.n, self.total, self.most, self.least = n, total, most, least

    def add(self, other: "Spread") -> None:
        """Add others."""
        self.n += other.n
        self.total += other.total
        self.most, self.least = max(self.most, other.most), min(self.least, other.least)

    def dump(self) -> list[int]:
        """Return the content as plain JSON values."""
        return [self.n, self.total, self.most, self.least]

    def __eq__(self, other: object) -> bool:
        """Tell whether both are of the same measurements, as far as is kept of them."""
        return isinstance(other, Spread) and self.dump() == other.dump()

    __hash__ = None  # type: ignore[assignment]  # it changes in place


Spreads = dict[str, Spread]


def spread(millionths: Iterable[tuple[str, int]]) -> Spreads:
    """Return the spreads of some measurements."""
    found: Spreads = {}
    for name, value in millionths:
        add(found, {name: Spread(1, value, value, value)})
    return found


def add(to: Spreads, others: Spreads) -> None:
    """Add spreads, which stay as they are, to those of the same gauges."""
    for name, other in others.items():
        if (mine := to.get(name)) is None:
            to[name] = Spread(*other.dump())
        else:
            mine.add(other)


class Trailed:
    """The spreads of one gauge in a trailing window: they go in at its end and come out at its beginning, exactly."""

    __slots__ = ("leasts", "mosts", "n", "total")

    def __init__(self) -> None:
        """Make it empty."""
        self.n = self.total = 0
        self.mosts: Counter[int] = Counter()  # of each spread that is in
        self.leasts: Counter[int] = Counter()

    def add(self, other: Spread, sign: int) -> None:
        """Put a spread in, or with ``sign=-1`` take it out."""
        self.n += sign * other.n
        self.total += sign * other.total
        for held, value in ((self.mosts, other.most), (self.leasts, other.least)):
            held[value] += sign
            if not held[value]:
                del held[value]

    def value(self, worth: Worth) -> float | None:
        """Return what stands for all; None where there is no measurement."""
        if not self.n:
            return None
        millionths = {Worth.MOST: max(self.mosts), Worth.LEAST: min(self.leasts), Worth.MEAN: self.total / self.n}
        return millionths[worth] / MILLION
