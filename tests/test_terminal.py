"""What people see: golden plain text for pipes, the right cells and colours for terminals, and never a crash."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from streams.hosts.terminal import Terminal
from streams.hosts.wording import elapsed, milliseconds

SGR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FIRING: dict[str, Any] = {
    "v": 1,
    "id": "a1",
    "rule": "high-error-rate",
    "severity": "critical",
    "app": "hotdash-production",
    "per": "",
    "state": "firing",
    "reason": None,
    "at": "2025-10-10T18:14:40Z",
    "started_at": "2025-10-10T18:09:40Z",
    "unit": "ratio",
    "value": 0.21097,
    "threshold": 0.05,
    "window": "1m",
    "summary": "21.1% of requests to hotdash-production fail with 5xx",
    "escalation": None,
}
ESCALATED = FIRING | {
    "state": "escalated",
    "at": "2025-10-10T18:29:40Z",
    "escalation": {"level": 1, "after_seconds": 900, "to": ["manager", "ceo"]},
}
RESOLVED = FIRING | {"state": "resolved", "reason": "clear", "at": "2025-10-10T18:32:50Z", "value": 0.0}
SLOW = FIRING | {
    "id": "a2",
    "rule": "slow-responses",
    "severity": "warning",
    "app": "hotdash-chatwoot",
    "unit": "ms",
    "value": 5487.549154,
    "threshold": 5000.0,
    "window": "5m",
    "summary": "P95 response time of hotdash-chatwoot is 5,488 ms",
}
WINDOW: dict[str, Any] = {
    "app": "hotdash-production",
    "start": "2025-10-10T18:14:00Z",
    "requests": 1233,
    "request_rate": 20.55,
    "error_ratio": 0.2231,
    "duration_ms": {"count": 1000, "p50": 757.6, "p95": 16819.2, "p99": 20100.0},
}
TOTALS = {
    "lines": 23546,
    "requests": 15012,
    "events": {"app_error": 7, "deploy": 33},
    "security": {"path-traversal": 3},
    "skipped": {"part": 1234, "unrecognised": 5678},
    "by_status": {"-": 3, "200": 14000, "201": 300, "404": 9, "503": 700},
    "alerts": {"fired": 5, "resolved": 4},
    "seconds": 1.25,
}
NULLS = dict.fromkeys([*FIRING, *WINDOW, *TOTALS])


def pipe() -> Console:
    """Return a console that is no terminal."""
    return Console(file=io.StringIO(), force_terminal=False, width=100)


def screen() -> Console:
    """Return a console that is a terminal, whatever runs the tests."""
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        force_interactive=True,
        color_system="standard",
        no_color=False,
        width=180,
        height=40,
    )


def seen(console: Console) -> str:
    """Return everything that was written."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def rows(console: Console) -> dict[str, list[str]]:
    """Return the last table drawn, as an app's cells without their colours."""
    drawn = [line for line in SGR.sub("", seen(console)).splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in drawn]
    return {row[0]: row[1:] for row in cells}


def test_a_pipe_gets_one_plain_line_a_transition() -> None:
    """Without a terminal each transition is one line, however long, without colours, and windows are silent."""
    console = pipe()
    with Terminal(console, live=True) as terminal:
        terminal.window(WINDOW)
        terminal.progress("10 lines, 18:14")
        for alert in (FIRING, SLOW, ESCALATED, RESOLVED):
            terminal.alert(alert)
    assert seen(console) == (
        "2025-10-10T18:14:40Z FIRING    critical high-error-rate hotdash-production: "
        "21.1% of requests to hotdash-production fail with 5xx (21.1% over 1m, threshold 5.0%)\n"
        "2025-10-10T18:14:40Z FIRING    warning  slow-responses hotdash-chatwoot: "
        "P95 response time of hotdash-chatwoot is 5,488 ms (5.5 s over 5m, threshold 5.0 s)\n"
        "2025-10-10T18:29:40Z ESCALATED critical high-error-rate hotdash-production: "
        "to manager, ceo: 21.1% of requests to hotdash-production fail with 5xx (21.1% over 1m, threshold 5.0%)\n"
        "2025-10-10T18:32:50Z RESOLVED  critical high-error-rate hotdash-production: "
        "fired for 18m 10s (0.0% over 1m, threshold 5.0%)\n"
    )


def test_the_summary_of_a_pipe() -> None:
    """The summary says lines, requests by class of status, events, security, skipped lines by reason, alerts and speed."""
    console = pipe()
    Terminal(console, live=False).summary(TOTALS)
    assert seen(console) == (
        "lines     23,546 in 1.2 s (18,837 lines/s)\n"
        "requests  15,012: 2xx 14,300, 4xx 9, 5xx 700, unknown 3\n"
        "events    40: app_error 7, deploy 33\n"
        "security  3: path-traversal 3\n"
        "skipped   6,912: part 1,234, unrecognised 5,678\n"
        "alerts    5 fired, 4 resolved\n"
    )


def test_a_terminal_shows_the_latest_minute_of_each_app() -> None:
    """On a terminal the table has a row an app, with its latest minute; a revision of an older one changes nothing."""
    console = screen()
    with Terminal(console, live=True) as terminal:
        terminal.window(WINDOW)
        terminal.window(WINDOW | {"start": "2025-10-10T18:13:00Z", "requests": 1})
        terminal.window(WINDOW | {"app": "hotdash-agent-service", "duration_ms": {"p50": None}, "error_ratio": None})
        terminal.progress("12,345 lines, 2025-10-10T18:15:00Z")
    assert rows(console) == {
        "hotdash-agent-service": ["18:14", "1,233", "20.55", "\u2013", "\u2013", "\u2013", "\u2013"],
        "hotdash-production": ["18:14", "1,233", "20.55", "22.3%", "758 ms", "16.8 s", "20.1 s"],
    }
    assert "12,345 lines, 2025-10-10T18:15:00Z" in seen(console)


@pytest.mark.parametrize(
    ("ratio", "p95", "errors", "took"),
    [
        (0.01, 3000.0, "1.0%", "3.0 s"),
        (0.011, 3001.0, "\x1b[33m  1.1%\x1b[0m", "\x1b[33m3.0 s\x1b[0m"),
        (0.05, 5000.0, "\x1b[33m  5.0%\x1b[0m", "\x1b[33m5.0 s\x1b[0m"),
        (0.051, 5001.0, "\x1b[31m  5.1%\x1b[0m", "\x1b[31m5.0 s\x1b[0m"),
    ],
)
def test_colours_are_the_objectives(ratio: float, p95: float, errors: str, took: str) -> None:
    """Errors above 1 % and a P95 above 3 s are yellow, above 5 % and 5 s red, and exactly at a bound not yet."""
    console = screen()
    with Terminal(console, live=True) as terminal:
        terminal.window(WINDOW | {"error_ratio": ratio, "duration_ms": {"p50": 100.0, "p95": p95, "p99": 100.0}})
    row = next(line for line in reversed(seen(console).splitlines()) if "hotdash-production" in line)
    assert errors in row
    assert took in row
    assert row.count("\x1b[3") == errors.count("\x1b[3") + took.count("\x1b[3")


def test_a_terminal_colours_transitions() -> None:
    """On a terminal FIRING is red and RESOLVED green, and the table is drawn again below them."""
    console = screen()
    with Terminal(console, live=True) as terminal:
        terminal.window(WINDOW)
        terminal.alert(FIRING)
        terminal.alert(RESOLVED)
    said = seen(console)
    assert "\x1b[1;31mFIRING" in said
    assert "\x1b[32mRESOLVED" in said
    assert said.rindex("RESOLVED") < said.rindex("│ 18:14")


def test_a_terminal_that_is_not_asked_for_a_table_has_none() -> None:
    """Without ``live`` a terminal gets coloured lines, but no table, and a context is not needed."""
    console = screen()
    terminal = Terminal(console, live=False)
    terminal.window(WINDOW)
    terminal.alert(FIRING)
    assert rows(console) == {}
    assert "\x1b[1;31mFIRING" in seen(console)


@pytest.mark.parametrize("document", [{}, NULLS, NULLS | {"duration_ms": {"p95": None}, "state": "resolved"}])
@pytest.mark.parametrize("make", [pipe, screen])
def test_nothing_missing_is_a_crash(make: Any, document: dict[str, Any]) -> None:
    """Documents that are empty, or None all through, show dashes."""
    console = make()
    with Terminal(console, live=True) as terminal:
        terminal.window(document)
        terminal.alert(document)
        terminal.progress("")
    terminal.summary(document)
    assert "\u2013" in seen(console)
    assert "None" not in seen(console)


@pytest.mark.parametrize("make", [pipe, screen])
def test_logs_cannot_steer_the_terminal(make: Any) -> None:
    """Escape sequences, line ends and rich's markup in names and sentences come out as plain characters."""
    console = make()
    bad = "[red]\x1b]0;owned\x07\n[/nope]"
    with Terminal(console, live=True) as terminal:
        terminal.window(WINDOW | {"app": bad})
        terminal.alert(FIRING | {"app": bad, "summary": bad, "escalation": {"to": [bad]}})
    said = seen(console)
    assert "\x1b]" not in said
    assert "\x07" not in said
    assert "[red] ]0;owned  [/nope]" in said


def test_an_alert_that_found_no_data_says_so() -> None:
    """An alert that ended because its app fell silent is not told as recovered."""
    console = pipe()
    Terminal(console, live=False).alert(RESOLVED | {"reason": "no_data", "value": None})
    assert "fired for 23m 10s, then no data (\u2013 over 1m, threshold 5.0%)" in seen(console)


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("2025-10-10T18:00:00Z", "2025-10-10T18:00:00Z", "0s"),
        ("2025-10-10T18:00:00Z", "2025-10-10T19:00:05.500Z", "1h 5s"),
        ("2025-10-10T18:00:00Z", "2025-10-10T17:00:00Z", "0s"),
        ("2025-10-10T18:00:00Z", None, "\u2013"),
        ("yesterday", "2025-10-10T18:00:00Z", "\u2013"),
    ],
)
def test_times_between_stamps(since: str | None, until: str | None, told: str) -> None:
    """The time between two stamps is told in hours, minutes and seconds; without two stamps there is none."""
    assert elapsed(since, until) == told


def test_durations_have_a_readable_unit() -> None:
    """Below a second durations are milliseconds, above it seconds."""
    told = {None: "\u2013", 0.4: "0 ms", 999.4: "999 ms", 1000.0: "1.0 s", 61_500.0: "61.5 s"}
    assert {ms: milliseconds(ms) for ms in told} == told


def test_a_security_event_is_one_line_if_it_is_critical() -> None:
    """What is critical is told as it comes, with who and what; the rest is in the summary alone."""
    console = pipe()
    terminal = Terminal(console, live=False)
    document = {"at": "2025-10-10T18:00:00Z", "app": "shop", "rule": "log4shell", "client_ip": "203.0.113.9"}
    terminal.security(document | {"severity": "warning", "evidence": "GET /a"})
    terminal.security(document | {"severity": "critical", "evidence": "GET /\x1b[2J${jndi:ldap://x}"})
    assert seen(console) == "2025-10-10T18:00:00Z SECURITY  log4shell shop: 203.0.113.9 GET / [2J${jndi:ldap://x}\n"
