"""The cutting of lines into batches and records: nothing lost, nothing reordered, every limit held."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shippers.batching import ROW_BYTES, Batch, Batching, Limits
from shippers.records import MAX_VALUE_BYTES, records
from streams.core.values import Line

LIMITS = Limits(lines=5, bytes=600, age_ms=250, open_batches=3, line_bytes=200)

lines = st.builds(
    Line,
    text=st.text(alphabet=st.sampled_from('ab é€😀"\\\x01'), max_size=40),
    stamp=st.sampled_from([None, "2025-10-10T18:36:00Z"]),
    app=st.sampled_from(["", "web"]),
    instance=st.sampled_from(["i1", "i2", "i3", "i4", "i5"]),
    region=st.sampled_from(["", "iad", "ams"]),
    provider=st.sampled_from(["app", "proxy"]),
    level=st.sampled_from(["", "info"]),
)
arrivals = st.lists(st.tuples(lines, st.integers(0, 400)), max_size=120)  # a line, and the ms since the one before


def _unbatched(batches: list[Batch]) -> dict[tuple[str, str], list[Line]]:
    """Give back the lines of each app and instance, in the order of the records on the wire."""
    found: dict[tuple[str, str], list[Line]] = {}
    for batch in batches:
        for record in records(batch):
            value = orjson.loads(record.value)
            assert record.key == f"{value['app']}/{value['instance']}".encode()
            assert record.lines == len(value["lines"])
            for row in value["lines"]:
                provider, level = row[2:] or (value["provider"], value["level"])
                line = Line(row[1], row[0], value["app"], value["instance"], value["region"], provider, level)
                found.setdefault((line.app, line.instance), []).append(line)
    return found


def _batched(arriving: list[tuple[Line, int]], limits: Limits) -> list[Batch]:
    batching, now_ms, out = Batching(limits), 0, []
    for line, later_ms in arriving:
        now_ms += later_ms
        out += batching.due(now_ms)
        out += batching.add([line], now_ms)
    return out + batching.flush()


@given(arrivals)
def test_lines_in_are_lines_out(arriving: list[tuple[Line, int]]) -> None:
    """Every line comes out once, whole, and in order within its app and instance."""
    expected: dict[tuple[str, str], list[Line]] = {}
    for line, _ in arriving:
        app = line.app or "local"
        named = Line(line.text, line.stamp, app, line.instance, line.region, line.provider, line.level)
        expected.setdefault((app, line.instance), []).append(named)
    assert _unbatched(_batched(arriving, LIMITS)) == expected


@given(arrivals)
def test_no_batch_is_larger_than_its_limits(arriving: list[tuple[Line, int]]) -> None:
    """No batch has more lines or bytes than the limits say."""
    for batch in _batched(arriving, LIMITS):
        assert 0 < len(batch.rows) <= LIMITS.lines
        assert sum(len((row[1] or "").encode()) + ROW_BYTES for row in batch.rows) <= LIMITS.bytes


@given(arrivals)
def test_no_line_waits_longer_than_the_age(arriving: list[tuple[Line, int]]) -> None:
    """Once ``due`` was asked, no line that is still inside is as old as the age."""
    batching, now_ms, inside = Batching(LIMITS), 0, dict[str, list[int]]()
    for number, (line, later_ms) in enumerate(arriving):
        now_ms += later_ms
        left = batching.due(now_ms)
        named = Line(str(number), app=line.app, instance=line.instance, region=line.region)
        inside[str(number)] = [now_ms]
        left += batching.add([named], now_ms)
        for batch in left:
            for row in batch.rows:
                del inside[row[1] or ""]
        assert all(now_ms - since_ms < LIMITS.age_ms for (since_ms,) in inside.values())


def test_an_instance_too_many_pushes_out_the_oldest() -> None:
    """When more instances speak than may be open, the batch that was opened first is closed."""
    batching = Batching(LIMITS)
    for instance in ("a", "b", "c"):
        assert batching.add([Line("x", instance=instance)], 0) == []
    assert [batch.instance for batch in batching.add([Line("x", instance="d")], 0)] == ["a"]
    assert [batch.instance for batch in batching.flush()] == ["b", "c", "d"]


def test_a_long_line_is_cut_at_a_character_and_counted() -> None:
    """A line beyond the limit keeps its beginning, up to a whole character, and is counted."""
    batching = Batching(LIMITS)
    batching.add([Line("é" * 150, instance="i"), Line("x" * 200, instance="i")], 0)
    (batch,) = batching.flush()
    assert [row[1] for row in batch.rows] == ["é" * 100, "x" * 200]
    assert batching.cut == 1


def test_a_row_names_its_provider_only_where_it_differs() -> None:
    """The head has the first line's provider and level; a row repeats them only if they are others."""
    batching = Batching(LIMITS)
    batching.add([Line("a", instance="i", level="info"), Line("b", instance="i", provider="proxy", level="error")], 0)
    (batch,) = batching.flush()
    assert (batch.provider, batch.level) == ("app", "info")
    assert batch.rows == [[None, "a"], [None, "b", "proxy", "error"]]


def test_a_record_stays_below_what_a_broker_takes() -> None:
    """A batch that JSON's escapes blow up is sent in several records."""
    batching = Batching(Limits())
    full = batching.add([Line("\x01" * 65_536, instance="i") for _ in range(8)], 0)
    sent = [record for batch in full + batching.flush() for record in records(batch)]
    assert sum(record.lines for record in sent) == 8
    assert all(len(record.value) <= MAX_VALUE_BYTES for record in sent)


def test_the_newest_time_of_a_batch_is_kept() -> None:
    """A batch knows the newest time its lines were given with."""
    batching = Batching(Limits(age_ms=-1))
    for at_ms in (5, 9, 7):
        batching.add([Line("x", instance="i")], at_ms, at_ms)
    assert batching.due(10**9) == []
    assert [batch.newest_ms for batch in batching.flush()] == [9]


def test_names_that_no_record_could_carry_are_cut() -> None:
    """Names are others' to choose: whatever they are, their lines come, and in records that a broker takes."""
    batching = Batching(Limits(age_ms=-1))
    long = "\ufffd" * 250_000
    odd = Line("odd", app=long, instance="caf\udce9.log", region=long, provider=long, level=long)
    batching.add([odd, Line("shop", app="shop"), odd, Line("odd", app="shop", provider="\udce9", level=long)], 0)
    sent = [record for batch in batching.flush() for record in records(batch)]
    assert [record.lines for record in sent] == [2, 2], "both odd lines are of one instance"
    assert all(len(record.key) + len(record.value) < 10_000 for record in sent)
    assert orjson.loads(sent[0].value)["instance"] == "caf?.log"
