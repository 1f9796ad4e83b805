"""Asks the guard about columns and lines on their way into panes, and counts what it says. Knows no pattern."""

from streams.core import stamps
from streams.core.columns import Columns
from streams.core.deltas import Deltas
from streams.core.plan import Plan
from streams.core.security.suspects import hashed
from streams.core.security.values import Finding
from streams.core.sources import Column, Source


def column(plan: Plan, deltas: Deltas, source: Source, part: Column, columns: Columns) -> None:
    """Look at the requests of one app, format and pane. Those that are late fill no bucket."""
    guard, cap = plan.security, plan.limits.suspects
    if guard is None:
        return
    seen = guard.requests(columns.client_ips, columns.methods, columns.targets, columns.statuses, columns.agents)
    for row, finding in seen.findings:
        at_ms = _at_ms(part, row, deltas)
        deltas.find(source, part.start_ms, at_ms, finding)
        if not part.late:
            _feed(deltas, source, part.start_ms, at_ms, finding, cap)
    if part.late:
        return
    groups: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row, suspect in seen.suspects:
        groups.setdefault((suspect.bucket, suspect.client_ip), []).append((row, suspect.value))
    for key, hits in groups.items():
        first, last = min(hits)[0], max(hits)[0]
        values = (value for _, value in hits if value)
        shown = deltas.hide(columns.line(first, None))
        times = sorted((_at_ms(part, first, deltas), _at_ms(part, last, deltas)))
        deltas.tally(part.start_ms, source.app).suspects.add(key, hashed(len(hits), times[0], times[1], shown, values), cap)


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


def _at_ms(part: Column, row: int, deltas: Deltas) -> int:
    """Return when a row was logged: its envelope's stamp, else its own, else the beginning of its pane."""
    at_ms: int | None = None
    if not part.ahead:
        if row < len(part.stamps) and (stamp := part.stamps[row]) is not None:
            at_ms = stamps.ms(stamp)
        elif (own := part.rows[row][6]) and part.fmt.stamp_ms is not None:
            at_ms = stamps.bounded(part.fmt.stamp_ms(own))
    if at_ms is not None:
        return at_ms
    return deltas.clock_ms if part.start_ms is None or part.ahead else part.start_ms
