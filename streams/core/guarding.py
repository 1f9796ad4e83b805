"""Asks the guard about columns and lines on their way into panes, and counts what it says. Knows no pattern."""

from streams.core import stamps
from streams.core.columns import Columns
from streams.core.deltas import Deltas
from streams.core.security.values import Finding, Guard
from streams.core.sources import Column, Source


def column(guard: Guard, deltas: Deltas, source: Source, part: Column, columns: Columns, cap: int) -> None:
    """Look at the requests of one app, format and pane. Those that are late fill no bucket."""
    seen = guard.requests(columns.client_ips, columns.methods, columns.targets, columns.statuses, columns.agents)
    for row, finding in seen.findings:
        at_ms = _at_ms(part, row, deltas)
        deltas.find(source, part.start_ms, at_ms, finding)
        if not part.late:
            _feed(deltas, source, part.start_ms, at_ms, finding, cap)
    if part.late:
        return
    for row, suspect in seen.suspects:
        suspects = deltas.tally(part.start_ms, source.app).suspects
        at_ms = _at_ms(part, row, deltas)
        suspects.add(suspect.bucket, suspect.client_ip, at_ms, columns.line(row, None), suspect.value, cap)


def line(guard: Guard, deltas: Deltas, source: Source, text: str, stamp: str | None, cap: int) -> bool:
    """Look at a line that is no request; tell whether it shows anything."""
    finding = guard.line(text)
    if finding is None:
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
        deltas.tally(start_ms, source.app).suspects.add(bucket, finding.client_ip, at_ms, finding.evidence, "", cap)


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
