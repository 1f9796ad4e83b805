"""The user's own patterns: what they read, and that they take nothing from anybody."""

import pickle
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from streams import codec
from streams.core import panes, parsing, reading
from streams.core.joins import Joins
from streams.core.parsing.format import Format
from streams.core.plan import Plan
from streams.core.records import Record, Requests
from streams.core.values import Line, Reason, Request, Skipped
from streams.hosts.parse_files import rows
from streams.patterns import Pattern, request_format
from streams.settings import load
from tests.scenario import encoded

AT = 1_760_119_209_000  # 2025-10-10T18:00:09Z
STAMP = "2025-10-10T18:00:01Z"
OWN = (
    request_format(
        "billing", Pattern(r"charge (?P<method>[A-Z]+) (?P<target>/[^ ]*) -> (?P<status>\d+) in (?P<duration>[^ ]+)"), "s"
    ),
    request_format("greedy", Pattern(r"(?P<stamp>[^ ]+) .*(?P<status>[0-9]{3})"), None),
)
PLAN = Plan(formats=OWN)
MIXED = (
    "charge POST /pay?card=1 -> 201 in 0.25",
    "charge POST /pay -> 999 in NaN",
    "GET / 200 17 - 12 ms",
    '203.0.113.4 - - [10/Oct/2025:18:00:01 +0000] "GET /c HTTP/1.1" 500 17',
    "2025-10-10T18:00:02Z job done: 503",
    "nothing of the kind",
)


def test_a_pattern_reads_a_request() -> None:
    """Groups become fields with the unit of the pattern; what a request cannot have is unknown."""
    found = reading.parse(Line(MIXED[0], STAMP), Joins(), own=OWN)
    assert isinstance(found, Request)
    assert (found.method, found.target, found.path, found.status) == ("POST", "/pay?card=1", "/pay", 201)
    assert (found.duration_ms, found.format, found.client_ip) == (250.0, "custom:billing", None)
    odd = reading.parse(Line(MIXED[1], STAMP), Joins(), own=OWN)
    assert isinstance(odd, Request)
    assert (odd.status, odd.duration_ms) == (None, None)
    late = reading.parse(Line(MIXED[4]), Joins(), own=OWN)
    assert isinstance(late, Request)
    assert (late.at_ms, late.status) == (AT - 7_000, 503)
    assert reading.parse(Line(MIXED[5]), Joins(), own=OWN) == Skipped(Reason.UNRECOGNISED)


def test_what_is_known_stays_what_it_is() -> None:
    """A pattern that would take everything gets only what no format knows."""
    for text in MIXED[2:4]:
        found = reading.parse(Line(text, STAMP), Joins(), own=OWN)
        known = parsing.recognise(text)
        assert isinstance(found, Request)
        assert known is not None
        assert found.format == known[0].name


@pytest.mark.parametrize("seed", range(5))
def test_columns_say_what_lines_say(seed: int) -> None:
    """In whatever order lines of patterns and of formats come, each is what it is by itself."""
    rng = Random(seed)
    lines = [Line(rng.choice(MIXED), STAMP, "x", "m1") for _ in range(50)]
    part = panes.Partition(0)
    given = (Record(1, AT, encoded(lines, "batch")), Record(2, AT, codec.TICK))
    outputs = [output for record in given for output in panes.step(part, record, PLAN).outputs]
    columns = [output.columns for output in outputs if isinstance(output, Requests)]
    published = [row for each in columns for row in zip(each["format"], each["status"], each["duration_ms"], strict=True)]
    singles = [reading.parse(line, Joins(), own=OWN) for line in lines]
    expected = [(one.format, one.status, one.duration_ms) for one in singles if isinstance(one, Request)]
    assert sorted(published, key=repr) == sorted(expected, key=repr)


def test_patterns_travel_to_other_processes() -> None:
    """A plan with patterns, sent to another process, reads the same."""
    sent: Plan = pickle.loads(pickle.dumps(PLAN))  # noqa: S301  # our own bytes
    (billing, _) = sent.formats
    row = billing.match(MIXED[0])
    assert row is not None
    assert row.groups() == (None, "POST", "/pay?card=1", "201", None, "0.25", None)


def test_the_command_reads_by_the_file(tmp_path: Path) -> None:
    """``flywatch parse`` prints what a pattern of flywatch.toml reads, with its name."""
    (tmp_path / "flywatch.toml").write_text("[[pattern]]\nname = 'p'\nmatch = 'did (?P<target>/.*) (?P<status>[0-9]+)'\n")
    (tmp_path / "rules.toml").write_text("")
    (tmp_path / "security.toml").touch()
    own: tuple[Format, ...] = load(tmp_path, environ={}).plan().formats
    (found,) = rows(iter([b"did /x 204"]), "shop", Plan(formats=own), explain=True)
    assert (found["kind"], found["format"], found["target"], found["status"]) == ("request", "custom:p", "/x", 204)


def test_a_pattern_costs_time_linear_in_the_line() -> None:
    """A pattern that would stop a backtracking engine for ever reads a line at the cap like any other."""
    hostile = request_format("hostile", Pattern(r"(a|aa)+(b|a+)*(?P<status>[0-9]{3})"), None)
    assert hostile.match("a" * 16_384) is None
    assert replace(PLAN, formats=(hostile,)).formats[0].match("aaa200") is not None
