"""The core against the slow recount: windows and alerts of made-up logs are the same, on each host."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from streams.core.plan import Plan
from streams.core.values import Line
from tests import oracle, seeded
from tests.scenario import Cutting, Outcome, arriving, piped, replayed, spread, watched

PLAN = Plan(rules=seeded.RULES, apps=seeded.APPS)
SEEDS = range(4)
Host = Callable[[list[Line], Path], Outcome]
HOSTS: dict[str, Host] = {
    "local": lambda lines, _: piped(PLAN, arriving(lines), Cutting(most=50)),
    "partitions": lambda lines, _: spread(PLAN, arriving(lines), Cutting(4, most=50)),
    "standard input": lambda lines, _: watched(PLAN, lines),
    "replay": lambda lines, directory: replayed(PLAN, lines, directory),
    "replay of several files": lambda lines, directory: replayed(PLAN, lines, directory, files=3),
}


@cache
def recounted(seed: int) -> tuple[list[Line], dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Return a log, and its windows and alerts by the oracle."""
    lines = seeded.generated(seed)
    return lines, oracle.windows(lines, PLAN), oracle.alerts(lines, PLAN)


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_windows_are_recounted(seed: int, host: Host, tmp_path: Path) -> None:
    """Every window holds exactly the recounted numbers, and percentiles within 1 %."""
    lines, windows, _ = recounted(seed)
    found = host(lines, tmp_path).windows
    assert sorted(found) == sorted(windows)
    for an_id, expected in windows.items():
        exact = [name for name in expected if name not in {"duration_ms", "query_ms"}]
        assert {name: found[an_id][name] for name in exact} == {name: expected[name] for name in exact}, an_id
        assert found[an_id]["duration_ms"] == close(expected["duration_ms"]), an_id
        assert found[an_id]["query_ms"] == close(expected["query_ms"]), an_id
        failed = sum(n for status, n in expected["by_status"].items() if status[0] == "5")
        assert sum(found[an_id]["top_routes"].values()) == expected["requests"]
        assert sum(found[an_id]["top_errors"].values()) == failed
        assert found[an_id]["request_rate"] == pytest.approx(expected["requests"] / 60, abs=1e-6)


def close(duration_ms: dict[str, Any]) -> dict[str, Any]:
    """Return what durations may be: counts exactly, sums to a microsecond a value, percentiles within 1 %."""
    within = {"count": 0.0, "min": 1e-9, "max": 1e-9, "avg": 1e-9}
    return {
        name: value if value is None else pytest.approx(value, rel=within.get(name, 0.0100001), abs=0.001)
        for name, value in duration_ms.items()
    }


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_alerts_are_recounted(seed: int, host: Host, tmp_path: Path) -> None:
    """Every transition has exactly the recounted time, rule, app, state and id; its value is within 1 %."""
    lines, _, alerts = recounted(seed)
    found = host(lines, tmp_path).alerts
    names = ("at", "rule", "app", "state", "reason", "id", "started_at")
    assert [[alert[name] for name in names] for alert in found] == [[alert[name] for name in names] for alert in alerts]
    for alert, expected in zip(found, alerts, strict=True):
        assert alert["value"] == (None if expected["value"] is None else pytest.approx(expected["value"], rel=0.0101, abs=1e-6))


def test_the_logs_are_worth_recounting() -> None:
    """The made-up logs hold every kind of transition, of status and of skipped line, and each metric fires."""
    everything = [recounted(seed) for seed in SEEDS]
    alerts = [alert for _, _, found in everything for alert in found]
    windows = [window for _, found, _ in everything for window in found.values()]
    assert {alert["state"] for alert in alerts} == {"pending", "firing", "escalated", "resolved"}
    assert {alert["reason"] for alert in alerts} == {None, "clear", "no_data"}
    assert {alert["rule"] for alert in alerts} == {rule.name for rule in PLAN.rules}
    assert {"101", "200", "499", "500", "503"} <= {status for window in windows for status in window["by_status"]}
    assert {"empty", "unrecognised", "part"} == {reason for window in windows for reason in window["skipped"]}
    assert sum(window["unknown_status"] for window in windows)
    assert sum(window["health_checks"] for window in windows)
    assert any(window["lines"] and not window["requests"] for window in windows)
