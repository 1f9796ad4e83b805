"""What must never matter: how lines are cut into batches and partitions, in what shape they come, and who restarts when."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams import codec
from streams.core import panes, parsing, reading, watching
from streams.core.joins import Joins
from streams.core.plan import App, Plan
from streams.core.records import Dead, Happened, Output, Progress, Record, Requests, Snapshot, Step
from streams.core.stamps import ms
from streams.core.values import Line, Request
from tests import seeded
from tests.scenario import Arrival, Cutting, Outcome, arriving, encoded, piped, records, spread, wired

PLAN = Plan(rules=seeded.RULES, apps=seeded.APPS)
SEEDS = range(3)
EXAMPLES = settings(max_examples=25, deadline=None, derandomize=True)


@cache
def log(seed: int) -> list[Arrival]:
    """Return a log of twelve minutes with hours of silence in it."""
    return arriving(seeded.generated(seed, minutes=12))


@cache
def alone(seed: int) -> Outcome:
    """Return what one partition makes of a log, a record a line."""
    return piped(PLAN, log(seed), Cutting())


cuttings = st.builds(
    Cutting,
    partitions=st.integers(1, 4),
    most=st.sampled_from([1, 2, 7, 100, 10_000]),
    tick_ms=st.sampled_from([2_000, 5_000, 10_000]),
    seed=st.integers(0, 1_000),
    shape=st.sampled_from(["batch", "nats", "api"]),
)


@EXAMPLES
@given(st.sampled_from(SEEDS), cuttings)
def test_the_cut_never_matters(seed: int, cutting: Cutting) -> None:
    """Any cut of the same lines into records, shapes and partitions, with ticks of any width, gives the same documents."""
    outcome = spread(PLAN, log(seed), cutting)
    assert outcome.alerts == alone(seed).alerts
    assert outcome.counts == alone(seed).counts
    assert not any(window["incomplete"] for window in outcome.windows.values())


class Kept:
    """A stage with its changelog, as a host keeps it: it can be ended at any record and started again."""

    def __init__(
        self, fresh: Callable[[int], Any], step: Callable[[Any, Any, Plan], Step], plain: Callable[[Any], Any], plan: Plan
    ) -> None:
        """Start with an empty changelog."""
        self.fresh, self.step, self.plain, self.plan = fresh, step, plain, plan
        self.changelog: dict[str, bytes] = {}
        self.changed: dict[str, Any] = {}
        self.committed = (0, 0)  # how many records were read, and the clock
        self.start()

    def start(self) -> None:
        """Begin with what the changelog holds, behind the last commit."""
        self.read, clock_ms = self.committed
        self.state, self.changed = self.fresh(clock_ms), {}
        for key, value in self.changelog.items():
            self.state.restore(key, codec.decode_state(value)[1])

    def take(self, record: Any) -> list[Output]:
        """Take the next record in."""
        step = self.step(self.state, record, self.plan)
        self.read += 1
        self.changed |= step.writes
        return step.outputs

    def commit(self) -> None:
        """Write the keys that have changed, and how far they hold; not while records wait to be folded."""
        if getattr(self.state, "waiting", ()):
            return
        for key, value in self.changed.items():
            if value is None:
                self.changelog.pop(key, None)
            else:
                self.changelog[key] = codec.encode_state(self.read, self.plain(value))
        self.changed = {}
        self.committed = (self.read, getattr(self.state, "clock_ms", 0))


class Restarting:
    """Partitions, their topic of panes and a board, any of which may end and start again at any time."""

    def __init__(self, plan: Plan, logs: Sequence[Sequence[Record]], rng: Random) -> None:
        """Start with nothing read."""
        self.logs, self.rng = logs, rng
        plan = replace(plan, partitions=len(logs))
        self.parts = [Kept(_partition(number), panes.step, panes.plain, plan) for number in range(len(logs))]
        self.board = Kept(lambda _: watching.Board(), watching.step, watching.plain, plan)
        self.topic: list[Snapshot | Progress] = []
        self.sending: list[list[Snapshot | Progress]] = [[] for _ in logs]  # lost when their partition ends
        self.starts = 0

    def run(self) -> Iterator[Output]:
        """Read everything; outputs that repeat come repeatedly."""
        while True:
            pairs = zip(self.parts, self.logs, strict=True)
            nexts = [records[part.read].at_ms for part, records in pairs if part.read < len(records)]
            if not nexts and not any(self.sending) and self.board.read == len(self.topic):
                return
            if self.board.read < len(self.topic) and self.rng.random() < 0.8:
                yield from self._judge()
            for number in range(len(self.parts)):
                yield from self._fold(number, min(nexts, default=0) + 20_000)

    def _fold(self, number: int, until_ms: int) -> Iterator[Output]:
        part, part_log = self.parts[number], self.logs[number]
        if part.read >= len(part_log):
            self._sent(number, len(self.sending[number]))
            part.commit()
        elif part_log[part.read].at_ms <= until_ms:
            if self.rng.random() < 0.002:
                self.sending[number].clear()
                self.starts += 1
                part.start()
            for output in part.take(part_log[part.read]):
                if isinstance(output, Snapshot | Progress):
                    self.sending[number].append(output)
                else:
                    yield output
            self._sent(number, self.rng.randrange(len(self.sending[number]) + 1))
            if self.rng.random() < 0.05:
                self._sent(number, len(self.sending[number]))
                part.commit()

    def _judge(self) -> Iterator[Output]:
        if self.rng.random() < 0.002:
            self.starts += 1
            self.board.start()
        yield from self.board.take(wired(self.topic[self.board.read]))
        if self.rng.random() < 0.05:
            self.board.commit()

    def _sent(self, number: int, count: int) -> None:
        self.topic += self.sending[number][:count]
        del self.sending[number][:count]


def _partition(number: int) -> Callable[[int], panes.Partition]:
    return lambda clock_ms: panes.Partition(number, clock_ms)


@pytest.mark.parametrize("seed", range(6))
def test_restarts_never_matter(seed: int) -> None:
    """Ended at any record and started from their changelogs, both stages say the same; repeats say it again by the same id."""
    cutting = Cutting(1 + seed % 3, most=20, seed=seed, tick_ms=5_000)
    logs: list[list[Record]] = [[] for _ in range(cutting.partitions)]
    for partition, record in records(log(seed % 3), cutting):
        logs[partition].append(record)
    restarting, outcome = Restarting(PLAN, logs, Random(seed)), Outcome()
    outcome.take(restarting.run())
    assert restarting.starts > 5
    assert outcome.alerts == alone(seed % 3).alerts
    assert outcome.counts == alone(seed % 3).counts
    calm = spread(PLAN, log(seed % 3), cutting)
    assert _published(outcome) == _published(calm)


def _published(outcome: Outcome) -> dict[str, Any]:
    """Return the parsed requests and the events by id; a repeat must say the same."""
    found: dict[str, Any] = {}
    for output in outcome.rest:
        assert isinstance(output, Requests | Happened)
        said = _rows(output) if isinstance(output, Requests) else output
        assert found.setdefault(f"{type(output).__name__} {output.id}", said) == said
    assert {type(output) for output in outcome.rest} == {Requests, Happened}
    return found


def _rows(output: Requests) -> list[tuple[Any, ...]]:
    """Return requests as rows; their order says nothing."""
    columns = ("at", "method", "target", "status", "duration_ms", "client_ip", "format")
    return sorted(zip(*(output.columns[name] for name in columns), strict=True), key=repr)


def test_a_state_survives_json_as_it_is() -> None:
    """A partition and a board put back key by key are the ones that were written, and say the same from there on."""
    plan = replace(PLAN, partitions=1)
    logs = [record for _, record in records(log(0), Cutting(most=20))]
    part = Kept(_partition(0), panes.step, panes.plain, plan)
    board = Kept(lambda _: watching.Board(), watching.step, watching.plain, plan)
    some = max(i for i, record in enumerate(logs) if record.value == codec.TICK and record.at_ms < logs[0].at_ms + 240_000)
    for record in logs[: some + 1]:
        for output in part.take(record):
            if isinstance(output, Snapshot | Progress):
                board.take(wired(output))
    before = (part.state.panes, part.state.joins, part.state.clock_ms, part.state.apps)
    kept = (board.state.clocks, board.state.closed_ms, board.state.minutes, board.state.watches)
    held = {app: (found.by_start, found.starts) for app, found in board.state.panes.items()}
    assert all((part.state.panes, board.state.panes, board.state.minutes, board.state.watches))
    for stage in (part, board):
        stage.commit()
        stage.start()
    assert (part.state.panes, part.state.joins, part.state.clock_ms, part.state.apps) == before
    assert part.state.unsent == set(part.state.panes)
    restored = board.state
    assert (restored.clocks, restored.closed_ms, restored.minutes, restored.watches) == kept
    assert {app: (found.by_start, found.starts) for app, found in restored.panes.items()} == held


BOOM = "BOOM"


def _state(part: panes.Partition) -> Any:
    """Return all of a partition's state but its cache, as plain values."""
    tallies = {key: _ordered(tally.dump()) for key, tally in part.panes.items()}
    opened = {key: joins.dump() for key, joins in part.joins.items()}
    return tallies, opened, part.clock_ms, part.unsent.copy(), part.apps.copy()


def _raising(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a reader that raises for one text."""

    def raising(text: str) -> Any:
        if BOOM in text:
            raise ZeroDivisionError
        return read(text)

    return raising


@pytest.mark.parametrize("shape", ["batch", "nats"])
def test_a_record_that_raises_changes_nothing(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record whose reading raises is dead, whole, and those before and after it give what they give without it."""
    monkeypatch.setattr("streams.core.parsing.recognise", _raising(parsing.recognise))
    rows = [record for _, record in records(log(1), Cutting(most=20, shape=shape))]
    near = [arrival.line for arrival in log(1)[100:110]]
    bad = {"batch": [*near[:1], Line(BOOM, near[0].stamp)], "nats": [*near, Line(BOOM, near[0].stamp, "new", "m1")]}
    part, calm = panes.Partition(0), panes.Partition(0)
    dead, sent = list[Dead](), list[bytes]()
    for i, record in enumerate(rows[:300]):
        said = [panes.step(state, record, PLAN).outputs for state in (part, calm)]
        raising = Record(10_000 + i, record.at_ms, encoded(bad[shape], shape))
        said[0] += panes.step(part, raising, PLAN).outputs
        if i % 7 == 0 or record.value == codec.TICK:
            said[0] += panes.settle(part, PLAN).outputs
            panes.settle(calm, PLAN)
            assert _state(part) == _state(calm)
        dead += [output for output in said[0] if isinstance(output, Dead)]
        sent.append(raising.value)
    assert _state(part) == _state(calm)
    assert [each.value for each in dead] == sent[: len(dead)]
    assert len(dead) > 250
    assert {each.reason for each in dead} == {"bug"}


# A line of each format; each begins or ends as that format's own lines do.
SAMPLES = {
    "pino": '{"req":{"method":"GET","url":"/p","remoteAddress":"203.0.113.1"},"res":{"statusCode":500},"responseTime":11}',
    "nginx-json": '{"status":"502","request_time":"0.012","remote_addr":"203.0.113.2","request":"GET /n HTTP/1.1"}',
    "morgan-tiny": "GET /t 503 17 - 13.5 ms",
    "morgan-dev": "\x1b[0mGET /d \x1b[31m500\x1b[0m 14.5 ms - 17\x1b[0m",
    "morgan-short": "203.0.113.3 - GET /s HTTP/1.1 404 17 - 15.5 ms",
    "clf": '203.0.113.4 - - [10/Oct/2025:18:00:01 +0000] "GET /c HTTP/1.1" 500 17',
    "clf-time": '203.0.113.5 - - [10/Oct/2025:18:00:02 +0000] "GET /ct HTTP/1.1" 200 17 "-" "curl/8" 0.016',
    "traefik": '203.0.113.6 - - [10/Oct/2025:18:00:03 +0000] "GET /tr HTTP/1.1" 200 5 "-" "-" 1 "web@docker" "http://x" 17ms',
    "clf-habit": 'example.org 203.0.113.7 - - [10/Oct/2025:18:00:04 +0000] "GET /ch HTTP/1.1" 500 17 "-" "-" 0.018',
    "uvicorn": 'INFO:     203.0.113.8:50001 - "GET /u HTTP/1.1" 500 Internal Server Error',
    "uvicorn-time": 'INFO:     203.0.113.8:50001 - "GET /ut HTTP/1.1" 200 OK 19.5ms',
    "uvicorn-habit": '2025-10-10 18:00:05 INFO 203.0.113.8:50001 - "GET /uh HTTP/1.1" 200 OK',
    "openstack-wsgi": '2025-10-10 18:00:06.0 7 INFO x.wsgi.server [-] 10.0.0.7 "GET /w HTTP/1.1" status: 200 len: 9 time: 0.2',
    "dskit": 'ts=2025-10-10T18:00:07Z caller=http.go:194 msg="POST /k (500) 22.5ms"',
    "logfmt": "method=GET path=/l duration=20.5 status=500",
    "habit": "GET /h 200 in 21ms",
    "haproxy": '203.0.113.9:50001 [10/Oct/2025:18:00:08.1] web app/srv1 0/0/0/3/23 500 9 - - -- 1/1/0 "GET /ha HTTP/1.1"',
    "envoy": '[2025-10-10T18:00:09.5Z] "GET /e HTTP/2" 503 UH 0 9 24 - "203.0.113.9" "-" "-" "x" "-"',
    "iis": "2025-10-10 18:00:04 10.0.0.8 GET /i - 80 - 203.0.113.9 curl/8 - 500 0 0 25",
    "cloudfront": "2025-10-10\t18:00:05\tFRA5\t9\t203.0.113.9\tGET\tx\t/cf\t502\t-\tcurl/8\t-",
}


def _odd(sample: str) -> list[str]:
    """Return a line as it may come: bare, with line ends, colours and blanks around it, with a colour inside."""
    around = [sample, f"{sample}\n", f"{sample}\r\n", f"\x1b[32m{sample}\x1b[0m", f"{sample} ", f" {sample}"]
    return [*around, sample.replace(" /", " /\x1b[31m", 1)]


def test_each_sample_is_of_its_format() -> None:
    """Each sample is read by the format it stands for."""
    for name, sample in SAMPLES.items():
        found = parsing.recognise(reading.cleaned(sample, 16_384)[0])
        assert found is not None, name
        assert found[0].name == name


def _folded(lines: Sequence[Line], shape: str) -> tuple[Any, list[tuple[Any, ...]]]:
    """Return the panes of lines in one record, and the requests that were published."""
    part = panes.Partition(0)
    at_ms = ms("2025-10-10T18:00:09Z") or 0
    given = (Record(1, at_ms, encoded(lines, shape)), Record(2, at_ms, codec.TICK))
    outputs = [output for record in given for output in panes.step(part, record, PLAN).outputs]
    rows = [row for each in outputs if isinstance(each, Requests) for row in _rows(each)]
    return {key: _ordered(tally.dump()) for key, tally in part.panes.items()}, sorted(rows, key=repr)


def _ordered(dump: dict[str, Any]) -> dict[str, Any]:
    for name in ("latency", "queries"):
        sketch = dump.get(name) or {}
        dump = dump | {name: {**sketch, "buckets": sorted(zip(*sketch["buckets"], strict=True)) if sketch else []}}
    return dump


def _parsed(lines: Sequence[Line]) -> list[tuple[Any, ...]]:
    """Return the same rows as the reading of single lines gives them."""
    each = [(line, reading.parse(line, Joins())) for line in lines]
    rows = [
        (line.stamp, found.method, found.target, found.status, found.duration_ms, found.client_ip, found.format)
        for line, found in each
        if isinstance(found, Request)
    ]
    return sorted(rows, key=repr)


@pytest.mark.parametrize("first", SAMPLES)
def test_the_sticky_format_never_matters(first: str) -> None:
    """A line says what it says by itself, whatever its instance wrote before: with colours, line ends and blanks, too."""
    wrong = []
    for sample in SAMPLES.values():
        for odd in _odd(sample):
            lines = [Line(text, "2025-10-10T18:00:01Z", "x", "m1") for text in (SAMPLES[first], odd)]
            if [_rounded(row) for row in _folded(lines, "batch")[1]] != [_rounded(row) for row in _parsed(lines)]:
                wrong.append(odd)
    assert wrong == []


def _rounded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(round(each, 6) if isinstance(each, float) else each for each in row)


def test_shuffled_formats_never_matter() -> None:
    """Lines of all formats in any order, of one instance or of many, in one record or several, give the same panes."""
    texts = [sample for sample in SAMPLES.values() for _ in range(3)]
    found = []
    for seed in range(10):
        rng = Random(seed)
        rng.shuffle(texts)
        lines = [Line(text, "2025-10-10T18:00:01Z", "x", f"m{rng.randrange(1 + seed % 3)}") for text in texts]
        found.append(_folded(lines, "nats")[0])
    assert all(each == found[0] for each in found)


def test_shapes_give_the_same_panes() -> None:
    """The same lines as a columnar batch, as Fly's NDJSON, as the API's and as bare rows with stamps of their own agree."""
    texts = [SAMPLES[name] for name in ("clf", "clf-time", "traefik", "clf-habit")]
    stamps = [f"2025-10-10T18:00:0{second}Z" for second in (1, 2, 3, 4)]
    lines = [Line(text, stamp, "x", "m1") for text, stamp in zip(texts, stamps, strict=True)]
    expected = _folded(lines, "batch")
    assert _folded(lines, "nats") == expected
    assert _folded(lines, "api") == expected
    assert _folded([Line(text, None, "x", "m1") for text in texts], "batch") == expected


def test_a_full_cache_never_matters() -> None:
    """With room for one instance in the cache, lines of many apps and instances in one record are all counted."""
    limits = replace(PLAN.limits, instances=1)
    lines = [Line(SAMPLES["morgan-tiny"], "2025-10-10T18:00:01Z", app, "m1") for app in ("a", "b", "a", "b", "a")]
    part = panes.Partition(0)
    stamp = ms("2025-10-10T18:00:09Z") or 0
    plan = Plan(apps={"a": App("a")}, limits=limits)
    panes.step(part, Record(1, stamp, encoded(lines, "nats")), plan)
    panes.settle(part, plan)
    assert {app: tally.requests for (_, app), tally in part.panes.items()} == {"a": 3, "b": 2}
