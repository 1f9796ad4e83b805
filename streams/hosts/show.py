"""Runs the local hosts and shows what comes out: on the terminal for people, as NDJSON for programs, into files."""

import os
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import click

from streams.codec import json_line, security
from streams.core.records import Dead, Published, Security
from streams.core.stamps import text
from streams.core.tally import Tally
from streams.core.windows import duration_ms
from streams.hosts.local import stdin, watch
from streams.hosts.replay import Replay
from streams.hosts.screen import Screen
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where documents go besides the terminal."""

    as_json: bool
    windows: Path | None = None
    alerts: Path | None = None
    security: Path | None = None


class Shown:
    """Counts what is published and passes it on to the terminal and the sinks."""

    def __init__(self, sinks: Sinks, screen: Screen, stack: ExitStack, *, stream: bool) -> None:
        """``stream``: also print each document as NDJSON on standard output."""
        self._screen = screen
        self._stream = stream
        paths = {"windows": sinks.windows, "alerts": sinks.alerts, "security": sinks.security}
        self._files: dict[str, BinaryIO] = {
            topic: stack.enter_context(written(path)) for topic, path in paths.items() if path is not None
        }
        self.states: Counter[str] = Counter()
        self.busiest: dict[str, Any] = {"start": None, "requests": 0}
        self.skipped: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.security: Counter[str] = Counter()
        self.by_status: Counter[str] = Counter()
        self.requests = 0
        self.dead: Counter[str] = Counter()

    def take(self, output: object) -> None:
        """Show one output of the core."""
        if isinstance(output, Dead):
            self.dead[output.reason] += 1
        if isinstance(output, Security):
            self._secure(security(output))
        if not isinstance(output, Published):
            return
        document = dict(output.value)
        if output.topic == "windows":
            self._window(document)
        else:
            self.states[document["state"]] += 1
            self._screen.alert(document)
        self._pass_on(output.topic, document)

    def _secure(self, document: dict[str, Any]) -> None:
        self.security[document["rule"]] += 1
        self._screen.security(document)
        self._pass_on("security", document)

    def _pass_on(self, topic: str, document: dict[str, Any]) -> None:
        if topic in self._files:
            self._files[topic].write(json_line(document))
        if self._stream:
            sys.stdout.buffer.write(json_line({"topic": topic} | document))
            sys.stdout.buffer.flush()

    def _window(self, document: dict[str, Any]) -> None:
        self._screen.window(document)
        if document["revision"] == 0:
            self.requests += document["requests"]
            self.skipped.update(document["skipped"])
            self.events.update(document["events"])
            self.by_status.update(document["by_status"])
        if document["requests"] > self.busiest["requests"]:
            self.busiest = {"start": document["start"], "requests": document["requests"]}


def written(path: Path) -> BinaryIO:
    """Open a file to write to; UsageError when that is not possible."""
    try:
        return path.open("wb")
    except OSError as error:
        raise click.UsageError(f"{path}: cannot be written: {error.strerror}") from error


def local(settings: Settings, app: str, sinks: Sinks) -> None:
    """Watch standard input until it ends."""
    began = time.monotonic()
    with ExitStack() as stack:
        screen = stack.enter_context(_terminal(live=not sinks.as_json))
        shown = Shown(sinks, screen, stack, stream=sinks.as_json)
        lines = 0
        for output in watch(stdin(), settings.plan(), app):
            if isinstance(output, int):
                lines = output
                screen.progress(f"{lines:,} lines, {text(time.time_ns() // 1_000_000)}")
            else:
                shown.take(output)
        if not lines:
            click.echo("flywatch: no line came in on standard input", err=True)
        totals = {"lines": lines, "requests": shown.requests, "by_status": shown.by_status}
        totals |= {"events": shown.events, "security": shown.security, "skipped": shown.skipped}
        screen.summary(totals | _ended(shown, lines, began) | {"alerts": _alerts(shown)})


def replay(settings: Settings, paths: list[Path], app: str, sinks: Sinks) -> None:
    """Read files to their end and print a summary."""
    began = time.monotonic()
    with ExitStack() as stack:
        run = Replay(settings.plan(), paths, app, os.cpu_count() or 1)
        stack.callback(run.close)
        screen = stack.enter_context(Screen() if sinks.as_json else _terminal(live=True))
        shown = Shown(sinks, screen, stack, stream=False)

        def progress(reached_ms: int | None) -> None:
            screen.progress(_reading(run.lines, run.share, time.monotonic() - began, reached_ms))

        for output in run.outputs(progress, shown.take):
            shown.take(output)
        totals = summary(run.lines, run.total) | {"security": dict(shown.security)} | _ended(shown, run.lines, began)
        if sinks.as_json:
            sys.stdout.buffer.write(json_line(totals))
        else:
            screen.summary(totals | {"alerts": _alerts(shown)})


def _terminal(*, live: bool) -> Screen:
    from rich.console import Console  # noqa: PLC0415  # a program that reads the summary need not wait for what draws

    from streams.hosts.terminal import Terminal  # noqa: PLC0415

    return Terminal(Console(stderr=True), live)


def _reading(lines: int, share: float, seconds: float, reached_ms: int | None) -> str:
    """Tell how far a replay is: it reads first, and then closes panes up to a time."""
    told = f"{lines:,} lines, {lines / max(seconds, 0.001):,.0f} lines/s"
    if reached_ms is not None:
        return f"{told}, {text(reached_ms)}"
    return f"{told}, {share:.0%} read, {seconds / share - seconds:.0f} s left" if share else told


def summary(lines: int, total: Tally) -> dict[str, Any]:
    """Return the totals of a replay as the design fixes them."""
    return {
        "lines": lines,
        "requests": total.requests,
        "events": dict(sorted(total.events.items())),
        "skipped": dict(sorted(total.skipped.items())),
        "by_status": dict(sorted(total.status.items())),
        "error_ratio": total.failed / total.known if total.known else None,
        "duration_ms": duration_ms(total),
        "health_checks": total.health,
    }


def _alerts(shown: Shown) -> dict[str, int]:
    return {"fired": shown.states["firing"], "resolved": shown.states["resolved"]}


def _ended(shown: Shown, lines: int, began: float) -> dict[str, Any]:
    seconds = time.monotonic() - began
    return {
        "busiest_minute": shown.busiest,
        "alerts": shown.states["firing"],
        "dead": dict(shown.dead),
        "seconds": round(seconds, 3),
        "lines_per_second": round(lines / seconds) if seconds else None,
    }
