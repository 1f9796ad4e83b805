"""Stack traces by their cases in traces/*.toml: one event each, however their lines are cut, mixed and interrupted."""

import json
import time
import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from streams import codec
from streams.core import panes, reading, telling
from streams.core.events import frames
from streams.core.joins import Joins
from streams.core.plan import Plan
from streams.core.records import Happened, Record
from streams.core.traces import AGE_MS, LINES, Told
from streams.core.values import Event, EventKind, Line, Reason, Request, Skipped
from streams.hosts.parse_files import rows
from tests.scenario import encoded

CASES: list[dict[str, Any]] = [
    case
    for file in sorted((Path(__file__).parent / "traces").glob("*.toml"))
    for case in tomllib.loads(file.read_text("utf-8"))["trace"]
]
NAMES = [case["origin"] for case in CASES]
BY_NAME = dict(zip(NAMES, CASES, strict=True))
AT = 1_760_119_209_000  # 2025-10-10T18:00:09Z
STAMP = "2025-10-10T18:00:01.250Z"
REQUEST = "GET /pay 500 17 - 12 ms"


def texts(case: dict[str, Any]) -> list[str]:
    """Return a case's lines."""
    return list(case["text"].strip("\n").split("\n"))


def told(lines: list[str], stamp: str | None = STAMP) -> list[Told]:
    """Return what the lines of one instance tell, read one by one."""
    joins, found = Joins(), list[Told]()
    for number, text in enumerate(lines, 1):
        reading.parse(Line(text, stamp, "shop", "m1"), joins, number)
        found += joins.told
    return [*found, *joins.end()]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_trace_is_one_event(case: dict[str, Any]) -> None:
    """A trace tells its error once, at the line that names it, with its first and top frame and how many lines it had."""
    (one,) = told([*texts(case), "listening on port 3000"])
    event = one.event
    assert event.event == case.get("event", "app_error")
    assert event.about == case.get("about", event.about)
    assert (event.first_frame, event.top_frame) == (case["first"], case["top"])
    assert event.lines == case["lines"]
    assert one.place.line == case.get("names", 1)
    assert one.started_line == case.get("began")
    assert event.evidence == case.get("evidence", event.evidence)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_each_line_is_a_part(case: dict[str, Any]) -> None:
    """Of a trace's lines those that tell an error by themselves are events, blank ones empty, and all others parts."""
    joins = Joins()
    for number, text in enumerate(texts(case), 1):
        parsed = reading.parse(Line(text), joins, number)
        if not isinstance(parsed, Event):
            assert isinstance(parsed, Skipped), text
            assert parsed.reason is (Reason.PART if text.strip() else Reason.EMPTY), text
    nothing = reading.parse(Line("listening on port 3000"), joins)
    assert nothing == Skipped(Reason.UNRECOGNISED)
    assert joins.idle


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_requests_between_frames_break_nothing(case: dict[str, Any]) -> None:
    """Requests and words of Fly between the lines of a trace leave it what it is."""
    mixed = [each for text in texts(case) for each in (text, REQUEST, " INFO Main child exited normally with code: 0")]
    found = [each.event for each in told(mixed) if each.event.event is not EventKind.MACHINE_STOPPED]
    assert found == [each.event for each in told(texts(case))]


@pytest.mark.parametrize("shape", ["batch", "nats"])
@pytest.mark.parametrize("seed", range(6))
def test_the_cut_never_matters(seed: int, shape: str) -> None:
    """Traces of two instances, cut into records anywhere and put back from JSON between any of them, tell the same events."""
    rng = Random(seed)
    cases = rng.sample(CASES, len(CASES))
    lines = {name: [text for case in cases[i::2] for text in (*texts(case), REQUEST)] for i, name in enumerate(("m1", "m2"))}
    part, plan, said, offset = panes.Partition(3), Plan(), list[Happened](), 0
    left = {name: list(each) for name, each in lines.items()}
    while any(left.values()):
        name = rng.choice([name for name, each in left.items() if each])
        taken = [left[name].pop(0) for _ in range(min(rng.randrange(1, 5), len(left[name])))]
        offset += 1
        record = Record(offset, AT, encoded([Line(text, STAMP, "shop", name, "ord") for text in taken], shape))
        outputs = panes.step(part, record, plan).outputs + panes.settle(part, plan).outputs
        outputs += panes.step(part, Record(offset, AT, codec.TICK), plan).outputs
        said += [output for output in outputs if isinstance(output, Happened)]
        for key, joins in part.joins.items():
            part.joins[key] = Joins.load(json.loads(json.dumps(joins.dump())))
    last = panes.step(part, Record(offset + 1, AT + AGE_MS, codec.TICK), plan).outputs
    said += [output for output in last if isinstance(output, Happened)]
    for name, each in lines.items():
        expected = [one.event for one in told(each)]
        assert [one.event for one in said if one.instance == name] == expected
    assert len({one.id for one in said}) == len(said)
    assert {one.at_ms for one in said} == {AT - 7_750}
    assert part.joins == {}
    (tally,) = part.panes.values()
    assert sum(tally.events.values()) == len(said)
    assert tally.lines == sum(map(len, lines.values()))


def test_a_trace_ends_by_age() -> None:
    """A tick tells an error to which nothing was added for two seconds, not before; frames that come later are parts."""
    part, plan, (head, *rest) = panes.Partition(0), Plan(), texts(BY_NAME["node"])

    def step(offset: int, after_ms: int, value: bytes) -> list[Happened]:
        outputs = panes.step(part, Record(offset, AT + after_ms, value), plan).outputs
        return [output for output in outputs if isinstance(output, Happened)]

    assert step(1, 0, encoded([Line(text, STAMP, "shop", "m1") for text in (head, rest[0])], "batch")) == []
    assert step(2, AGE_MS - 1, codec.TICK) == []
    (one,) = step(3, AGE_MS, codec.TICK)
    assert (one.id, one.event.lines, one.event.top_frame) == ("0/1/0", 2, BY_NAME["node"]["first"])
    assert step(4, AGE_MS + 1, encoded([Line(rest[1], STAMP, "shop", "m1")], "batch")) == []
    assert step(5, 3 * AGE_MS, codec.TICK) == []
    (tally,) = part.panes.values()
    assert (tally.lines, tally.skipped, tally.events) == (3, {"part": 2}, {"app_error": 1})


def test_stamps_far_apart_are_no_trace() -> None:
    """Frames whose stamps are two seconds behind the error's are none of it, however they were cut into records."""
    joins, (head, frame, *_) = Joins(), texts(BY_NAME["node"])
    reading.parse(Line(head, "2025-10-10T18:00:01Z"), joins, 1)
    assert reading.parse(Line(frame, "2025-10-10T18:00:03Z"), joins, 2) == Skipped(Reason.PART)
    assert [each.event.first_frame for each in joins.told] == [None]
    assert joins.idle


def test_a_trace_without_an_end_is_told() -> None:
    """A trace of more lines than the cap is told at the cap; what follows is skipped as parts."""
    head, frame = texts(BY_NAME["node"])[:2]
    (one,) = told([head, *[frame] * (LINES + 100)])
    assert one.event.lines == LINES


def test_want_of_memory_within_a_trace_is_told() -> None:
    """An error that want of memory caused is an error, and its cause is told besides."""
    lines = texts(BY_NAME["Java: an Error ends a thread"])
    found = told([*lines, "Caused by: java.lang.OutOfMemoryError: Java heap space", lines[-1], "listening"])
    assert [(str(each.event.event), each.place.line) for each in found] == [("oom", 4), ("app_error", 1)]


def test_errors_without_frames_stay_two() -> None:
    """A logger's line and an error by its class are two events unless frames follow the second."""
    found = told(["2025-10-10 18:00:00 ERROR order failed", "ValueError: no", "listening"])
    assert [(each.event.about, each.place.line, each.event.lines) for each in found] == [("", 1, 1), ("ValueError", 2, 1)]


WORDS, FRAME = "Loading the cart failed TypeError: fetch failed", "    at pay (/app/src/shop.js:12:34)"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([WORDS, "listening"], []),
        ([WORDS, WORDS, FRAME], [("app_error", "TypeError", 2)]),
        ([WORDS, "  connect ECONNREFUSED 203.0.113.9:5432"], [("db_connection", "TypeError", 1)]),
        (["ERROR: order 7 failed", WORDS, FRAME], [("app_error", "TypeError", 2)]),
        (["ERROR: order 7 failed", WORDS, "listening"], [("app_error", "", 1)]),
        ([f"WARN {WORDS}, trying again", FRAME], []),
        (["[app] [404] GET /wp-login.php SvelteKitError: Not found: /wp-login.php", FRAME], []),
        (
            ["thread 'main' panicked at src/cart.rs:12:5:", "no cart: ParseIntError: 7"],
            [("app_error", "panic", 1)],
        ),
    ],
)
def test_words_before_an_error_are_one_if_frames_follow(lines: list[str], expected: list[tuple[str, str, int]]) -> None:
    """Words that name an error tell it with the frames below them, and nothing without, where they warn, or within another."""
    assert [(str(each.event.event), each.event.about, each.place.line) for each in told(lines)] == expected


ELIXIR, PLACE = "** (Ecto.NoResultsError) got none in query:", "    (shop 0.1.0) lib/shop.ex:3: Shop.pay/1"


@pytest.mark.parametrize(
    ("lines", "framed"),
    [
        ([ELIXIR, *["  from c in Cart"] * 30, PLACE], True),
        ([ELIXIR, *["from c in Cart"] * 11, PLACE], True),
        ([ELIXIR, *["from c in Cart"] * 12, PLACE], False),
        ([ELIXIR, "18:00:01.000 [info] order 7 is paid", PLACE], False),
        ([ELIXIR.removesuffix(":"), "listening on port 3000", PLACE], False),
    ],
)
def test_messages_of_several_lines(lines: list[str], framed: bool) -> None:
    """An Elixir error's message may go on for a few lines where its first one ends so; a logger's head begins another."""
    (one,) = told(lines)
    assert (one.event.first_frame is not None) is framed


NGINX = "2024/03/05 09:01:38 [error] 7#7: "
APACHE = "[Tue Mar 05 09:01:38 2024] [error] [client 203.0.113.9] "
RESET = f"{NGINX}*1 recv() failed (104: Connection reset by peer) while reading response header from upstream"
UNCAUGHT = "PHP Fatal error:  Uncaught Exception: no in /app/index.php:3"


@pytest.mark.parametrize(
    "lines",
    [
        [RESET, f'{NGINX}*2 FastCGI sent in stderr: "PHP message: {UNCAUGHT}" while reading response header from upstream'],
        [RESET, f"[Tue Mar 05 09:01:38.125 2024] [php:error] [pid 7] [client 203.0.113.9:54032] {UNCAUGHT}"],
        [RESET, UNCAUGHT],
        [RESET, '{"level":"error","msg":"no cart"}'],
        [f"{APACHE}no cart", f"{APACHE}no shop"],
    ],
)
def test_lines_of_error_logs_are_complete(lines: list[str]) -> None:
    """What stands behind a line of nginx's or Apache's error log is another error, whatever frame that names itself."""
    assert [(one.place.line, one.event.lines) for one in told(lines)] == [(1, 1), (2, 1)]


def test_a_traceback_that_names_nothing_is_told() -> None:
    """Frames behind a traceback's first line are an error, whatever becomes of its last line."""
    (one,) = told([*texts(BY_NAME["Python, chained"])[:3], "listening on port 3000"])
    assert (one.event.event, one.event.about, one.place.line) == ("app_error", "", 1)
    assert one.event.top_frame == 'File "/app/shop.py", line 3, in read'


def test_two_tracebacks_are_two_events() -> None:
    """A traceback that no sentence ties to the one before it is an error of its own."""
    lines = texts(BY_NAME["Python: psycopg"])
    assert [each.place.line for each in told(lines * 2)] == [4, 8]


def test_frames_alone_are_parts() -> None:
    """Frames of a trace that nobody saw begin are skipped as parts and tell nothing."""
    lines = [
        "    at pay (/app/src/shop.js:12:34)",
        '  File "/app/main.py", line 12, in handler',
        "\tat com.example.Shop.pay(Shop.java:1)",
    ]
    assert told(lines) == []
    assert [reading.parse(Line(text), Joins()) for text in lines] == [Skipped(Reason.PART)] * 3
    for text in ("  a list of things", "  (all) pages/12", "  (all) Pages(12)"):
        assert reading.parse(Line(text), Joins()) == Skipped(Reason.UNRECOGNISED)


ONE_LINE: list[tuple[str, str, str, str]] = [
    (
        json.dumps({"level": 50, "err": {"type": "PayError", "stack": "PayError: no\n    at pay (/app/pay.js:1:2)"}}),
        "PayError",
        "pay (/app/pay.js:1:2)",
        "pay (/app/pay.js:1:2)",
    ),
    (
        json.dumps(
            {"level": "error", "exception": 'Traceback (most recent call last):\n  File "/app/a.py", line 1, in f\nNo: x'}
        ),
        "No",
        'File "/app/a.py", line 1, in f',
        'File "/app/a.py", line 1, in f',
    ),
    (
        json.dumps(
            {"level": "ERROR", "stack_trace": "a.NoCartException: x\n\tat java.util.A.b(A.java:1)\n\tat a.Cart.pay(C.java:2)"}
        ),
        "a.NoCartException",
        "java.util.A.b(A.java:1)",
        "a.Cart.pay(C.java:2)",
    ),
    (
        json.dumps({"message": "no", "level": "error", "stack": "Error: no\n    at /app/pay.js:1:2\n"}),
        "Error",
        "/app/pay.js:1:2",
        "/app/pay.js:1:2",
    ),
    (
        json.dumps({"severity": "ERROR", "exception": {"name": "NoCart", "stack_trace": ["app/cart.rb:3:in `pay'"]}}),
        "NoCart",
        "app/cart.rb:3:in `pay'",
        "app/cart.rb:3:in `pay'",
    ),
    (
        r'level=error msg=no stacktrace="main.pay\n\t/app/main.go:12"',
        "",
        "main.pay /app/main.go:12",
        "main.pay /app/main.go:12",
    ),
    ("Error: no\n    at pay (/app/pay.js:1:2)", "Error", "pay (/app/pay.js:1:2)", "pay (/app/pay.js:1:2)"),
    ("it failed TypeError: no\n    at pay (/app/pay.js:1:2)", "TypeError", "pay (/app/pay.js:1:2)", "pay (/app/pay.js:1:2)"),
    (
        'Traceback (most recent call last):\n  File "/app/a.py", line 1, in f\nValueError: x',
        "ValueError",
        'File "/app/a.py", line 1, in f',
        'File "/app/a.py", line 1, in f',
    ),
]


@pytest.mark.parametrize(("line", "about", "first", "top"), ONE_LINE)
def test_a_stack_within_one_line(line: str, about: str, first: str, top: str) -> None:
    """A whole stack in a field, or behind real line ends, is one event with the same frames."""
    (one,) = told([line, "listening"])
    assert (one.event.about, one.event.first_frame, one.event.top_frame, one.event.lines) == (about, first, top, 1)


def test_frames_are_masked() -> None:
    """What a frame says leaves without secrets."""
    (one,) = told(["Error: no", "    at load (https://example.com/a.js?token=abc123:1:2)"])
    assert one.event.top_frame == "load (https://example.com/a.js?token=***)"


def test_parse_prints_a_trace() -> None:
    """The command's row has the line of the error's name, where the trace began, and its frames; requests keep their place."""
    case = BY_NAME["Python: psycopg"]
    given = "\n".join([*texts(case)[:2], REQUEST, *texts(case)[2:], "listening"]).encode()
    request, event = rows(iter([given]), "", explain=False)
    assert (request["kind"], request["line"]) == ("request", 3)
    assert (event["line"], event["started_line"], event["lines"], event["top_frame"]) == (5, 1, 4, case["top"])


def test_mutated_traces_are_survived() -> None:
    """Traces broken in some place, in any order of lines, raise nothing and tell bounded events."""
    rng = Random(7)
    for _ in range(400):
        lines = [line for case in rng.sample(CASES, 3) for line in texts(case)]
        for _ in range(rng.randrange(6)):
            lines.insert(rng.randrange(len(lines)), rng.choice([*lines, "", "\t", "** (", "}", "  x", REQUEST, "{", "\x00"]))
            at = rng.randrange(len(lines))
            lines[at] = lines[at][rng.randrange(3) :] + rng.choice(['"', "(", "\n", ":"])
        for each in told(lines):
            assert len(each.event.evidence) <= 300
            assert len(each.event.top_frame or "") <= 300


PIECES = (
    " ",
    "\t",
    "at ",
    "    at (",
    "#0 ",
    ".",
    "a.",
    "/",
    "(",
    "[a] ",
    "1: ",
    ":1",
    "x:1:in `",
    "from ",
    "F, [",
    "{a,",
    "a: ",
    "|",
)


@pytest.mark.parametrize("piece", PIECES)
def test_hostile_frames_take_little_time(piece: str) -> None:
    """A line at the cap of any repeated piece that frames look for is read in a millisecond, with a trace open or without."""
    (head,) = [texts(BY_NAME["Go"])[0]]
    for text in (
        (piece * 16_384)[:16_384],
        "    at " + (piece * 16_384)[:16_000],
        "F, [2025] FATAL -- : " + (piece * 16_384)[:16_000],
    ):
        joins = Joins()
        reading.parse(Line(head), joins)
        assert joins.trace is not None
        for speech in frames.Speech:
            trace = replace(joins.trace, speech=speech)
            began = time.process_time()
            telling.look(text, "app", trace)
            telling.look(text, "app", None)
            assert time.process_time() - began < 0.02


def test_a_request_in_several_lines_lives_beside_a_trace() -> None:
    """What Rails tells of a request between the lines of a trace joins as ever."""
    joins, found = Joins(), list[object]()
    for number, text in enumerate(
        [
            'Started GET "/pay" for 203.0.113.7 at 2025-10-10 18:00:00 +0000',
            "NoMethodError (undefined method `id' for nil):",
            "Completed 500 Internal Server Error in 12ms",
            "app/models/cart.rb:12:in `pay'",
        ],
        1,
    ):
        found.append(reading.parse(Line(text, STAMP), joins, number))
    assert isinstance(found[2], Request)
    (one,) = joins.end()
    assert (one.event.about, one.event.top_frame) == ("NoMethodError", "app/models/cart.rb:12:in `pay'")
