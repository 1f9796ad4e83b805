"""Config files and environment against golden errors: what loads, what does not, and what people are told then."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from streams.config_errors import ConfigError
from streams.config_model import duration_ms, duration_text
from streams.core.plan import Limits, Plan
from streams.core.rules import Severity
from streams.rules_file import RuleTable
from streams.settings import NEVER_AHEAD_MS, Settings, load

CASES = Path(__file__).parent / "config"
SHIPPED = Path(__file__).parents[1] / "config"


def header(file: Path, word: str) -> list[str]:
    """Return what the leading comments of a case say of a word."""
    start = f"# {word}: "
    return [line.removeprefix(start) for line in file.read_text().splitlines() if line.startswith(start)]


def loaded(case: Path, directory: Path) -> Settings:
    """Load a case in the place of the file that it is named after; the other files are the shipped ones, or empty."""
    environ = dict(line.split("=", 1) for line in header(case, "env"))
    if case.name.startswith("rules-"):
        return load(SHIPPED, case, environ)
    for name in ("flywatch", "rules", "security"):
        (directory / f"{name}.toml").write_bytes(case.read_bytes() if case.name.startswith(f"{name}-") else b"")
    return load(directory, None, environ)


@pytest.mark.parametrize("case", sorted(CASES.glob("*.good.toml")), ids=lambda case: case.name)
def test_a_good_file_loads(case: Path, tmp_path: Path) -> None:
    """Every good case loads, and makes a plan for the core."""
    assert isinstance(loaded(case, tmp_path).plan(), Plan)


@pytest.mark.parametrize("case", sorted(CASES.glob("*.bad.toml")), ids=lambda case: case.name)
def test_a_bad_file_gives_its_golden_errors(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bad case gives exactly the errors that its head says, each on one line that begins with the place."""
    monkeypatch.chdir(case.parent if case.name.startswith("rules-") else tmp_path)
    with pytest.raises(ConfigError) as raised:
        loaded(case, tmp_path)
    file = case.name if case.name.startswith("rules-") else f"{case.name.partition('-')[0]}.toml"
    golden = [line if line.startswith("environment: ") else f"{file}: {line}" for line in header(case, "error")]
    assert list(raised.value.problems) == golden
    assert str(raised.value).splitlines() == golden


def test_all_files_report_at_once(tmp_path: Path) -> None:
    """Errors of flywatch.toml, the environment, rules.toml and security.toml come together; apps of a bad file still count."""
    (tmp_path / "flywatch.toml").write_text('[kafka]\nhost = "x"\n\n[[app]]\nname = "web"\ncritical = "very"\n')
    (tmp_path / "rules.toml").write_text(
        '[[rule]]\nname = "a"\nseverity = "info"\nmetric = "p95"\nwindow = "1m"\nabove = -1\napps = ["web", "wob"]\n'
    )
    (tmp_path / "security.toml").write_text('[[bucket]]\nname = "b"\n')
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, environ={"FLYWATCH_NOPE": "1", "FLYWATCH_TOPICS__PARTITIONS": "0"})
    places = [line.split(": ", 1)[0].rsplit("/", 1)[-1] for line in raised.value.problems]
    assert places == [
        "environment",
        "flywatch.toml",
        "environment",
        "flywatch.toml",
        "rules.toml",
        "rules.toml",
        *["security.toml"] * 4,
    ]


def test_missing_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory without config names the files as they were looked for, and how to point elsewhere."""
    monkeypatch.chdir(tmp_path)
    what = "no such file; FLYWATCH_CONFIG names the directory of the files"
    with pytest.raises(ConfigError) as raised:
        load(environ={"FLYWATCH_CONFIG": "here"})
    assert raised.value.problems == tuple(f"here/{name}.toml: {what}" for name in ("flywatch", "rules", "security"))


def test_unreadable_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are not UTF-8 are told with their line, and a directory in the place of a file as such."""
    monkeypatch.chdir(tmp_path)
    Path("flywatch.toml").write_bytes(b'[kafka]\nbootstrap = "\xff"\n')
    Path("rules.toml").mkdir()
    Path("security.toml").touch()
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, environ={})
    first, second = raised.value.problems
    assert first == "flywatch.toml: line 2: is not UTF-8 text"
    assert second.startswith("rules.toml: cannot be read: ")


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    """Variables replace what the file says, typed as the file would type it; empty ones and others' do nothing."""
    settings = loaded(CASES / "flywatch-all.good.toml", tmp_path)
    assert settings.kafka.bootstrap == "a:9092,[::1]:9093"
    assert (settings.topics.partitions, settings.topics.logs, settings.topics.panes) == (8, "team.logs", "fly.panes")
    assert settings.topics.keep_ms("logs") == 2 * 86_400_000
    assert settings.publish.requests is False
    assert settings.worker.data_dir == Path("state")
    assert settings.limits.join_age_ms == 300_000
    assert (settings.unlisted, settings.time.grace_ms) == ("ignore", 0)


def test_history_waits_for_every_source(tmp_path: Path) -> None:
    """In mode history no stamp is ahead and no source is left behind, while the lateness stays."""
    plan = loaded(CASES / "flywatch-all.good.toml", tmp_path).plan()
    assert (plan.lateness_ms, plan.ahead_ms, plan.silent_ms) == (600_000, NEVER_AHEAD_MS, None)
    assert plan.app("web").health_paths == {"/up", "/hc"}
    assert plan.app("other").monitoring == "ignore"


def test_settings_are_frozen() -> None:
    """Nothing that was loaded can be changed."""
    settings = load(SHIPPED, environ={})
    with pytest.raises(ValueError, match="frozen"):
        settings.kafka.bootstrap = "elsewhere:9092"  # type: ignore[misc]  # that it is refused is the point


def test_the_shipped_file_states_the_defaults(tmp_path: Path) -> None:
    """config/flywatch.toml says of everything but the apps what holds without it, and the limits are the core's."""
    (tmp_path / "flywatch.toml").touch()
    (tmp_path / "rules.toml").touch()
    (tmp_path / "security.toml").touch()
    bare, shipped = load(tmp_path, environ={}), load(SHIPPED, environ={})
    assert shipped.model_copy(update={"apps": (), "rules": (), "security": bare.security}) == bare
    assert bare.plan().limits == Limits()
    stated = tomllib.loads((SHIPPED / "flywatch.toml").read_text())
    assert len(stated["limits"]) == len(fields(Limits))


def test_the_shipped_apps_are_the_runbooks() -> None:
    """The five apps of the runbook are there, with their environment, level and importance."""
    table = [(app.name, app.environment, app.monitoring, app.critical) for app in load(SHIPPED, environ={}).apps]
    assert table == [
        ("hotdash-staging", "staging", "full", True),
        ("hotdash-production", "production", "full", True),
        ("hotdash-chatwoot", "shared", "full", True),
        ("hotdash-agent-service", "shared", "basic", False),
        ("hotdash-llamaindex-mcp", "shared", "basic", False),
    ]


def test_the_shipped_rules_are_the_runbooks() -> None:
    """What the runbook says of errors, times, queries, caches, events and measurements: bounds, durations, severities."""
    rules = load(SHIPPED, environ={}).rules
    table = {rule.name: (rule.severity, rule.metric, rule.threshold, rule.for_ms // 60_000) for rule in rules}
    assert table == {
        "high-error-rate": (Severity.CRITICAL, "error_ratio", 0.05, 5),
        "response-time-degradation": (Severity.CRITICAL, "p95", 10_000, 10),
        "db-connection-failure": (Severity.CRITICAL, "events.db_connection", 0.0, 0),
        "out-of-memory": (Severity.CRITICAL, "events.oom", 0.0, 0),
        "elevated-error-rate": (Severity.WARNING, "error_ratio", 0.01, 0),
        "slow-responses": (Severity.WARNING, "p95", 5_000, 0),
        "log-format-changed": (Severity.INFO, "unrecognised_ratio", 0.5, 0),
        "slow-queries": (Severity.WARNING, "query_p95", 500, 0),
        "very-slow-queries": (Severity.CRITICAL, "query_p95", 1_000, 0),
        "cache-misses": (Severity.INFO, "cache_miss_ratio", 0.5, 0),
        "app-down": (Severity.CRITICAL, "health_ok", 0.001, 0),
        "health-checks-fail": (Severity.WARNING, "health_ok", 0.9, 0),
        "certificate-expires": (Severity.WARNING, "tls_days", 14, 0),
        "machines-unwell": (Severity.WARNING, "machines_ok", 1, 5),
        "memory-exhaustion": (Severity.CRITICAL, "memory_ratio", 0.9, 5),
        "memory-high": (Severity.WARNING, "memory_ratio", 0.8, 15),
        "cpu-high": (Severity.WARNING, "cpu_ratio", 0.8, 15),
        "cpu-exhaustion": (Severity.CRITICAL, "cpu_ratio", 0.9, 15),
        "disk-space": (Severity.WARNING, "disk_ratio", 0.8, 0),
        "disk-full": (Severity.CRITICAL, "disk_ratio", 0.9, 0),
        "pool-high": (Severity.WARNING, "pool_ratio", 0.8, 0),
        "pool-exhaustion": (Severity.CRITICAL, "pool_ratio", 0.95, 0),
        "slow-statements": (Severity.WARNING, "statement_p95", 500, 5),
        "very-slow-statements": (Severity.CRITICAL, "statement_p95", 1_000, 5),
        "probes-fail": (Severity.WARNING, "probes_ok", 0.9, 10),
        "log-gap": (Severity.WARNING, "events.log_gap", 0, 0),
    }
    assert all(rule.actions for rule in rules)


def test_ignored_apps_are_watched_by_no_rule(tmp_path: Path) -> None:
    """A rule that names neither apps nor levels stands for all levels, but not for apps that are to be ignored."""
    rule = loaded(CASES / "rules-least.good.toml", tmp_path).rules[0]
    assert [rule.watches("any", level) for level in ("full", "basic", "ignore")] == [True, True, False]


def test_a_rule_says_all_that_the_core_can_do() -> None:
    """Every field of the core's rule can be written in rules.toml, and nothing else can."""
    named = {field.name for field in fields(type(load(SHIPPED, environ={}).rules[0]))}
    assert set(RuleTable.model_fields) == named


@pytest.mark.parametrize(
    ("text", "ms"),
    [("250ms", 250), ("90s", 90_000), ("10m", 600_000), ("1h", 3_600_000), ("7d", 604_800_000), ("0s", 0)],
)
def test_durations_read_and_write(text: str, ms: int) -> None:
    """A duration is read as milliseconds, and milliseconds are written in the largest unit that divides them."""
    assert duration_ms(text) == ms
    assert duration_ms(duration_text(ms)) == ms


ODD: list[Any] = [
    None, True, -1, 0, 1.5, float("nan"), float("-inf"), 10**5000, "", "x" * 500, "a\nb", "1h", "{app.x}", "٣s",
    [], [[]], ["x", 1], {}, {"a": 1}, [{}], date(2025, 10, 10),
]  # fmt: skip


def places(table: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value in a document, tables and lists included."""
    for key, value in table.items() if isinstance(table, dict) else enumerate(table):
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, (*above, key))


def with_odd(document: Mapping[str, Any], place: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of a document in which one value is another."""
    if not place:
        return value
    copied: Any = document.copy()  # type: ignore[attr-defined]  # a dict or a list
    copied[place[0]] = with_odd(copied[place[0]], place[1:], value)
    return copied


def refusals() -> tuple[str, ...]:
    """Return what is wrong with the config at hand; nothing when it loads."""
    try:
        load(SHIPPED, environ={})
    except ConfigError as error:
        return error.problems or ("refused without a reason\n",)
    return ()


@pytest.mark.parametrize("name", ["flywatch.toml", "rules.toml"])
def test_any_value_anywhere_loads_or_is_refused_in_lines(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands in the place of any setting, config loads or raises one-line problems, and nothing else."""
    documents = {file.name: tomllib.loads(file.read_text()) for file in SHIPPED.glob("*.toml")}
    documents["security.toml"] = {}  # test_security_guard does the same to it
    for place in places(documents[name]):
        for value in ODD:
            changed = {**documents, name: with_odd(documents[name], place, value)}
            monkeypatch.setattr("streams.settings._read", lambda file, _, changed=changed: changed[file.name])
            problems = refusals()
            assert not [line for line in problems if "\n" in line or "Input should" in line], problems
