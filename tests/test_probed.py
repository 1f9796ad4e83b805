"""What lines of probes say: measurements and events, of whom they are believed, and how they add up in any cut."""

from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from streams import codec
from streams.core import panes
from streams.core.batches import Batch, read
from streams.core.gauges import GAUGES, MILLION
from streams.core.joins import Joins
from streams.core.plan import Plan
from streams.core.probed import read as read_probe
from streams.core.reading import parse
from streams.core.records import Happened, Record
from streams.core.rules import Rule, Severity
from streams.core.stamps import text
from streams.core.tally import Tally
from streams.core.values import EventKind, Line, Reading, Reason, Skipped
from streams.hosts.parse_files import rows
from tests import oracle
from tests.scenario import SCENARIOS, Cutting, arriving, load, nats, piped, replayed, spread, watched
from tests.seeded import APPS, MINUTE, RULES, generated

AT = 1_760_119_209_000  # 2025-10-10T18:00:09Z
STAMP = "2025-10-10T18:00:01.250Z"
WELL = '{"probe":"health","ok":true,"status":200,"duration_ms":12.5,"tls_days":60.25}'
CASES: dict[str, tuple[dict[str, float], EventKind | None]] = {
    WELL: ({"probes_ok": 1, "health_ok": 1, "health_ms": 12.5, "tls_days": 60.25}, None),
    '{"probe":"health","ok":false,"error":"refused"}': ({"probes_ok": 1, "health_ok": 0}, EventKind.HEALTH_CHECK_FAILED),
    '{"probe":"health","ok":false,"error":"bug"}': ({"probes_ok": 0}, None),
    '{"probe":"machines","ok":true,"state":"started"}': ({"probes_ok": 1, "machines_ok": 1}, None),
    '{"probe":"machines","ok":false,"error":"check","state":"started"}': (
        {"probes_ok": 1, "machines_ok": 0},
        EventKind.HEALTH_CHECK_FAILED,
    ),
    '{"probe":"machines","ok":false,"error":"unavailable","state":"started"}': ({"probes_ok": 1, "machines_ok": 0}, None),
    '{"probe":"machines","ok":false,"error":"auth"}': ({"probes_ok": 0}, None),
    '{"probe":"machines","ok":false,"error":"oom","event":"exit"}': ({"probes_ok": 1}, EventKind.OOM),
    '{"probe":"machines","ok":true,"event":"exit","exit_code":0}': ({"probes_ok": 1}, EventKind.MACHINE_STOPPED),
    '{"probe":"metrics","ok":true,"memory_ratio":0.5,"cpu_ratio":1}': (
        {"probes_ok": 1, "memory_ratio": 0.5, "cpu_ratio": 1},
        None,
    ),
    '{"probe":"metrics","ok":true,"duration_ms":7}': ({"probes_ok": 1}, None),
    '{"probe":"database","ok":true,"pool_ratio":0.25,"query_p95_ms":80}': (
        {"probes_ok": 1, "pool_ratio": 0.25, "statement_p95": 80},
        None,
    ),
    '{"probe":"database","ok":false,"error":"timeout"}': ({"probes_ok": 0}, EventKind.DB_CONNECTION),
    '{"probe":"database","ok":false,"error":"auth"}': ({"probes_ok": 0}, None),
    '{"probe":"log_gap","ok":false,"source":"nats","reason":"api"}': ({}, EventKind.LOG_GAP),
}  # fmt: skip
NOT_READ = [
    "", "{", '{"probe":"weather"}', '{"probe":', '{"ok":true,"probe":"health"}', ' {"probe":"health","ok":true}',
    '{"probe":"health","ok":1}', '{"probe":"metrics","memory_ratio":true}', '{"probe":"metrics","memory_ratio":"0.5"}',
    '{"probe":"metrics","memory_ratio":1e300}', '{"probe":"metrics","memory_ratio":NaN}', '{"probe":"metrics"}\n{}',
    '{"probe":"x","a":' + "[" * 900, "GET / 200 12 - 3.2 ms",
]  # fmt: skip


@pytest.mark.parametrize("said", CASES)
def test_what_a_line_says(said: str) -> None:
    """Each line gives its measurements and its event; a line that failed measures nothing that it could not know."""
    gauges, event = CASES[said]
    found = read_probe(said)
    assert isinstance(found, Reading)
    assert {name: millionths / MILLION for name, millionths in found.gauges} == gauges
    assert (None if found.event is None else found.event.event) == event


@pytest.mark.parametrize("said", NOT_READ)
def test_what_nobody_reads(said: str) -> None:
    """A line that is no probe's, or says nothing known, is skipped for that reason, and is no request either."""
    assert parse(Line(said, STAMP, "shop", "health", provider="probe"), Joins()) == Skipped(Reason.PROBE)


def test_an_app_cannot_forge_it() -> None:
    """The same words of any other provider measure nothing, in whatever shape they come."""
    for provider in ("app", "proxy", "runner", ""):
        line = Line(WELL, STAMP, "shop", "m1", provider=provider)
        assert not isinstance(parse(line, Joins()), Reading)
        for value in (codec.encode_batch("shop", "m1", "", provider, "", [[STAMP, WELL]]), nats(line)):
            assert _folded(value).gauges == {}


def _folded(value: bytes) -> Tally:
    part = panes.Partition(0)
    for record in (Record(1, AT, value, b"shop/m1"), Record(2, AT, codec.TICK)):
        panes.step(part, record, Plan())
    (tally,) = part.panes.values()
    return tally


def test_batches_of_several_levels_keep_their_provider() -> None:
    """Rows that name provider and level are the probe's if all of them are; of several providers nobody says whose."""
    wide: list[list[str | None]] = [[STAMP, WELL], [STAMP, '{"probe":"health","ok":false,"error":"dns"}', "probe", "error"]]
    assert _folded(codec.encode_batch("shop", "health", "", "probe", "info", wide)).gauges["health_ok"].n == 2
    mixed = read(codec.encode_batch("shop", "m1", "", "probe", "info", [[STAMP, WELL, "app", ""], [STAMP, WELL]]), b"", 9_999)
    assert isinstance(mixed, Batch)
    assert mixed.provider == ""


def test_a_pane_of_probes() -> None:
    """Lines of probes are counted as such, add up, survive JSON, and tell their events at once with the line masked."""
    texts = [*CASES, "nobody reads it", '{"probe":"log_gap","reason":"ann@example.com"}']
    part, outputs = panes.Partition(0), list[Any]()
    value = codec.encode_batch("shop", "health", "ams", "probe", "info", [[STAMP, each] for each in texts])
    for record in (Record(1, AT, value), Record(2, AT, codec.TICK)):
        outputs += panes.step(part, record, Plan()).outputs
    (tally,) = part.panes.values()
    assert (tally.lines, tally.probes, dict(tally.skipped)) == (len(texts), len(texts), {"probe": 1})
    assert tally.gauges["probes_ok"].dump() == [14, 10 * MILLION, MILLION, 0]
    assert tally.events == {"health_check_failed": 2, "oom": 1, "machine_stopped": 1, "db_connection": 1, "log_gap": 2}
    assert tally.failing.startswith('{"probe":"machines","ok":false')
    assert Tally.load(orjson.loads(orjson.dumps(tally.dump(), option=orjson.OPT_NON_STR_KEYS))) == tally
    events = [output for output in outputs if isinstance(output, Happened)]
    assert [each.event.event for each in events if each.event.event is EventKind.LOG_GAP] == [EventKind.LOG_GAP] * 2
    assert (events[0].event.about, events[0].instance, events[0].region) == ("refused", "health", "ams")
    assert "ann@" not in str(events)


def test_what_is_late_measures_nothing() -> None:
    """A probe's line of two hours ago is late: counted, and in no gauge."""
    line = codec.encode_batch("shop", "health", "", "probe", "info", [["2025-10-10T15:59:00Z", WELL]])
    tally = _folded(line)
    assert (tally.lines, tally.probes, dict(tally.skipped), tally.gauges) == (1, 0, {"late": 1}, {})


def test_parse_prints_measurements() -> None:
    """``flywatch parse`` prints each measurement with its unit, and what happened; findings of security there are none."""
    failed = '{"probe":"health","ok":false,"error":"status","status":500,"duration_ms":3.5}'
    found = list(rows(iter([nats(Line(failed, STAMP, "shop", "health", "ams", "probe"))]), ""))
    assert [(row["kind"], row.get("name"), row.get("value"), row.get("unit"), row.get("event")) for row in found] == [
        ("event", None, None, None, "health_check_failed"),
        ("sample", "probes_ok", 1.0, "ratio", None),
        ("sample", "health_ok", 0.0, "ratio", None),
        ("sample", "health_ms", 3.5, "ms", None),
    ]


def measured(seed: int) -> list[Line]:
    """Return a seeded log, and between its lines, and while it says nothing, those of probes."""
    rng, lines = Random(seed), generated(seed, minutes=16)
    begin = oracle.stamp_ms(lines[0].stamp or "")
    end = begin + 20 * MINUTE
    found = [(oracle.stamp_ms(line.stamp or ""), line) for line in lines]
    for app in APPS:
        for at_ms in range(begin, end, rng.randrange(9_000, 25_000)):
            if rng.random() < 0.8:
                fields = {name: round(rng.random(), 4) for name in ("memory_ratio", "cpu_ratio", "transaction_s", "tls_days")}
                kept = dict(rng.sample(sorted(fields.items()), rng.randrange(4)))
                said = rng.choice([*CASES, orjson.dumps({"probe": "metrics", "ok": True} | kept).decode(), "odd"])
                stamp = text(at_ms)
                found.append((at_ms, Line(said, stamp, app, rng.choice(("health", "m1", "m2")), "iad", "probe")))
    return [line for _, line in sorted(found, key=lambda each: each[0])]


OF_GAUGES = tuple(
    Rule(f"of-{name}", Severity.WARNING, name, width, above=bound, min_requests=least, widen_ms=5 * MINUTE)
    for name, width, bound, least in (
        ("memory_ratio", MINUTE, 0.6, 1), ("cpu_ratio", 30_000, 0.3, 2), ("transaction_s", 2 * MINUTE, 0.02, 1),
        ("statement_p95", MINUTE, 50, 1), ("health_ms", MINUTE, 10, 1),
    )
)  # fmt: skip
BELOW = tuple(
    Rule(f"of-{name}", Severity.WARNING, name, MINUTE, below=bound, min_requests=least, for_ms=10_000)
    for name, bound, least in (("health_ok", 0.9, 1), ("machines_ok", 0.9, 1), ("tls_days", 0.9, 1), ("probes_ok", 0.8, 2))
)


@pytest.mark.parametrize("seed", range(2))
def test_a_recount_agrees_however_lines_are_cut(seed: int, tmp_path: Path) -> None:
    """Windows and alerts of measurements are what a slow recount finds: in batches, over partitions, from files."""
    lines = measured(seed)
    plan = Plan(rules=(*RULES, *OF_GAUGES, *BELOW, Rule("gap", Severity.INFO, "events.log_gap", MINUTE, above=0)), apps=APPS)
    expected, windows = oracle.alerts(lines, plan), oracle.windows(lines, plan)
    assert {rule.name for rule in (*OF_GAUGES, *BELOW)} <= {each["rule"] for each in expected}
    arrivals = arriving(lines)
    outcomes = [
        piped(plan, arrivals, Cutting(most=40, seed=seed)),
        spread(plan, arrivals, Cutting(4, most=20, seed=seed)),
        watched(plan, lines),
        replayed(plan, lines, tmp_path),
    ]
    for outcome in outcomes:
        assert [_place(each) for each in outcome.transitions] == [_place(each) for each in expected]
        found = {an_id: window for an_id, window in outcome.windows.items() if an_id in windows}
        assert [_counts(found[an_id]) for an_id in windows] == [_counts(window) for window in windows.values()]


def test_an_alert_shows_what_a_probe_found() -> None:
    """The evidence of an alert about measurements is a line of the probe that found something wrong."""
    case = load(SCENARIOS / "app_down.toml")
    down = next(alert for alert in piped(case.plan, case.arrivals, Cutting()).alerts if alert["rule"] == "app-down")
    (line,) = down["evidence"]["lines"]
    assert orjson.loads(line)["error"] in {"status", "refused"}
    assert down["summary"] == "No health check of shop has passed for two minutes"


def _counts(window: dict[str, Any]) -> tuple[Any, ...]:
    return window["lines"], window["probes"], window["gauges"], window["events"], window["skipped"].get("probe")


def _place(each: dict[str, Any]) -> tuple[Any, ...]:
    return each["at"], each["app"], each["rule"], each["state"]


def test_every_gauge_has_a_case() -> None:
    """Each gauge is measured by a case of ours, or by one beside them."""
    shown = {name for gauges, _ in CASES.values() for name in gauges}
    assert GAUGES.keys() - shown == {"disk_ratio", "transaction_s", "replication_lag_s"}
