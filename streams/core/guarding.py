"""Asks the guard about columns and lines on their way into panes, and counts what it says. Knows no pattern."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from streams.core import stamps
from streams.core.columns import Columns
from streams.core.deltas import Deltas
from streams.core.plan import Plan
from streams.core.security.suspects import hashed
from streams.core.security.values import Finding, Seen
from streams.core.sources import Column, Source

Parts = list[tuple[Source, Column, Columns]]


class Guarded:
    """The requests of the records at hand, looked at together: a look at a column costs little more than one at a row."""

    __slots__ = ("_deltas", "_parts", "_plan")

    def __init__(self, plan: Plan, deltas: Deltas) -> None:
        """Begin with none."""
        self._plan, self._deltas = plan, deltas
        self._parts: list[tuple[Source, Column, Columns]] = []

    def add(self, source: Source, part: Column, columns: Columns) -> None:
        """Keep the requests of one app, instance, format and pane."""
        if self._plan.security is not None:
            self._parts.append((source, part, columns))

    def finish(self) -> None:
        """Look at them. Those that are late fill no bucket."""
        guard = self._plan.security
        if guard is None or not self._parts:
            return
        parts = sorted(self._parts, key=_order)
        ends = list(accumulate(len(columns.targets) for _, _, columns in parts))
        joined = (_joined(parts, name) for name in ("client_ips", "methods", "targets", "statuses", "agents"))
        seen = guard.requests(*joined, panes=len({(part.start_ms, source.app) for source, part, _ in parts}))
        for row, finding in seen.findings:
            (source, part, columns), at = _place(parts, ends, row)
            at_ms = _at_ms(part, columns, at, self._deltas)
            self._deltas.find(source, part.start_ms, at_ms, finding)
            if not part.late:
                _feed(self._deltas, source, part.start_ms, at_ms, finding, self._plan.limits.suspects)
        self._suspect(seen, parts, ends)

    def _suspect(self, seen: Seen, parts: Parts, ends: list[int]) -> None:
        """Let suspects fill buckets, all of one client and bucket in a part at once."""
        groups: dict[tuple[int, str, str], list[tuple[int, str]]] = {}
        for row, suspect in seen.suspects:
            key = bisect_right(ends, row), suspect.bucket, suspect.client_ip
            groups.setdefault(key, []).append((row, suspect.value))
        for (number, bucket, client_ip), hits in groups.items():
            source, part, columns = parts[number]
            if part.late:
                continue
            begin = ends[number] - len(columns.targets)
            first, last = min(hits)[0] - begin, max(hits)[0] - begin
            values = (value for _, value in hits if value)
            at_ms = _at_ms(part, columns, first, self._deltas)
            times = (at_ms, at_ms) if last == first else sorted((at_ms, _at_ms(part, columns, last, self._deltas)))
            shown = self._deltas.hide(columns.line(first, None))
            suspects = self._deltas.tally(part.start_ms, source.app).suspects
            more = hashed(len(hits), times[0], times[1], shown, values)
            suspects.add((bucket, client_ip), more, self._plan.limits.suspects)


def _order(each: tuple[Source, Column, Columns]) -> tuple[str, str, str, int, bool, bool]:
    """Return a place that depends on no cache, as a look at a long column takes samples."""
    source, part, _ = each
    return source.app, source.instance, part.fmt.name, part.start_ms or 0, part.late, part.ahead


def _joined(parts: Parts, name: str) -> Sequence[str | None]:
    """Return a column of all parts."""
    joined: list[str | None] = []
    for _, _, columns in parts:
        joined += getattr(columns, name)  # several times faster than a chain
    return joined


def _place(parts: Parts, ends: list[int], row: int) -> tuple[tuple[Source, Column, Columns], int]:
    """Return the part of a row, and which of its rows it is."""
    number = bisect_right(ends, row)
    return parts[number], row - (ends[number - 1] if number else 0)


def line(plan: Plan, deltas: Deltas, source: Source, text: str, stamp: str | None) -> bool:
    """Look at a line that is no request; tell whether it shows anything."""
    guard, cap = plan.security, plan.limits.suspects
    if guard is None or (finding := guard.line(text)) is None:
        return False
    known_ms = None if stamp is None or source.ahead else stamps.ms(stamp)
    at_ms = deltas.clock_ms if known_ms is None else known_ms
    deltas.find(source, source.start_ms, at_ms, finding)
    if not source.late:
        _feed(deltas, source, source.start_ms, at_ms, finding, cap)
    return True


def _feed(deltas: Deltas, source: Source, start_ms: int | None, at_ms: int, finding: Finding, cap: int) -> None:
    """Let a finding fill the buckets of its client."""
    if finding.client_ip is None:
        return
    for bucket in finding.feeds:
        hits = hashed(1, at_ms, at_ms, deltas.hide(finding.evidence))
        deltas.tally(start_ms, source.app).suspects.add((bucket, finding.client_ip), hits, cap)


def _at_ms(part: Column, columns: Columns, row: int, deltas: Deltas) -> int:
    """Return when a row was logged: its envelope's stamp, else its own, else the beginning of its pane."""
    at_ms: int | None = None
    if not part.ahead:
        if row < len(part.stamps) and (stamp := part.stamps[row]) is not None:
            at_ms = stamps.ms(stamp)
        elif (own := columns.stamps[row]) and part.fmt.stamp_ms is not None:
            at_ms = stamps.bounded(part.fmt.stamp_ms(own))
    if at_ms is not None:
        return at_ms
    return deltas.clock_ms if part.start_ms is None or part.ahead else part.start_ms
