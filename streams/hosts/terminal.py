"""What people see of windows, alerts and totals, on a terminal or in a pipe. Decides nothing, reads no clock.

On an interactive terminal a table of the apps' latest minutes stays under a scrolling log of alerts; anywhere else
there is one plain line an alert, and the summary. Colours are the runbook's objectives. Texts come out of logs, so
whatever could steer a terminal is taken out of them; what is missing or None shows as a dash.
"""

from collections.abc import Mapping
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from streams.hosts.screen import Screen
from streams.hosts.wording import (
    NONE,
    Document,
    colour,
    count,
    elapsed,
    mapping,
    measure,
    milliseconds,
    number,
    percent,
    text,
)

REFRESHES = 4  # of the table a second
REMEMBERED = 10_000  # firing alerts whose start is kept; of older ones the first breach is shown
P50_MS = ((1_000.0, "yellow"),)  # the runbook's objectives: above it, this colour
P95_MS = ((5_000.0, "red"), (3_000.0, "yellow"))
ERRORS = ((0.05, "red"), (0.01, "yellow"))
STATES = {"firing": "bold red", "escalated": "bold magenta", "resolved": "green", "pending": "yellow"}
SEVERITIES = {"critical": "red", "warning": "yellow", "info": "cyan"}
COLUMNS = ("App", "Minute", "Requests", "req/s", "Errors", "P50", "P95", "P99")


class Terminal(Screen):
    """Shows documents as they come; a context manager, so that the terminal is given back as it was."""

    def __init__(self, console: Console, live: bool) -> None:
        """Show on a console; ``live`` asks for the table, which only an interactive terminal gets."""
        self._console = console
        self._rows: dict[str, tuple[str, tuple[Text, ...]]] = {}  # app -> (minute, cells); replaced, never changed:
        self._progress = ""  # another thread draws it
        self._fired: dict[str, str] = {}  # alert -> when it fired
        self._live: Live | None = None
        if live and console.is_interactive:
            self._live = Live(
                console=console,
                get_renderable=self._table,
                refresh_per_second=REFRESHES,
                redirect_stdout=False,  # stdout carries NDJSON
                redirect_stderr=False,
            )

    def __enter__(self) -> Self:
        """Start drawing the table, if there is one."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Draw the table for the last time, and leave it there."""
        if self._live is not None:
            self._live.stop()

    def window(self, document: Document) -> None:
        """Show an app's latest minute in the table; a revision of an older one is not for here."""
        if self._live is None:
            return
        app, start = text(document.get("app")) or NONE, text(document.get("start"))
        if start >= self._rows.get(app, ("", ()))[0]:
            self._rows = dict(sorted({**self._rows, app: (start, cells(document))}.items()))

    def alert(self, document: Document) -> None:
        """Show a transition of an alert: one line."""
        an_id, state = text(document.get("id")), document.get("state")
        if state == "firing":
            self._fired[an_id] = text(document.get("at"))
            if len(self._fired) > REMEMBERED:
                del self._fired[next(iter(self._fired))]
        since = self._fired.get(an_id) or document.get("started_at")
        if state == "resolved":
            self._fired.pop(an_id, None)
        self._say(transition(document, since))

    def security(self, document: Document) -> None:
        """Show a security event: one line, of what is critical alone; the rest is in the summary."""
        if document.get("severity") == "critical":
            self._say(found(document))

    def progress(self, told: str) -> None:
        """Show under the table how far the reading is."""
        self._progress = text(told)

    def summary(self, totals: Document) -> None:
        """Show what the run came to: lines, requests, skipped, alerts."""
        for name, told in summed(totals):
            self._say(Text.assemble((f"{name:<10}", "bold"), told))

    def _say(self, line: Text) -> None:
        self._console.print(line, soft_wrap=not self._console.is_terminal, highlight=False)

    def _table(self) -> RenderableType:
        rows, progress = self._rows, Text(self._progress, style="dim")
        if not rows:
            return progress
        table = Table()
        for at, name in enumerate(COLUMNS):
            table.add_column(name, justify="right" if at > 1 else "left", no_wrap=True)
        for app, (_, shown) in rows.items():
            table.add_row(Text(app), *shown)
        return Group(table, progress)


def cells(window: Document) -> tuple[Text, ...]:
    """Return the cells of a window, without the app's name."""
    took = mapping(window.get("duration_ms"))
    ratio, rate = number(window.get("error_ratio")), number(window.get("request_rate"))
    return (
        Text(text(window.get("start"))[11:16] or NONE),
        Text(count(window.get("requests"))),
        Text(NONE if rate is None else f"{rate:.2f}"),
        Text(percent(ratio), style=colour(ratio, ERRORS)),
        Text(milliseconds(number(took.get("p50"))), style=colour(number(took.get("p50")), P50_MS)),
        Text(milliseconds(number(took.get("p95"))), style=colour(number(took.get("p95")), P95_MS)),
        Text(milliseconds(number(took.get("p99")))),
    )


def transition(alert: Document, since: object) -> Text:
    """Return the line of a transition; ``since`` is when the alert began to fire."""
    state, severity = text(alert.get("state")), text(alert.get("severity"))
    where = f"{text(alert.get('rule')) or NONE} {text(alert.get('app')) or NONE}"
    per = f" ({text(alert.get('per'))})" if alert.get("per") else ""
    return Text.assemble(
        f"{text(alert.get('at')) or NONE} ",
        (f"{state.upper() or NONE:<9} ", STATES.get(state, "")),
        (f"{severity or NONE:<8} ", SEVERITIES.get(severity, "")),
        (f"{where}{per}: ", "bold"),
        _told(alert, state, since),
        (f" ({_value(alert)})", "dim"),
    )


def found(document: Document) -> Text:
    """Return the line of a security event."""
    return Text.assemble(
        f"{text(document.get('at')) or NONE} ",
        ("SECURITY  ", "bold red"),
        (f"{text(document.get('rule'))} {text(document.get('app'))}: ", "bold"),
        f"{text(document.get('client_ip')) or NONE} {text(document.get('evidence'))}",
    )


def _told(alert: Document, state: str, since: object) -> str:
    if state == "resolved":
        why = ", then no data" if alert.get("reason") == "no_data" else ""
        return f"fired for {elapsed(since, alert.get('at'))}{why}"
    sentence = text(alert.get("summary")) or NONE
    if state == "escalated":
        return f"to {_names(mapping(alert.get('escalation')).get('to'))}: {sentence}"
    return sentence


def _names(names: object) -> str:
    return ", ".join(map(text, names)) or NONE if isinstance(names, list | tuple) else NONE


def _value(alert: Document) -> str:
    unit = text(alert.get("unit"))
    value, threshold = (measure(number(alert.get(name)), unit) for name in ("value", "threshold"))
    window = f" over {text(alert.get('window'))}" if alert.get("window") else ""
    return f"{value}{window}, threshold {threshold}"


def summed(totals: Document) -> list[tuple[str, str]]:
    """Return the summary's lines as (what, how much); a total nobody gave shows as a dash."""
    seconds, lines = number(totals.get("seconds")), number(totals.get("lines"))
    speed = f" in {seconds:,.1f} s" if seconds is not None else ""
    if seconds and lines is not None:
        speed += f" ({lines / seconds:,.0f} lines/s)"
    return [
        ("lines", count(totals.get("lines")) + speed),
        ("requests", count(totals.get("requests")) + _parts(classes(mapping(totals.get("by_status"))))),
        ("events", _parts(mapping(totals.get("events")), total=True)),
        ("security", _parts(mapping(totals.get("security")), total=True)),
        ("skipped", _parts(mapping(totals.get("skipped")), total=True)),
        ("alerts", _alerts(totals.get("alerts"))),
    ]


def classes(by_status: Document) -> dict[str, float]:
    """Return requests by class of status: ``5xx``."""
    found: dict[str, float] = {}
    for status, n in by_status.items():
        name = f"{text(status)[0]}xx" if text(status)[:1].isdigit() else "unknown"
        found[name] = found.get(name, 0) + (number(n) or 0)
    return dict(sorted(found.items()))


def _parts(counts: Document, *, total: bool = False) -> str:
    told = ", ".join(f"{text(name)} {count(n)}" for name, n in counts.items())
    if not total:
        return f": {told}" if told else ""
    whole = count(sum(number(n) or 0 for n in counts.values()))
    return f"{whole}: {told}" if told else NONE


def _alerts(alerts: object) -> str:
    if isinstance(alerts, Mapping):
        return f"{count(alerts.get('fired'))} fired, {count(alerts.get('resolved'))} resolved"
    return count(alerts)
