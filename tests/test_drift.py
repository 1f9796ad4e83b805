"""What an app's lines say when nothing recognises them any more: the share, an example, the event."""

from typing import Any

from msgspec.structs import replace

from streams import codec
from streams.core.plan import Plan
from streams.core.records import Happened, Output, Published, Record
from streams.core.rules import Rule, Severity
from streams.core.stamps import text
from streams.core.values import EventKind
from streams.hosts.local import END_MS, Pipeline

NOW = 1_760_119_200_000  # 2025-10-10T18:00:00Z
MINUTE = 60_000
RULE = Rule(
    "log-format-changed",
    Severity.INFO,
    "unrecognised_ratio",
    window_ms=MINUTE,
    above=0.5,
    min_requests=4,
    baseline_ms=5 * MINUTE,
    baseline_below=0.1,
)
KNOWN = "GET /orders/7 200 12 - 3.5 ms"
SECRET = "order shown, token=abcdefgh12345678 for anna@example.com"  # noqa: S105  # one that is made up


def fed(minutes: list[list[str]], plan: Plan) -> list[Output]:
    """Return all that comes of lines, a list of them each minute."""
    pipeline, found = Pipeline(plan), list[Output]()
    records = [
        Record(
            number,
            NOW + number * MINUTE,
            codec.encode_batch("shop", "m1", "", "app", "", [[text(NOW + number * MINUTE), line] for line in lines]),
        )
        for number, lines in enumerate(minutes)
    ]
    ends = [Record(len(minutes), NOW + len(minutes) * MINUTE + END_MS, codec.TICK)]
    ticks = [Record(record.offset, record.at_ms, codec.TICK) for record in records]
    for pair in [*zip(records, ticks, strict=True), ends]:
        for record in pair:
            found += pipeline.feed(record)
    return found


def outputs_of(lines: list[str], plan: Plan) -> list[dict[str, Any]]:
    """Return the windows of some lines of one minute."""
    found = fed([lines], plan)
    return [dict(each.value) for each in found if isinstance(each, Published) and each.topic == "windows"]


def test_a_new_format_is_an_event_with_an_example() -> None:
    """When most lines become unknown, an event and the alert say so, and show one of the lines with its secrets masked."""
    plan = replace(Plan(), rules=(RULE,), requests=False)
    found = fed([*[[KNOWN] * 5] * 5, [SECRET] * 5], plan)
    (event,) = [each for each in found if isinstance(each, Happened)]
    assert event.event.event is EventKind.LOG_FORMAT_CHANGED
    assert event.app == "shop"
    (alert,) = [dict(each.value) for each in found if isinstance(each, Published) and each.value.get("state") == "firing"]
    for shown in (event.event.evidence, *alert["evidence"]["lines"]):
        assert shown.startswith("order shown")
        assert "abcdefgh" not in shown
        assert "anna" not in shown
    assert codec.encode(event, 1)[0].role == "events"


def test_what_was_always_unknown_is_no_change() -> None:
    """An app whose lines were never known, or that was never heard before, has not changed its format."""
    plan = replace(Plan(), rules=(RULE,), requests=False)
    assert not [each for each in fed([[SECRET] * 5] * 6, plan) if isinstance(each, Happened)]
    assert not [each for each in fed([[SECRET] * 5], plan) if isinstance(each, Happened)]


def test_too_few_lines_tell_nothing() -> None:
    """Below ``min_requests`` there is no data, however unknown the lines are."""
    plan = replace(Plan(), rules=(RULE,), requests=False)
    assert not [each for each in fed([*[[KNOWN] * 5] * 5, [SECRET] * 3], plan) if isinstance(each, Happened)]
