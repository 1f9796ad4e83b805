"""What became of gaps: as lines that can alert, as counts, as words for people. Knows no socket."""

from typing import Any

from shippers.console import say
from shippers.gap_lines import gap_line
from shippers.gaps.merging import Merging
from shippers.gaps.values import Closed, Missing
from shippers.metrics import Metrics
from shippers.nanoseconds import SECOND_NS, stamp_of
from streams.core.values import Line

SOURCE = "nats"
_REMEDIES = {
    "api_unavailable": "the logs API failed until the deadline",
    "beyond_history": "the logs API keeps about 15 days",
    "auth": "the logs API refuses the token: set FLY_API_TOKEN to one that may read logs",
    "deadline": "the logs API did not come that far in time: see fill_time in [nats]",
    "no_token": "without FLY_API_TOKEN or FLY_ACCESS_TOKEN gaps cannot be filled",
    "no_such_app": "the logs API knows no such app",
}


class Telling:
    """Tells what a merging has found out since it was looked at last."""

    def __init__(self, merging: Merging, metrics: Metrics, org: str) -> None:
        """``org`` stands in where no app is known."""
        self._merging, self._org = merging, org
        self._gaps, self._lines = metrics.gaps, metrics.gap_lines.labels(SOURCE)
        self._forgotten = metrics.errors.labels(SOURCE, "forgotten")
        self._opened = self._forgot = 0

    def told(self, now_ns: int) -> list[Line]:
        """Count and say what is new; return the lines that tell of gaps that stay."""
        merging = self._merging
        if merging.opened > self._opened:
            self._gaps.labels(SOURCE, "opened").inc(merging.opened - self._opened)
            self._opened = merging.opened
        if merging.seen.forgotten > self._forgot:
            self._forgotten.inc(merging.seen.forgotten - self._forgot)
            self._forgot = merging.seen.forgotten
        closed, merging.closed = merging.closed, []
        missing, merging.missing = merging.missing, []
        for gap in closed:
            self._close(gap)
        by_reason: dict[Any, list[Missing]] = {}
        for each in missing:
            by_reason.setdefault((each.reason, each.from_ns, each.to_ns), []).append(each)
        for several in by_reason.values():
            _say_missing(several)
        return [_missing_line(each, self._org, now_ns) for each in missing]

    def _close(self, gap: Closed) -> None:
        self._gaps.labels(SOURCE, "filled" if gap.filled else "unfilled").inc()
        self._lines.inc(gap.lines)
        state = "is filled" if gap.filled else "could not be filled whole"
        say(f"nats: the gap of {_span(gap.from_ns, gap.to_ns)} {state}: {gap.lines} lines from the logs API")


def _missing_line(missing: Missing, org: str, now_ns: int) -> Line:
    """Return the line that says what may be missing for good."""
    told: dict[str, object] = {"from_ms": missing.from_ns // 1_000_000, "to_ms": missing.to_ns // 1_000_000}
    told["reason"] = missing.reason.value
    if missing.detail:
        told["detail"] = missing.detail[:200]
    return gap_line(missing.app or org, SOURCE, stamp_of(now_ns), told)


def _say_missing(several: list[Missing]) -> None:
    first = several[0]
    apps = ", ".join(each.app or "any app" for each in several[:5]) + (f" and {len(several) - 5} more" if several[5:] else "")
    detail = f" ({first.detail})" if first.detail else ""
    say(f"nats: lines of {apps} may be missing, {_span(first.from_ns, first.to_ns)}: {_REMEDIES[first.reason]}{detail}")


def _span(from_ns: int, to_ns: int) -> str:
    second = SECOND_NS
    return f"{(to_ns - from_ns) / second:.1f} s from {stamp_of(from_ns // second * second)}"
