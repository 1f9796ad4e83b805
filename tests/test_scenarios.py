"""Every scenario on every host that needs no broker: lines in, alerts out, and the oracle agrees with what is expected."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from streams import rules_file
from tests import oracle
from tests.scenario import (
    SCENARIOS,
    Cutting,
    Outcome,
    Scenario,
    load,
    piped,
    replayed,
    spread,
    transition,
    watched,
)

CASES = [load(path) for path in sorted(SCENARIOS.glob("*.toml"))]
HISTORY = [case for case in CASES if not case.live_only]
Host = Callable[[Scenario, Path], Outcome]

LIVE: dict[str, Host] = {
    "a record a line": lambda case, _: piped(case.plan, case.arrivals, Cutting()),
    "batches of any size": lambda case, _: piped(case.plan, case.arrivals, Cutting(most=40, seed=1)),
    "Fly's own lines": lambda case, _: piped(case.plan, case.arrivals, Cutting(most=40, seed=2, shape="nats")),
    "four partitions": lambda case, _: spread(case.plan, case.arrivals, Cutting(4, most=20, seed=3)),
}
FROM_FILES: dict[str, Host] = {
    "standard input": lambda case, _: watched(case.plan, case.lines),
    "a file": lambda case, directory: replayed(case.plan, case.lines, directory),
    "several files": lambda case, directory: replayed(case.plan, case.lines, directory, files=3),
}


def told(case: Scenario, outcome: Outcome) -> None:
    """Hold an outcome against what a scenario expects: all transitions in order, and the windows it names."""
    assert outcome.transitions == case.expected
    for expected in case.windows:
        document = outcome.windows[f"{expected['app']}/{expected['start']}"]
        assert {name: document[name] for name in expected} == expected


@pytest.mark.parametrize("host", LIVE.values(), ids=LIVE)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_scenario_live(case: Scenario, host: Host, tmp_path: Path) -> None:
    """Records of lines and ticks give the alerts and windows that a scenario expects, however they are cut."""
    told(case, host(case, tmp_path))


@pytest.mark.parametrize("host", FROM_FILES.values(), ids=FROM_FILES)
@pytest.mark.parametrize("case", HISTORY, ids=lambda case: case.name)
def test_a_scenario_as_history(case: Scenario, host: Host, tmp_path: Path) -> None:
    """The same lines from a file or standard input give the same alerts and windows."""
    told(case, host(case, tmp_path))


@pytest.mark.parametrize("case", HISTORY, ids=lambda case: case.name)
def test_the_oracle_agrees_with_a_scenario(case: Scenario) -> None:
    """What people expect of a scenario is what the slow recount finds."""
    found = oracle.alerts(case.lines, case.plan)
    assert [
        {name: each[name] for name in expected} for each, expected in zip(found, case.expected, strict=True)
    ] == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_scenario_can_be_written_as_config(case: Scenario) -> None:
    """The rules of a scenario are the same when they are written to a file and read again."""
    assert rules_file.rules(tomllib.loads(case.rules_toml()), Path("rules.toml"), None) == case.plan.rules
    apps = tomllib.loads(case.flywatch_toml()).get("app", [])
    assert [app["name"] for app in apps] == list(case.plan.apps)


def test_a_transition_names_its_level() -> None:
    """A scenario's expectation of an alert has the level of its escalation, 0 without one."""
    alert = {"app": "shop", "reason": None, "rule": "r", "state": "firing", "at": "t", "escalation": None}
    assert transition(alert)["level"] == 0
    assert transition(alert | {"escalation": {"level": 2}})["level"] == 2
