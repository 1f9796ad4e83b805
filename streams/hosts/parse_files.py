"""``flywatch parse``: one JSON object a recognised line. Knows files and line numbers; decides nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from streams.codec import json_line
from streams.core import lines, reading
from streams.core.joins import Joins
from streams.core.parsing.format import Format
from streams.core.routes import routes
from streams.core.security.values import Finding, Guard
from streams.core.stamps import ms, text
from streams.core.values import Event, Line, Parsed, Request, Skipped
from streams.hosts.files import Chunk, blocks

ROUTE_CHARS = 200
LINE_CHARS = 16_384


def run(
    paths: list[Path],
    app: str,
    out: BinaryIO,
    *,
    explain: bool,
    own: tuple[Format, ...] = (),
    guard: Guard | None = None,
) -> None:
    """Read files, or standard input when there is none, and write NDJSON; ``own`` are the user's own formats."""
    for source in (blocks(Chunk(path)) for path in paths) if paths else (_stdin(),):
        out.writelines(json_line(row) for row in rows(source, app, explain=explain, own=own, guard=guard))
    out.flush()


def rows(
    source: Iterator[bytes], app: str, *, explain: bool, own: tuple[Format, ...] = (), guard: Guard | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what each line says; a joined request stands where the line is that completed it."""
    joins: dict[tuple[str, str], Joins] = {}
    for number, raw in _numbered(source):
        line = lines.unwrap(raw, app)
        opened = joins.setdefault((line.app, line.instance), Joins())
        parsed = reading.parse(line, opened, number, own=own)
        if isinstance(parsed, Request):
            yield _request(number, line, parsed)
        if event := parsed if isinstance(parsed, Event) else reading.beside(line):
            yield _event(number, line, event)
        for finding in () if guard is None else _findings(guard, line, parsed):
            yield _security(number, line, parsed, finding)
        if explain and isinstance(parsed, Skipped):
            yield _skipped(number, line, parsed)


def _request(number: int, line: Line, request: Request) -> dict[str, Any]:
    at_ms = request.at_ms if request.started_ms is None else request.started_ms
    found = {
        "line": number,
        "kind": "request",
        "timestamp": None if at_ms is None else text(at_ms),
        "method": request.method,
        "target": request.target,
        "path": request.path,
        "route": None if request.target is None else routes([request.target], ROUTE_CHARS)[0],
        "status": request.status,
        "duration_ms": None if request.duration_ms is None else round(request.duration_ms, 6),
        "client_ip": request.client_ip,
        "app": line.app or None,
        "instance": line.instance or None,
        "region": line.region or None,
        "format": request.format,
    }
    return found if request.started_line is None else found | {"started_line": request.started_line}


def _event(number: int, line: Line, event: Event) -> dict[str, Any]:
    at_ms = None if line.stamp is None else ms(line.stamp)
    found = {"line": number, "kind": "event", "event": str(event.event), "timestamp": None if at_ms is None else text(at_ms)}
    found |= {"about": event.about or None, "evidence": event.evidence}
    return found | {"app": line.app or None, "instance": line.instance or None, "region": line.region or None}


def _findings(guard: Guard, line: Line, parsed: Parsed) -> Iterator[Finding]:
    """Yield what a line shows of attacks, failed logins and secrets, by itself."""
    if isinstance(parsed, Request):
        status = None if parsed.status is None else str(parsed.status)
        seen = guard.requests([parsed.client_ip], [parsed.method], [parsed.target], [status], [parsed.agent])
        yield from (finding for _, finding in seen.findings)
    elif finding := guard.line(reading.cleaned(line.text, LINE_CHARS)[0]):
        yield finding


def _security(number: int, line: Line, parsed: Parsed, finding: Finding) -> dict[str, Any]:
    at_ms = parsed.at_ms if isinstance(parsed, Request) else None if line.stamp is None else ms(line.stamp)
    found = {"line": number, "kind": "security", "rule": finding.rule, "severity": finding.severity}
    found |= {"client_ip": finding.client_ip, "evidence": finding.evidence}
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
