"""When panes close and what windows say: edges of minutes, sources that are late, silent or never heard of, revisions."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from streams.codec import TICK
from streams.core import panes, stamps, watching
from streams.core.plan import MINUTE_MS, PANE_MS, Plan
from streams.core.records import Progress, Published, Record, Requests, Snapshot
from streams.core.rules import Rule, Severity, Totals
from streams.core.sketch import Sketch, measured
from streams.core.tally import Tally
from streams.core.values import Line
from streams.core.windows import AppPanes, Trailing, minutes
from tests.scenario import encoded

START = 1_760_119_200_000  # 2025-10-10T18:00:00Z
LIVE = Plan(partitions=2)
SECOND = 1_000


def tally(requests: int, status: str = "200") -> Tally:
    """Return a pane of so many requests."""
    found = Tally()
    found.lines = requests
    found.status[status] = requests
    return found


def snapshot(start_ms: int, requests: int, source: int = 0, offset: int = 1) -> Snapshot:
    """Return what a source says of a pane of the app x."""
    return Snapshot("x", start_ms, source, offset, tally(requests))


def said(board: watching.Board, messages: Sequence[Snapshot | Progress], plan: Plan = LIVE) -> list[dict[str, Any]]:
    """Return the documents that messages bring about."""
    outputs = [output for message in messages for output in watching.step(board, message, plan).outputs]
    return [dict(output.value) for output in outputs if isinstance(output, Published)]


def both(clock_ms: int) -> list[Snapshot | Progress]:
    """Return the progress of two sources."""
    return [Progress(0, clock_ms, 1), Progress(1, clock_ms, 1)]


def told(documents: Sequence[dict[str, Any]]) -> list[tuple[str, int, int, bool]]:
    """Return of each window its minute, revision, requests and whether it is incomplete."""
    return [(each["start"][11:16], each["revision"], each["requests"], each["incomplete"]) for each in documents]


@pytest.mark.parametrize(
    ("clock", "start"),
    [
        ("18:00:59.999", "18:00:50"),
        ("18:00:59.999999999", "18:00:50"),
        ("18:01:00", "18:01:00"),
        ("18:01:00.000", "18:01:00"),
        ("18:01:00.000000001", "18:01:00"),
        ("18:01:09.999", "18:01:00"),
        ("18:01:10", "18:01:10"),
    ],
)
@pytest.mark.parametrize("shape", ["batch", "nats"])
def test_a_line_counts_in_the_pane_of_its_stamp(clock: str, start: str, shape: str) -> None:
    """A pane begins with its first instant and ends before the next one begins, to the nanosecond."""
    part = panes.Partition(0)
    line = Line("GET / 200 1 - 1 ms", f"2025-10-10T{clock}Z", "x", "m1")
    panes.step(part, Record(1, START + MINUTE_MS, encoded([line], shape)), LIVE)
    panes.settle(part, LIVE)
    assert list(part.panes) == [(stamps.ms(f"2025-10-10T{start}Z"), "x")]


@pytest.mark.parametrize(
    ("stamp", "at_ms"),
    [
        ("2025-10-10T18:00:00Z", START),
        ("2025-10-10T20:00:00+02:00", START),
        ("2025-10-10T18:00:00.001Z", START + 1),
        ("2025-10-10T18:00:00.999999999Z", START + 999),
        ("2025-10-10T18:00:59.999999Z", START + 59_999),
        ("1970-01-01T00:00:00.0015Z", 1),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("2025-10-10T18:00:00", None),
        ("yesterday", None),
    ],
)
def test_a_stamp_is_read_to_the_millisecond(stamp: str, at_ms: int | None) -> None:
    """What is finer than a millisecond is dropped, never rounded up into the next pane; no zone is no stamp."""
    assert stamps.ms(stamp) == at_ms


def test_a_pane_closes_when_all_sources_have_passed_its_end_and_grace() -> None:
    """A minute is published with the progress of the slowest source past its end and the grace, once."""
    board = watching.Board()
    assert said(board, [*both(START + 10_000), snapshot(START, 3), snapshot(START + 50_000, 4, source=1)]) == []
    assert said(board, [Progress(0, START + 65_000, 2)]) == []
    assert said(board, [Progress(1, START + 64_999, 2)]) == []
    assert told(said(board, [Progress(1, START + 65_000, 3)])) == [("18:00", 0, 7, False)]
    assert said(board, both(START + 65_000) + both(START + 120_000)) == []


def test_a_late_snapshot_revises_its_minute_once() -> None:
    """A pane that grows after its minute was published makes the next revision; a repeat or an older one makes none."""
    board = watching.Board()
    said(board, [*both(START), snapshot(START, 3), *both(START + 70_000)])
    assert said(board, [snapshot(START, 3), *both(START + 80_000)]) == []
    assert said(board, [snapshot(START, 3, offset=2), *both(START + 90_000)]) == []
    late = [snapshot(START, 5, offset=3), snapshot(START + 30_000, 1, offset=3), snapshot(START, 4, offset=2)]
    assert told(said(board, [*late, *both(START + 100_000)])) == [("18:00", 1, 6, False)]
    assert said(board, both(START + 110_000)) == []


def test_a_minute_first_heard_of_late_is_published_late() -> None:
    """A minute in which nothing was known when it closed is published when it is, as a first revision."""
    board = watching.Board()
    said(board, [*both(START), snapshot(START, 3), *both(START + 200_000)])
    assert told(said(board, [snapshot(START + 60_000, 2), *both(START + 210_000)])) == [("18:01", 0, 2, False)]


def test_what_a_source_knew_when_a_pane_closed_stays_with_it() -> None:
    """Sources merge by pane and the newest snapshot of each counts, in whatever order they come."""
    parts = [snapshot(START + (i % 6) * PANE_MS, i, source=i % 2, offset=i) for i in range(1, 30)]
    found = set()
    for seed in range(20):
        Random(seed).shuffle(parts)
        board = watching.Board()
        found.add(str(said(board, [*both(START), *parts, *both(START + 70_000)])))
    assert len(found) == 1


def ticks(source: int, from_ms: int, to_ms: int) -> list[Snapshot | Progress]:
    """Return the progress of a source that ticks once a second, both ends included."""
    return [Progress(source, clock_ms, clock_ms) for clock_ms in range(from_ms, to_ms + 1, SECOND)]


def test_a_silent_source_is_not_waited_for() -> None:
    """A source silent for 60 s is waited for; one silent for longer is not, and the windows say so."""
    board = watching.Board()
    said(board, [*both(START + 10_000), snapshot(START, 3)])
    assert said(board, ticks(0, START + 11_000, START + 70_000)) == []
    assert told(said(board, ticks(0, START + 71_000, START + 71_000))) == [("18:00", 0, 3, True)]
    late: list[Snapshot | Progress] = [
        snapshot(START, 2, source=1),
        Progress(1, START + 75_000, 4),
        Progress(0, START + 75_000, 4),
    ]
    assert told(said(board, late)) == [("18:00", 1, 5, False)]


def test_a_source_never_heard_of_is_waited_for() -> None:
    """A source that has said nothing yet counts as silent only 60 s after the first that did."""
    board = watching.Board()
    said(board, [Progress(0, START + 10_000, 1), snapshot(START, 3)])
    assert said(board, ticks(0, START + 11_000, START + 70_000)) == []
    assert told(said(board, ticks(0, START + 71_000, START + 71_000))) == [("18:00", 0, 3, True)]


def test_a_first_start_waits_for_each_source() -> None:
    """When the first source ever heard has read a long log already, nothing closes before the others said theirs."""
    board = watching.Board()
    assert said(board, [snapshot(START, 3), Progress(0, START + 600_000, 1)]) == []
    documents = said(board, [snapshot(START, 4, source=1), Progress(1, START + 600_000, 1)])
    assert told(documents) == [("18:00", 0, 7, False)]


def test_history_waits_for_every_source() -> None:
    """With silent_ms None nothing closes before every source was heard, however far the others are."""
    board, plan = watching.Board(), replace(LIVE, silent_ms=None)
    assert said(board, [snapshot(START, 3), *ticks(0, START + 900_000, START + 990_000)], plan) == []
    documents = said(board, [snapshot(START, 4, source=1), Progress(1, START + 65_000, 1)], plan)
    assert told(documents) == [("18:00", 0, 7, False)]


def test_after_an_outage_every_source_is_waited_for() -> None:
    """When nobody read for ten minutes, the first source to come back does not close panes without the other's lines."""
    board = watching.Board()
    said(board, [*both(START + 10_000), snapshot(START, 3)])
    back_ms = START + 600_000
    assert said(board, [Progress(0, back_ms, 2)]) == [], "the other source was not silent: nobody read it"
    documents = said(board, [snapshot(START, 4, source=1, offset=2), Progress(1, back_ms, 2)])
    assert told(documents) == [("18:00", 0, 7, False)]


@pytest.mark.parametrize(("silent_s", "least_s", "incomplete"), [(0, 0, False), (30, 0, False), (60, 0, False), (61, 61, True)])
def test_what_is_waited_for(silent_s: int, least_s: int, *, incomplete: bool) -> None:
    """The least progress of the sources that are not silent counts; if one is, what closes is incomplete."""
    board = watching.Board()
    said(board, [*both(START), *ticks(0, START, START + silent_s * SECOND)])
    assert watching.waited_for(board, LIVE) == (START + least_s * SECOND, incomplete)


def test_a_revision_at_the_edge_of_memory_is_whole() -> None:
    """A line as late as the lateness allows revises a minute of which all panes are still there: nothing is taken away."""
    plan = replace(LIVE, partitions=1)
    for late_ms in range(3_500_000, 3_700_000, 7_000):
        board = watching.Board()
        messages = [snapshot(START + pane * PANE_MS, 10) for pane in range(6)]
        said(board, [Progress(0, START, 1), *messages, Progress(0, START + 70_000, 2)], plan)
        for clock_ms in range(START + 80_000, START + late_ms, 60_000):
            said(board, [Progress(0, clock_ms, 3)], plan)
        said(board, [Progress(0, START + late_ms, 3)], plan)
        late = said(board, [snapshot(START + 50_000, 11, offset=9), Progress(0, START + late_ms + PANE_MS, 9)], plan)
        assert [each["requests"] for each in late] in ([], [61]), late_ms


def test_minutes_are_those_with_panes() -> None:
    """The minutes in a span are those in which the app has a pane: the first included, the end not."""
    found = AppPanes()
    for start_ms in (0, 10_000, 59_999, 60_000, 180_000, 240_000):
        found.put(snapshot(start_ms, 1))
    assert list(minutes(found, 0, 240_000)) == [0, 60_000, 180_000]
    assert list(minutes(found, 60_000, 240_001)) == [60_000, 180_000, 240_000]
    assert found.between(10_000, 60_000) == [10_000, 59_999]
    assert found.between(0, 0) == []


def test_a_trailing_window_is_the_sum_of_its_panes() -> None:
    """Moved on, jumped or revised, a trailing window holds exactly the panes that it covers."""
    rng, held = Random(5), AppPanes()
    starts = sorted(rng.sample(range(0, 3_000_000, PANE_MS), 150))
    for offset, start_ms in enumerate(starts, 1):
        held.put(snapshot(start_ms, rng.randrange(1, 9), offset=offset))
        held.at(start_ms, LIVE).latency.merge(_sketch(rng))  # type: ignore[union-attr]
    trailing, end_ms = Trailing(60_000), 0
    while end_ms < 3_100_000:
        end_ms += rng.choice((PANE_MS, PANE_MS, PANE_MS, 3 * PANE_MS, 12 * PANE_MS))
        inside = held.between(end_ms - 60_000, end_ms - PANE_MS)
        if inside and rng.random() < 0.3:
            held.put(snapshot(rng.choice(inside), rng.randrange(9), offset=1_000 + end_ms))
            held.version += 1
        fresh = Totals()
        for start_ms in held.between(end_ms - 60_000, end_ms):
            fresh.add(held.at(start_ms, LIVE))  # type: ignore[arg-type]
        moved = trailing.move(end_ms, held, LIVE)
        assert (moved.requests, moved.known, moved.failed) == (fresh.requests, fresh.known, fresh.failed)
        assert moved.latency.buckets == fresh.latency.buckets


def _sketch(rng: Random) -> Sketch:
    sketch, column = Sketch(), measured([rng.uniform(1, 1_000) for _ in range(5)])
    assert column is not None
    sketch.add(column)
    return sketch


def test_a_revision_counts_in_the_judgements_that_come() -> None:
    """A late snapshot judges nothing again, but the next judgement of a window that covers its pane sees it."""
    rule = Rule("many", Severity.INFO, "request_rate", MINUTE_MS, above=0.5)
    plan, board = replace(LIVE, partitions=1, rules=(rule,)), watching.Board()
    first: list[Snapshot | Progress] = [
        Progress(0, START, 1),
        snapshot(START, 3),
        snapshot(START + 10_000, 1),
        Progress(0, START + 25_000, 2),
    ]
    assert said(board, first, plan) == []
    late: list[Snapshot | Progress] = [snapshot(START, 40, offset=3), Progress(0, START + 26_000, 3)]
    assert said(board, late, plan) == []
    (alert,) = said(board, [Progress(0, START + 35_000, 4)], plan)
    assert (alert["state"], alert["at"]) == ("firing", "2025-10-10T18:00:30Z")


def test_alerts_and_windows_come_in_order_of_time() -> None:
    """One progress that closes many panes tells windows and alerts of all apps in order of their times."""
    rule = Rule("any", Severity.INFO, "request_rate", PANE_MS, above=0.0)
    plan, board = replace(LIVE, partitions=1, rules=(rule,)), watching.Board()
    messages: list[Snapshot | Progress] = [Progress(0, START, 1)]
    for app in ("b", "a"):
        messages += [Snapshot(app, START + at_ms, 0, 1, tally(1)) for at_ms in (0, 70_000, 140_000)]
    documents = said(board, [*messages, Progress(0, START + 900_000, 2)], plan)
    times = [each.get("at") or each["end"] for each in documents]
    assert times == sorted(times)
    assert [each["app"] for each in documents if each.get("state") == "firing"] == ["a", "b"]


def test_an_open_request_that_grows_old_is_counted_as_dropped() -> None:
    """A request that never completes leaves after its age, counted once in the pane of that tick; others stay."""
    part, plan = panes.Partition(0), Plan()
    started = '[{}] Started GET "/x" for 203.0.113.1 at 2025-10-10 18:00:00 +0000'
    for second in (0, 300):
        line = Line(started.format(f"{second:032x}"), stamps.text(START + second * SECOND), "x", "m1")
        panes.step(part, Record(second, START + second * SECOND, encoded([line], "batch")), plan)
    dropped = []
    for minute in range(5, 20):
        step = panes.step(part, Record(1_000 + minute, START + minute * MINUTE_MS, TICK), plan)
        dropped += [(minute, key) for key, value in step.writes.items() if value is None and key.startswith("join/")]
    assert sum(tally.skipped["dropped"] for tally in part.panes.values()) == 2
    assert dropped == [(16, "join/x/m1")]


def test_requests_are_published_or_not() -> None:
    """Whether parsed requests are wanted changes nothing else."""
    line = Line("GET / 500 1 - 1 ms", stamps.text(START), "x", "m1")
    given = (Record(1, START, encoded([line], "batch")), Record(2, START, TICK))
    with_them, without = panes.Partition(0), panes.Partition(0)
    wanted = [output for record in given for output in panes.step(with_them, record, Plan()).outputs]
    assert [type(output) for output in wanted if not isinstance(output, Snapshot | Progress)] == [Requests]
    others = [output for record in given for output in panes.step(without, record, Plan(requests=False)).outputs]
    assert [type(output) for output in others] == [Snapshot, Progress]
    assert with_them.panes == without.panes
