"""The scenarios once more, all at once through a real Kafka: shipper, two workers, four partitions."""

import asyncio
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from streams.core.plan import MINUTE_MS, PANE_MS
from streams.core.stamps import ms, text
from streams.core.values import Line
from streams.hosts.local import END_MS
from tests import scenario
from tests.pipeline import Pipeline, until
from tests.scenario import SCENARIOS, SHIPPED, Scenario, nats, transition
from tests.test_exact import owns_partitions, ship

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]


def chosen() -> list[Scenario]:
    """Return the scenarios that say the same when their lines are read later, as history, and come from files."""
    found = [scenario.load(path) for path in sorted(SCENARIOS.glob("*.toml"))]
    filed = [each for each in found if not any(line.provider == "probe" for line in each.lines)]
    return [each for each in filed if not each.live_only and "time" not in each.tables]


def named(case: Scenario, name: str) -> str:
    """Return a name that no other scenario has."""
    return f"{case.name.replace('_', '-')}-{name}"


def tables(case: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a scenario's apps and rules under names of their own, each rule for the apps it would watch."""
    apps = {line.app for line in case.lines}
    given = {app["name"]: app for app in case.tables.get("app", ())}
    for app in sorted(apps | given.keys()):
        yield "app", given.get(app, {}) | {"name": named(case, app)}
    shipped = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["rule"] if case.tables.get("shipped_rules") else None
    for table, rule in zip(shipped or case.tables["rule"], case.plan.rules, strict=True):
        watched = [named(case, app) for app in sorted(apps) if rule.watches(app, case.plan.app(app).monitoring)]
        rest = {name: value for name, value in table.items() if name not in {"monitoring", "apps"}}
        if watched:
            yield "rule", rest | {"name": named(case, rule.name), "apps": watched}


def written(cases: list[Scenario], directory: Path) -> Path:
    """Write the config of all scenarios, and their lines in the order of time; return the file of lines."""
    config: dict[str, str] = {"app": "", "rule": ""}
    lines: list[Line] = []
    for case in cases:
        for kind, table in tables(case):
            config[kind] += f"[[{kind}]]\n{scenario._table(table)}\n"  # noqa: SLF001  # the scenarios' own writer
        lines += [replace(line, app=named(case, line.app), instance=named(case, line.instance)) for line in case.lines]
    (directory / "flywatch.toml").write_text(config["app"])
    (directory / "rules.toml").write_text(config["rule"])
    (directory / "security.toml").touch()
    path = directory / "lines.ndjson"
    path.write_bytes(b"\n".join(nats(line) for line in sorted(lines, key=lambda line: ms(line.stamp or "") or 0)) + b"\n")
    return path


def end(case: Scenario) -> str:
    """Return until when a scenario alone would be judged; in company time goes on, and its apps are silent then."""
    last = max(ms(line.stamp or "") or 0 for line in case.lines)
    return text(last - last % PANE_MS + END_MS - case.plan.grace_ms)


def expected(cases: list[Scenario]) -> Counter[tuple[Any, ...]]:
    """Return all transitions that the scenarios name."""
    return Counter(
        (named(case, row["app"]), named(case, row["rule"]), row["state"], row["at"], row["reason"], row["level"])
        for case in cases
        for row in case.expected
    )


async def test_scenarios_on_kafka(kafka_bootstrap: str, tmp_path: Path) -> None:
    """Every scenario's transitions come out of the alerts topic, and no others, with the windows that it names."""
    cases = chosen()
    assert len(cases) > 15
    lines = written(cases, tmp_path)
    async with Pipeline(kafka_bootstrap, tmp_path, {"CONFIG": str(tmp_path), "TIME__MODE": "history"}) as pipeline:
        workers = [pipeline.start_worker(), pipeline.start_worker()]
        await owns_partitions(pipeline, workers[0])
        assert await asyncio.to_thread(ship(pipeline, "--history", str(lines)).wait, 60) == 0
        last = max(ms(line.stamp or "") or 0 for case in cases for line in case.lines)
        final = text(last - last % MINUTE_MS)

        async def closed() -> bool:
            return any(an_id.endswith(final) for an_id in await pipeline.windows())

        await until("the last minute is closed", closed, 60)
        ends = {named(case, line.app): end(case) for case in cases for line in case.lines}
        rows = [transition(alert) for alert in await pipeline.alerts() if alert["at"] <= ends[alert["app"]]]
        found = Counter((row["app"], row["rule"], row["state"], row["at"], row["reason"], row["level"]) for row in rows)
        assert found == expected(cases)
        windows = await pipeline.windows()
        for case in cases:
            for row in case.windows:
                window = windows[f"{named(case, row['app'])}/{row['start']}"]
                assert {name: window[name] for name in row if name not in {"app", "id"}} == {
                    name: value for name, value in row.items() if name not in {"app", "id"}
                }
