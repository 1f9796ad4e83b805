"""Whatever bytes a record holds: nothing raises, what nobody can read is told with its reason, the rest counts."""

import json
import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams import codec
from streams.core import panes, watching
from streams.core.batches import Batch, Unreadable, read
from streams.core.plan import PANE_MS, Limits, Plan
from streams.core.records import Dead, Output, Progress, Record, Requests, Snapshot
from streams.core.stamps import text
from streams.core.values import Line
from tests.scenario import encoded, nats

NOW = 1_760_119_200_000  # 2025-10-10T18:00:00Z
PLAN = Plan()
GOOD = Line("GET / 200 1 - 12 ms", "2025-10-10T18:00:00Z", "shop", "m1", "iad")
FLY = nats(GOOD)
HEAD: dict[str, Any] = {"v": 1, "app": "shop", "instance": "m1"}


def step(value: bytes, key: bytes = b"", plan: Plan = PLAN) -> tuple[panes.Partition, list[Output]]:
    """Return the state and the outputs of one record and a tick after it; what comes goes over the wire, too."""
    part, board = panes.Partition(0), watching.Board()
    outputs = panes.step(part, Record(1, NOW, value, key), plan).outputs
    outputs += panes.step(part, Record(2, NOW, codec.TICK), plan).outputs
    for output in [*outputs, Progress(0, NOW + 200_000, 3)]:
        codec.encode(output, 2, "2025-10-10T18:00:00Z")
        if isinstance(output, Snapshot | Progress):
            for published in watching.step(board, output, plan).outputs:
                codec.encode(published, 2)
    return part, outputs


def dead(outputs: list[Output]) -> list[tuple[str, str]]:
    """Return the ids and reasons of what could not be read."""
    return [(output.id, output.reason) for output in outputs if isinstance(output, Dead)]


def lines(part: panes.Partition) -> int:
    """Return how many lines all panes count."""
    return sum(tally.lines for tally in part.panes.values())


WHOLE: list[tuple[str, bytes, Unreadable]] = [
    ("nothing", b"", Unreadable.EMPTY),
    ("blanks", b" \n\t \n", Unreadable.EMPTY),
    ("not UTF-8", b'{"v":1,"app":"\xff\xfe"}', Unreadable.NOT_UTF8),
    ("not UTF-8, no batch", b"\xff\xfe\x00", Unreadable.NOT_UTF8),
    ("not JSON", b'{"v":1,', Unreadable.NOT_JSON),
    ("text", b"GET / 200 1 - 12 ms", Unreadable.NOT_JSON),
    ("NULs", b"\x00" * 1_000, Unreadable.NOT_JSON),
    ("a number", b"17", Unreadable.NOT_FLY),
    ("a list", b"[1, 2, 3]", Unreadable.NOT_FLY),
    ("another document", b'{"hello": "world"}', Unreadable.NOT_FLY),
    ("an app's own line", b'{"message": "hi", "timestamp": "2025-10-10T18:00:00Z"}', Unreadable.NOT_FLY),
    ("5 MB", b'{"v":1,"lines":[[null,"' + b"a" * 5_000_000 + b'"]]}', Unreadable.TOO_LARGE),
    ("rows too short", b'{"v":1,"app":"shop","lines":[["2025-10-10T18:00:00Z"]]}', Unreadable.NOT_FLY),
    ("an empty row", b'{"v":1,"app":"shop","lines":[[]]}', Unreadable.NOT_FLY),
    ("a row that is text", b'{"v":1,"app":"shop","lines":["hi"]}', Unreadable.NOT_FLY),
    ("rows that are a number", b'{"v":1,"app":"shop","lines":17}', Unreadable.NOT_FLY),
    ("a text that is a number", b'{"v":1,"app":"shop","lines":[[null, 17]]}', Unreadable.NOT_FLY),
    ("an app that is none", b'{"v":1,"app":null,"lines":[[null, "hi"]]}', Unreadable.NOT_FLY),
    ("deep nesting", b'{"v":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Unreadable.NOT_JSON),
    ("deep nesting, no batch", b'{"x":' * 100_000 + b"1" + b"}" * 100_000, Unreadable.NOT_JSON),
    ("half a character", b'{"v":1,"app":"\\ud83d","lines":[]}', Unreadable.NOT_JSON),
]


@pytest.mark.parametrize(("value", "reason"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE])
def test_a_record_that_nobody_can_read(value: bytes, reason: Unreadable) -> None:
    """A record that is neither a batch nor Fly's lines goes to the dead whole, once, with the reason; no pane changes."""
    part, outputs = step(value)
    found = [output for output in outputs if isinstance(output, Dead)]
    assert [(output.id, output.reason, output.value) for output in found] == [("0/1", str(reason), value)]
    assert part.panes == {}


def test_bad_lines_do_not_hide_good_ones() -> None:
    """Of Fly's lines in one record each bad one is told with its place, and the good ones count."""
    api = json.dumps(
        {"type": "log", "attributes": {"message": "hi", "timestamp": GOOD.stamp, "instance": "m2", "region": "iad"}}
    )
    rows = [FLY, b"", b"{broken", b"\xff\xfe", FLY, b'{"a": 1}', api.encode(), b"bare text", FLY + b"\r"]
    part, outputs = step(b"\n".join(rows), b"shop/m9")
    assert dead(outputs) == [("0/1/0", "not_json"), ("0/1/1", "not_utf8"), ("0/1/2", "not_fly"), ("0/1/3", "not_json")]
    assert {app: tally.lines for (_, app), tally in part.panes.items()} == {"shop": 4}
    assert sum(tally.requests for tally in part.panes.values()) == 3


def test_only_bad_lines_are_all_told() -> None:
    """A record of nothing but bad lines tells each of them."""
    _, outputs = step(b"{broken\n{broken\n[]")
    assert dead(outputs) == [("0/1/0", "not_json"), ("0/1/1", "not_json"), ("0/1/2", "not_fly")]


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([], 0),
        ([[None, "hi"]], 1),
        ([[GOOD.stamp, None]], 1),
        ([[GOOD.stamp, GOOD.text, "proxy", "info"], [GOOD.stamp, GOOD.text]], 2),
        ([[GOOD.stamp, GOOD.text, None, None]], 1),
        ([["", ""]], 1),
        ([["", GOOD.text], ["Z", GOOD.text], ["bare", GOOD.text], [None, GOOD.text]], 4),
        ([["2025-10-10T18:00:0", GOOD.text], ["2025-10-10T18:00:0Z", GOOD.text]], 2),
        ([["2025-13-41T99:99:99Z", GOOD.text]], 1),
        ([[GOOD.stamp, "\x00" * 100], [GOOD.stamp, "\x00GET / 200 1 - 1 ms\x00"]], 2),
        ([[GOOD.stamp, "\ud7ff\U0010ffff\ufeff\u202e"]], 1),
    ],
)
def test_odd_rows_count(rows: list[Any], count: int) -> None:
    """Rows without text, stamp or sense are lines all the same, and are counted once."""
    part, outputs = step(orjson.dumps(HEAD | {"lines": rows}))
    assert dead(outputs) == []
    assert lines(part) == count


ODD_ROWS: list[Any] = [[None, "a"], ["x"], ["x", "a", "proxy", ""], ["x", None], ["x", 1], [1, "a"], "xa", {"x": "a"}, None, []]
ODD_HEADS: list[Any] = [{"tick": False}, {"tick": True}, {"region": None}, {"level": 3}, {"v": "1"}, {"more": [1]}]


def test_a_batch_of_documents_is_read_as_any_other() -> None:
    """A batch full of escapes, which is read another way, is what the usual way makes of it, however it is damaged."""
    rng = random.Random(5)
    document = json.dumps({"req": {"method": "GET", "url": "/a?b=\u00e9\n"}, "res": {"statusCode": 200}, "time": 1})
    for number in range(3_000):
        rows: list[Any] = [["2025-10-10T18:00:00Z", document] for _ in range(rng.randrange(50, 60))]
        if number % 3 == 1:
            rows[rng.randrange(50)] = rng.choice(ODD_ROWS)
        value = orjson.dumps(HEAD | {"lines": rows} | (rng.choice(ODD_HEADS) if number % 3 == 2 else {}))
        if number % 2:
            at = rng.randrange(len(value))
            value = value[:at] + rng.choice((b"", b'"', b"\\", b"\xff", b"]", b",", b"0")) + value[at + rng.randrange(3) :]
        plain = value.replace(b'{"v":1,', b'{"v":1,"plain":"' + b"x" * 5_000 + b'",', 1)
        found, usual = (read(each, b"", 1 << 20) for each in (value, plain))
        if isinstance(found, Batch) and isinstance(usual, Batch):
            found, usual = (replace(each, lines=[tuple(row) for row in each.lines]) for each in (found, usual))
        assert found == usual


def test_the_key_stands_in_for_an_empty_head() -> None:
    """A batch that does not say whose it is, is its key's; one without either is of nobody known."""
    rows = orjson.dumps({"v": 1, "lines": [[GOOD.stamp, GOOD.text]]})
    assert [app for _, app in step(rows, b"shop/m1")[0].panes] == ["shop"]
    assert [app for _, app in step(rows)[0].panes] == ["(unknown)"]
    assert [app for _, app in step(rows, b"\xff/\xff")[0].panes] == ["\ufffd"]
    slashes = orjson.dumps(HEAD | {"app": "a/b", "instance": "c/d", "lines": [[GOOD.stamp, GOOD.text]]})
    assert [app for _, app in step(slashes)[0].panes] == ["a_b"]


@pytest.mark.parametrize(
    ("after_ms", "where_ms", "ahead", "late"),
    [
        (0, 0, 0, 0),
        (59_999, 50_000, 0, 0),
        (60_000, 60_000, 0, 0),
        (70_000, 0, 1, 0),
        (10**12, 0, 1, 0),
        (-3_600_000, -3_600_000, 0, 0),
        (-3_610_000, -3_610_000, 0, 0),
        (-3_610_001, 0, 0, 1),
        (-NOW, 0, 0, 1),
    ],
)
@pytest.mark.parametrize("shape", ["batch", "nats"])
def test_stamps_far_from_the_clock(after_ms: int, where_ms: int, ahead: int, late: int, shape: str) -> None:
    """A stamp too far ahead counts on arrival; one too old stays out of the requests; both are told."""
    part = panes.Partition(0)
    line = Line(GOOD.text, text(NOW + after_ms), "shop", "m1")
    panes.step(part, Record(1, NOW, encoded([line], shape)), PLAN)
    panes.settle(part, PLAN)
    assert list(part.panes) == [(NOW + where_ms, "shop")]
    (tally,) = part.panes.values()
    assert (tally.lines, tally.requests, tally.ahead, tally.skipped["late"]) == (1, 1 - late, ahead, late)


@pytest.mark.parametrize("first", [0, 1])
def test_each_stamp_is_judged_by_itself(first: int) -> None:
    """Of lines in one record that count in the same pane, only those whose stamps were ahead are counted ahead."""
    both = [Line(GOOD.text, text(NOW), "shop", "m1"), Line(GOOD.text, text(NOW + 600_000), "shop", "m1")]
    part = panes.Partition(0)
    panes.step(part, Record(1, NOW, encoded([both[first], both[1 - first], both[first]], "batch")), PLAN)
    panes.settle(part, PLAN)
    (tally,) = part.panes.values()
    assert (tally.requests, tally.ahead) == (3, 1 + first)


CLF = '203.0.113.1 - - [{}] "GET / HTTP/1.1" 200 17'


@pytest.mark.parametrize(
    ("stamp", "where_ms", "ahead", "late"),
    [
        ("10/Oct/2025:18:00:07 +0000", 0, 0, 0),
        ("10/Oct/2025:17:59:59 +0000", -PANE_MS, 0, 0),
        ("10/Oct/2025:20:00:07 +0200", 0, 0, 0),
        ("01/Jan/1970:00:00:00 +0000", 0, 0, 1),
        ("31/Dec/2099:23:59:59 +0000", 0, 1, 0),
        ("31/Dec/9999:23:59:59 -2359", 0, 0, 0),
        ("01/Jan/0001:00:00:00 +2359", 0, 0, 0),
        ("99/Foo/2025:99:99:99 +0000", 0, 0, 0),
    ],
)
def test_stamps_of_bare_lines(stamp: str, where_ms: int, ahead: int, late: int) -> None:
    """A bare line counts where its own stamp says, within the same bounds; a date that RFC 3339 cannot write is none."""
    part, outputs = step(orjson.dumps(HEAD | {"lines": [[None, CLF.format(stamp)]]}))
    assert dead(outputs) == []
    (((start_ms, _), tally),) = part.panes.items()
    assert (start_ms, tally.requests, tally.ahead, tally.skipped["late"]) == (NOW + where_ms, 1 - late, ahead, late)


def test_a_stamp_too_old_is_published_all_the_same() -> None:
    """What stays out of live windows is still among the parsed requests."""
    _, outputs = step(orjson.dumps(HEAD | {"lines": [["1970-01-01T00:00:00Z", GOOD.text]]}))
    (requests,) = [output for output in outputs if isinstance(output, Requests)]
    assert requests.columns["at"] == ["1970-01-01T00:00:00Z"]


def test_a_long_line_is_cut_and_counted() -> None:
    """Of a line of 1 MB the first 16 KiB are read; that it was cut is counted, that it is a line, too."""
    long = "GET /" + "a" * 1_000_000 + " 200 1 - 12 ms"
    for shape in ("batch", "nats"):
        part, _ = step(encoded([GOOD, Line(long, GOOD.stamp, "shop", "m1"), GOOD], shape))
        (tally,) = part.panes.values()
        assert (tally.lines, tally.requests, tally.cut, tally.skipped["unrecognised"]) == (3, 2, 1, 1)


def test_numbers_beyond_measure_are_survived() -> None:
    """Durations of hundreds of digits are durations or none; the lines beside them count."""
    durations = ["9" * digits for digits in (20, 300, 303, 306, 308, 309, 4_000)] + ["0." + "0" * 400 + "1", "0"]
    texts = [f"GET / 200 1 - {duration} ms" for duration in durations]
    texts += [json.dumps({"req": {"method": "GET", "url": "/"}, "res": {"statusCode": 10**30}, "responseTime": 1e308})]
    rows = [[GOOD.stamp, each] for each in [*texts, GOOD.text]]
    part, _ = step(orjson.dumps(HEAD | {"lines": rows}))
    (tally,) = part.panes.values()
    assert tally.lines == len(rows)


def test_more_apps_than_the_limit_share_one() -> None:
    """The lines of apps beyond the limit count in the app for others, also when one record brings them all."""
    plan = replace(PLAN, limits=Limits(apps=3))
    many = [Line(GOOD.text, GOOD.stamp, f"app-{number}", "m1") for number in range(10)]
    part, _ = step(encoded(many, "nats"), plan=plan)
    apart, _ = step(encoded(many[:3], "nats"), plan=plan)
    assert {app for _, app in apart.panes} == {"app-0", "app-1", "app-2"}
    assert {app: tally.requests for (_, app), tally in part.panes.items()} == {"app-0": 1, "app-1": 1, "app-2": 1, "(other)": 7}


def test_more_routes_than_the_limit_share_one() -> None:
    """The requests to routes beyond the limit of a pane count in the route for others: none is lost."""
    plan = replace(PLAN, limits=Limits(routes_per_pane=5))
    many = [Line(f"GET /{chr(97 + number)} 500 1 - 1 ms", GOOD.stamp, "shop", "m1") for number in range(20)]
    for part in (step(encoded(many, "batch"), plan=plan)[0], step(encoded(many, "nats"), plan=plan)[0]):
        (tally,) = part.panes.values()
        assert len(tally.routes) == len(tally.errors) == 6
        assert tally.routes.total() == tally.errors.total() == 20
        assert len(tally.evidence) == plan.limits.evidence_lines


def test_a_tick_is_a_batch_of_no_lines() -> None:
    """A tick is read as one, with a head or without."""
    for value in (codec.TICK, b'{"v":1,"tick":true,"more":[1,{"x":2}]}'):
        content = read(value, b"", 1_000)
        assert isinstance(content, Batch)
        assert content.tick
        assert content.lines == []


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.binary(max_size=300),
    st.binary(max_size=20),
    st.sampled_from([b"", b'{"v":1,', b'{"v":1,"lines":[[', FLY + b"\n", FLY[:-3]]),
)
def test_any_bytes_are_survived(value: bytes, key: bytes, before: bytes) -> None:
    """Any bytes, also behind a good beginning, change panes or tell the dead, and never raise."""
    part, outputs = step(before + value, key)
    assert dead(outputs) or lines(part) or not part.panes


texts = st.one_of(st.none(), st.text(max_size=40), st.sampled_from([GOOD.text, GOOD.stamp or "", "2099-01-01T00:00:00Z"]))


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.lists(st.lists(texts, min_size=2, max_size=5), max_size=5), texts, texts)
def test_any_rows_are_survived(rows: list[list[str | None]], app: str | None, instance: str | None) -> None:
    """A batch of any texts counts each of its rows once, or is dead as a whole."""
    value = json.dumps({"v": 1, "app": app or "", "instance": instance or "", "lines": rows}).encode()
    part, outputs = step(value)
    assert lines(part) == (0 if dead(outputs) else len(rows))
