"""``flywatch parse``: one JSON object a recognised line. Knows files and line numbers; decides nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from streams.codec import json_line
from streams.core import lines, reading
from streams.core.deltas import masked
from streams.core.gauges import GAUGES, MILLION
from streams.core.joins import Joins
from streams.core.plan import Plan
from streams.core.probed import PROVIDER as PROBE
from streams.core.routes import routes
from streams.core.security.values import Finding, Guard
from streams.core.stamps import ms, text
from streams.core.traces import Told
from streams.core.values import Line, Parsed, Reading, Reason, Request, Sample, Skipped
from streams.hosts.files import Chunk, blocks

PLAN = Plan()


def run(paths: list[Path], app: str, out: BinaryIO, plan: Plan, *, explain: bool) -> None:
    """Read files, or standard input when there is none, and write NDJSON."""
    for source in (blocks(Chunk(path)) for path in paths) if paths else (_stdin(),):
        out.writelines(json_line(row) for row in rows(source, app, plan, explain=explain))
    out.flush()


def rows(source: Iterator[bytes], app: str, plan: Plan = PLAN, *, explain: bool = False) -> Iterator[dict[str, Any]]:
    """Yield what each line says; a joined request stands where the line is that completed it.

    An error stands where its stack trace has ended, with the number of the line that names it.
    """
    joins: dict[tuple[str, str], Joins] = {}
    for number, raw in _numbered(source):
        line = lines.unwrap(raw, app)
        opened = joins.setdefault((line.app, line.instance), Joins())
        parsed = reading.parse(line, opened, number, plan.limits.line_chars, plan.formats, plan.external)
        for told in opened.told:
            yield _event(line.app, line.instance, told, plan)
        if isinstance(parsed, Request):
            yield _request(number, line, parsed, plan)
        elif isinstance(parsed, Sample):
            yield _sample(number, line, parsed, plan)
        elif isinstance(parsed, Reading):
            yield from _gauges(number, line, parsed)
        findings = (
            []
            if plan.security is None or line.provider == PROBE
            else _findings(plan.security, line, parsed, plan.limits.line_chars)
        )
        for finding in findings:
            yield _security(number, line, parsed, finding, plan)
        if explain and isinstance(parsed, Skipped):
            yield _skipped(number, line, Skipped(Reason.SECURITY) if findings else parsed)
    for (named, instance), opened in joins.items():
        for told in opened.end():
            yield _event(named, instance, told, plan)


def _request(number: int, line: Line, request: Request, plan: Plan) -> dict[str, Any]:
    at_ms = request.at_ms if request.started_ms is None else request.started_ms
    found = {
        "line": number,
        "kind": "request",
        "timestamp": None if at_ms is None else text(at_ms),
        "method": request.method,
        "target": request.target,
        "path": request.path,
        "route": None if request.target is None else routes([request.target], plan.limits.route_chars, plan.templates)[0],
        "status": request.status,
        "duration_ms": None if request.duration_ms is None else round(request.duration_ms, 6),
        "client_ip": request.client_ip,
        "app": line.app or None,
        "instance": line.instance or None,
        "region": line.region or None,
        "format": request.format,
    }
    return found if request.started_line is None else found | {"started_line": request.started_line}


def _event(app: str, instance: str, told: Told, plan: Plan) -> dict[str, Any]:
    event, place = masked(told.event, plan), told.place
    timestamp = None if place.at_ms is None else text(place.at_ms)
    found = {"line": place.line, "kind": "event", "event": str(event.event), "timestamp": timestamp}
    found |= {"about": event.about or None, "evidence": event.evidence}
    found |= {"first_frame": event.first_frame, "top_frame": event.top_frame, "lines": event.lines}
    found |= {"app": app or None, "instance": instance or None, "region": place.region or None}
    return found if told.started_line is None else found | {"started_line": told.started_line}


def _sample(number: int, line: Line, sample: Sample, plan: Plan) -> dict[str, Any]:
    at_ms = None if line.stamp is None else ms(line.stamp)
    found = {"line": number, "kind": "sample", "name": sample.name, "timestamp": None if at_ms is None else text(at_ms)}
    found |= {"value": round(sample.value_ms, 6), "unit": "ms", "about": plan.masked(sample.about) or None}
    return found | {"app": line.app or None, "instance": line.instance or None, "region": line.region or None}


def _gauges(number: int, line: Line, reading: Reading) -> Iterator[dict[str, Any]]:
    """Yield a sample for each thing that a probe measured."""
    at_ms = None if line.stamp is None else ms(line.stamp)
    for name, millionths in reading.gauges:
        found = {"line": number, "kind": "sample", "name": name, "timestamp": None if at_ms is None else text(at_ms)}
        found |= {"value": millionths / MILLION, "unit": GAUGES[name].unit, "about": reading.probe}
        yield found | {"app": line.app or None, "instance": line.instance or None, "region": line.region or None}


def _findings(guard: Guard, line: Line, parsed: Parsed, chars: int) -> list[Finding]:
    """Return what a line shows of attacks, failed logins and secrets, by itself."""
    if isinstance(parsed, Request):
        status = None if parsed.status is None else str(parsed.status)
        seen = guard.requests([parsed.client_ip], [parsed.method], [parsed.target], [status], [parsed.agent])
        return [finding for _, finding in seen.findings]
    finding = guard.line(reading.cleaned(line.text, chars)[0])
    return [] if finding is None else [finding]


def _security(number: int, line: Line, parsed: Parsed, finding: Finding, plan: Plan) -> dict[str, Any]:
    at_ms = parsed.at_ms if isinstance(parsed, Request) else None if line.stamp is None else ms(line.stamp)
    found = {"line": number, "kind": "security", "rule": finding.rule, "severity": finding.severity}
    found |= {"client_ip": finding.client_ip, "evidence": plan.masked(finding.evidence)}
    found |= {"timestamp": None if at_ms is None else text(at_ms)}
    return found | {"app": line.app or None, "instance": line.instance or None, "region": line.region or None}


def _skipped(number: int, line: Line, skipped: Skipped) -> dict[str, Any]:
    reason = {"line": number, "kind": "skipped", "reason": str(skipped.reason)}
    return reason | {"app": line.app or None, "instance": line.instance or None}


def _numbered(source: Iterator[bytes]) -> Iterator[tuple[int, str]]:
    """Yield whole lines with their 1-based number; a pretty-printed document has the number of its last line."""
    assembler = lines.Assembler()
    number = 0
    for block in source:
        for raw in block.decode("utf-8", "replace").split("\n"):
            number += 1
            for whole in assembler.take(raw):
                yield number, whole
    for whole in assembler.rest():
        yield number, whole


def _stdin() -> Iterator[bytes]:
    for raw in sys.stdin.buffer:
        yield raw.rstrip(b"\n")
