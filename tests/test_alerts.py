"""The life of an alert, row by row: every state with every judgement, at and beside each boundary in time."""

from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace

from streams.core.alerts import IDLE, Change, State, Watch, alert_id, turn
from streams.core.rules import Escalation, Judged, Rule, Severity

BREACHED, CLEAR, NO_DATA = Judged.BREACHED, Judged.CLEAR, Judged.NO_DATA
RULE = Rule(
    "errors",
    Severity.CRITICAL,
    "error_ratio",
    60_000,
    above=0.05,
    for_ms=60_000,
    keep_firing_ms=30_000,
    no_data_after_ms=120_000,
    escalate=(Escalation(100_000, ("a",)), Escalation(200_000, ("b",))),
)
AT_ONCE = replace(RULE, for_ms=0, keep_firing_ms=0, escalate=())
TELLS = replace(RULE, publish_pending=True)
PENDING = Watch(State.PENDING, started_ms=1_000_000, data_ms=1_000_000)
FIRING = Watch(State.FIRING, started_ms=1_000_000, fired_ms=1_060_000, data_ms=1_060_000)
CLEARING = replace(FIRING, clear_ms=1_070_000, data_ms=1_070_000)
TOLD = replace(FIRING, escalated=1, data_ms=1_160_000)
FIRED = Change(State.FIRING)
ENDED, STARVED = Change(State.RESOLVED, reason="clear"), Change(State.RESOLVED, reason="no_data")
FIRST, SECOND = Change(State.ESCALATED, 1), Change(State.ESCALATED, 2)

# rule, watch, judged, at_ms -> the watch after it, and what is said
TABLE: list[tuple[str, Rule, Watch, Judged, int, Watch, tuple[Change, ...]]] = [
    ("idle and clear", RULE, IDLE, CLEAR, 1_000_000, IDLE, ()),
    ("idle without data", RULE, IDLE, NO_DATA, 1_000_000, IDLE, ()),
    ("idle and breached", RULE, IDLE, BREACHED, 1_000_000, PENDING, ()),
    ("idle and breached, told", TELLS, IDLE, BREACHED, 1_000_000, PENDING, (Change(State.PENDING),)),
    (
        "idle and breached, no for",
        AT_ONCE,
        IDLE,
        BREACHED,
        1_000_000,
        replace(FIRING, fired_ms=1_000_000, data_ms=1_000_000),
        (FIRED,),
    ),
    ("pending, just before for", RULE, PENDING, BREACHED, 1_059_999, replace(PENDING, data_ms=1_059_999), ()),
    ("pending, exactly for", RULE, PENDING, BREACHED, 1_060_000, FIRING, (FIRED,)),
    (
        "pending, past for",
        RULE,
        PENDING,
        BREACHED,
        1_090_000,
        replace(FIRING, fired_ms=1_090_000, data_ms=1_090_000),
        (FIRED,),
    ),
    ("pending and clear", RULE, PENDING, CLEAR, 1_010_000, IDLE, ()),
    ("pending and clear past for", RULE, PENDING, CLEAR, 1_060_000, IDLE, ()),
    ("pending without data", RULE, PENDING, NO_DATA, 1_119_999, PENDING, ()),
    ("pending without data for too long", RULE, PENDING, NO_DATA, 1_120_000, IDLE, ()),
    ("firing and breached", RULE, FIRING, BREACHED, 1_070_000, replace(FIRING, data_ms=1_070_000), ()),
    ("firing and clear", RULE, FIRING, CLEAR, 1_070_000, CLEARING, ()),
    ("firing and clear, no keep_firing", AT_ONCE, FIRING, CLEAR, 1_070_000, IDLE, (ENDED,)),
    ("clearing, just before keep_firing", RULE, CLEARING, CLEAR, 1_099_999, replace(CLEARING, data_ms=1_099_999), ()),
    ("clearing, exactly keep_firing", RULE, CLEARING, CLEAR, 1_100_000, IDLE, (ENDED,)),
    ("clearing and breached", RULE, CLEARING, BREACHED, 1_100_000, replace(FIRING, data_ms=1_100_000), ()),
    ("clearing without data", RULE, CLEARING, NO_DATA, 1_189_999, replace(CLEARING, escalated=1), (FIRST,)),
    ("firing without data", RULE, FIRING, NO_DATA, 1_150_000, FIRING, ()),
    ("firing without data for too long", RULE, FIRING, NO_DATA, 1_180_000, IDLE, (STARVED,)),
    ("just before the first level", RULE, FIRING, BREACHED, 1_159_999, replace(FIRING, data_ms=1_159_999), ()),
    ("exactly at the first level", RULE, FIRING, BREACHED, 1_160_000, TOLD, (FIRST,)),
    ("the first level is told once", RULE, TOLD, BREACHED, 1_170_000, replace(TOLD, data_ms=1_170_000), ()),
    (
        "exactly at the second level",
        RULE,
        TOLD,
        BREACHED,
        1_260_000,
        replace(TOLD, escalated=2, data_ms=1_260_000),
        (SECOND,),
    ),
    (
        "both levels at once",
        RULE,
        FIRING,
        BREACHED,
        1_260_000,
        replace(FIRING, escalated=2, data_ms=1_260_000),
        (FIRST, SECOND),
    ),
    ("a level is told without data", RULE, FIRING, NO_DATA, 1_160_000, replace(FIRING, escalated=1), (FIRST,)),
    (
        "a level is told while clearing",
        RULE,
        replace(FIRING, clear_ms=1_150_000),
        CLEAR,
        1_160_000,
        replace(TOLD, clear_ms=1_150_000),
        (FIRST,),
    ),
    ("an end is no level", RULE, replace(FIRING, clear_ms=1_130_000), CLEAR, 1_160_000, IDLE, (ENDED,)),
]


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_a_row_of_the_table(row: Any) -> None:
    """A watch in a state becomes what the table says after a judgement at a time, and says what the table says."""
    _, rule, watch, judged, at_ms, after, said = row
    assert turn(rule, watch, judged, at_ms) == (after, said)


def test_the_table_is_whole() -> None:
    """Every state a watch can be in meets every judgement in the table."""
    rows = {(row[2].state, row[3]) for row in TABLE}
    assert rows == {(state, judged) for state in (State.INACTIVE, State.PENDING, State.FIRING) for judged in Judged}


@pytest.mark.parametrize("judged", Judged)
@pytest.mark.parametrize("watch", [IDLE, PENDING, FIRING, CLEARING, TOLD], ids=lambda watch: str(watch.state))
def test_a_second_turn_at_the_same_time_says_nothing(watch: Watch, judged: Judged) -> None:
    """Unless a life began or ended, judging the same again at the same time changes nothing more."""
    once, said = turn(RULE, watch, judged, 1_065_000)
    if any(change.state in {State.FIRING, State.RESOLVED} for change in said) or once.state is not watch.state:
        return
    assert turn(RULE, once, judged, 1_065_000) == (once, ())


def test_the_id_is_the_lifes_alone() -> None:
    """An alert's id is made of rule, app, per and start, is the same forever, and differs in each of them."""
    an_id = alert_id("errors", "shop", "", 1_760_119_200_000)
    assert an_id == sha256(b"errors\nshop\n\n1760119200000").hexdigest()[:16] == "66c6e52c0b8898d0"
    others = {
        alert_id("error", "sshop", "", 1_760_119_200_000),
        alert_id("errors", "shop", "m1", 1_760_119_200_000),
        alert_id("errors", "shop", "", 1_760_119_210_000),
        alert_id("errors", "side", "", 1_760_119_200_000),
    }
    assert len(others | {an_id}) == 5


@pytest.mark.parametrize(
    ("rule", "value", "judged"),
    [
        (replace(RULE, above=0.05), None, NO_DATA),
        (replace(RULE, above=0.05), 0.05, CLEAR),
        (replace(RULE, above=0.05), 0.0500001, BREACHED),
        (replace(RULE, above=0.0), 0.0, CLEAR),
        (replace(RULE, above=0.0), 1e-9, BREACHED),
        (replace(RULE, above=None, below=0.2), 0.2, CLEAR),
        (replace(RULE, above=None, below=0.2), 0.1999, BREACHED),
        (replace(RULE, above=None, below=0.0), 0.0, CLEAR),
    ],
)
def test_a_value_is_judged(rule: Rule, value: float | None, judged: Judged) -> None:
    """A value beyond the bound is a breach, one at the bound is clear, and none is no data."""
    assert rule.judge(value) is judged


@pytest.mark.parametrize(
    ("apps", "monitoring", "app", "level", "watched"),
    [
        ((), (), "shop", "full", True),
        ((), (), "shop", "ignore", False),
        ((), ("full",), "shop", "full", True),
        ((), ("full",), "shop", "basic", False),
        (("shop",), (), "shop", "ignore", True),
        (("shop",), (), "side", "full", False),
    ],
)
def test_a_rule_stands_for_apps(
    apps: tuple[str, ...],
    monitoring: tuple[str, ...],
    app: str,
    level: str,
    watched: bool,
) -> None:
    """A rule stands for the apps it names, else for those of its levels, else for all that are not ignored."""
    assert replace(RULE, apps=apps, monitoring=monitoring).watches(app, level) is watched
