"""Panes of all sources -> closed one-minute windows. Knows no rule, topic or clock.

A window is a function of the panes at its closing progress alone: whatever else has arrived by then is in the log before
it, so that reading the log again gives the same window.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from streams.core.gauges import MILLION, Spread
from streams.core.plan import MINUTE_MS, PANE_MS, Plan
from streams.core.records import Snapshot
from streams.core.rules import QUERIES, Totals
from streams.core.sketch import Sketch
from streams.core.stamps import text
from streams.core.tally import UNKNOWN, Tally, merged

TOP = 10  # routes named in a window


class AppPanes:
    """The panes of one app: what each source said last, merged on demand."""

    __slots__ = ("_merged", "by_start", "measured", "starts", "version")

    def __init__(self) -> None:
        """Make an app without panes."""
        self.by_start: dict[int, dict[int, tuple[int, Tally]]] = {}  # start -> source -> (offset, tally)
        self.starts: list[int] = []  # ordered
        self._merged: dict[int, Tally] = {}
        self.measured: set[str] = set()  # what panes have had of ``Metric.needs``: of more than that no rule need be asked
        self.version = 0  # counts revisions of closed panes, which totals may hold already

    def put(self, snapshot: Snapshot) -> bool:
        """Keep a snapshot; False when it says nothing new (a repeat, or older than what the source said last)."""
        sources = self.by_start.get(snapshot.start_ms)
        if sources is None:
            sources = self.by_start[snapshot.start_ms] = {}
            insort(self.starts, snapshot.start_ms)
        offset, tally = sources.get(snapshot.source, (-1, None))
        if snapshot.offset <= offset:
            return False
        sources[snapshot.source] = (snapshot.offset, snapshot.tally)
        self._merged.pop(snapshot.start_ms, None)
        self.measured.update(snapshot.tally.gauges, snapshot.tally.events, (QUERIES,) if snapshot.tally.queries.count else ())
        return tally != snapshot.tally

    def said(self, snapshot: Snapshot) -> Tally | None:
        """Return what the source of a snapshot said of its pane before, None when nothing."""
        sources = self.by_start.get(snapshot.start_ms)
        found = sources.get(snapshot.source) if sources else None
        return None if found is None else found[1]

    def at(self, start_ms: int, plan: Plan) -> Tally | None:
        """Return the pane that starts there, all sources merged; None when no source has said anything."""
        pane = self._merged.get(start_ms)
        if pane is None and (sources := self.by_start.get(start_ms)):
            tallies = [sources[source][1] for source in sorted(sources)]
            several = len(tallies) > 1
            pane = merged(tallies, plan.limits.routes_per_pane, plan.limits.evidence_lines) if several else tallies[0]
            self._merged[start_ms] = pane
        return pane

    def between(self, from_ms: int, to_ms: int) -> list[int]:
        """Return the starts of panes in [from, to), in order."""
        return self.starts[bisect_left(self.starts, from_ms) : bisect_left(self.starts, to_ms)]

    def forget(self, before_ms: int) -> list[int]:
        """Drop the panes that start before, and return their starts."""
        gone = self.starts[: bisect_left(self.starts, before_ms)]
        for start in gone:
            del self.by_start[start]
            self._merged.pop(start, None)
        del self.starts[: len(gone)]
        return gone


class Trailing:
    """The totals of a trailing window of one app, moved pane by pane."""

    __slots__ = ("_end_ms", "_inside", "_known", "_version", "totals", "width_ms")

    def __init__(self, width_ms: int) -> None:
        """Make a window of this width that has not been anywhere yet."""
        self.width_ms = width_ms
        self.totals = Totals()
        self._inside: dict[int, Tally] = {}
        self._end_ms: int | None = None
        self._version = self._known = -1

    def move(self, end_ms: int, panes: AppPanes, plan: Plan) -> Totals:
        """Return the totals of [end - width, end); starts over when it jumps or a pane inside it was revised."""
        if self._end_ms == end_ms and self._version == panes.version and self._known == len(panes.starts):
            return self.totals  # several rules ask for windows of one width
        self._known = len(panes.starts)
        if self._end_ms is None or not 0 <= end_ms - self._end_ms <= self.width_ms or self._version != panes.version:
            self.totals, self._inside = Totals(), {}
        for start in list(takewhile(lambda start: start < end_ms - self.width_ms, self._inside)):  # they went in by time
            self.totals.add(self._inside.pop(start), -1)
        for start in panes.between(max(end_ms - self.width_ms, self._next_ms()), end_ms):
            pane = panes.at(start, plan)
            if pane is not None and start not in self._inside:
                self.totals.add(pane)
                self._inside[start] = pane
        self._end_ms, self._version = end_ms, panes.version
        return self.totals

    def _next_ms(self) -> int:
        return next(reversed(self._inside)) + PANE_MS if self._inside else -(1 << 62)


def minutes(panes: AppPanes, from_ms: int, to_ms: int) -> Iterator[int]:
    """Yield the starts of minutes in [from, to) in which the app has a pane, in order."""
    last = None
    for start in panes.between(from_ms, to_ms):
        minute = start - start % MINUTE_MS
        if minute != last:
            yield minute
            last = minute


def window(app: str, start_ms: int, panes: AppPanes, plan: Plan, *, revision: int, incomplete: bool) -> dict[str, Any]:
    """Return the document of one minute for ``fly.windows``. Durations are ms, rates 1/s, ratios 0..1."""
    starts = panes.between(start_ms, start_ms + MINUTE_MS)
    parts = [pane for start in starts if (pane := panes.at(start, plan)) is not None]
    whole = merged(parts, plan.limits.routes_per_pane, plan.limits.evidence_lines)
    return {
        "v": 1,
        "id": f"{app}/{text(start_ms)}",
        "app": app,
        "environment": plan.app(app).environment,
        "start": text(start_ms),
        "end": text(start_ms + MINUTE_MS),
        "revision": revision,
        "incomplete": incomplete,
    } | summary(whole, MINUTE_MS)


def summary(whole: Tally, width_ms: int) -> dict[str, Any]:
    """Return a tally as people read it; None where there is no data."""
    return {
        "lines": whole.lines,
        "requests": whole.requests,
        "request_rate": round(whole.requests / (width_ms / 1000), 6),
        "by_status": by_status(whole),
        "unknown_status": whole.status[UNKNOWN],
        "error_ratio": whole.failed / whole.known if whole.known else None,
        "duration_ms": duration_ms(whole),
        "query_ms": durations(whole.queries),
        "health_checks": whole.health,
        "probes": whole.probes,
        "gauges": {name: measured(spread) for name, spread in sorted(whole.gauges.items())},
        "events": dict(sorted(whole.events.items())),
        "security": dict(sorted(whole.security.items())),
        "skipped": dict(sorted(whole.skipped.items())),
        "cut": whole.cut,
        "ahead": whole.ahead,
        "top_routes": top(whole, "routes"),
        "top_errors": top(whole, "errors"),
    }


def measured(spread: Spread) -> dict[str, float | int]:
    """Return what probes measured of one gauge, in its unit."""
    mean = round(spread.total / spread.n / MILLION, 6)
    return {"count": spread.n, "min": spread.least / MILLION, "avg": mean, "max": spread.most / MILLION}


def by_status(whole: Tally) -> dict[str, int]:
    """Return requests by known status."""
    return {status: n for status, n in sorted(whole.status.items()) if status != UNKNOWN}


def duration_ms(whole: Tally) -> dict[str, float | int | None]:
    """Return what is known of the durations of requests."""
    return durations(whole.latency)


def durations(sketch: Sketch) -> dict[str, float | int | None]:
    """Return count, extremes, mean and quantiles of known durations; quantiles within 1 % and within the extremes."""
    found: dict[str, float | int | None] = {"count": sketch.count, "min": None, "avg": None, "max": None}
    if sketch.count:
        found |= {"min": sketch.min_ms, "avg": round(sketch.mean_ms() or 0.0, 6), "max": sketch.max_ms}
    for name, q in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99)):
        value = sketch.quantile_ms(q)
        found[name] = None if value is None else round(min(max(value, sketch.min_ms), sketch.max_ms), 6)
    return found


def top(whole: Tally, name: str) -> dict[str, int]:
    """Return the most frequent routes (ties by name, so that no order of arrival shows)."""
    counts: dict[str, int] = getattr(whole, name)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP])
