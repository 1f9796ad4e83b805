"""Every request format by its cases in formats/*.toml, and by the labelled logs beside the repository where there are any."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.core import lines, reading, stamps
from streams.core.blocks import FORGOTTEN_MS
from streams.core.headings import Heading
from streams.core.joins import Fragment, Joins, Kind
from streams.core.parsing import FORMATS, recognise, request
from streams.core.parsing.format import Format, Row
from streams.core.reading import cleaned
from streams.core.values import Line, Reason, Request
from tests import formats_table

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "shared" / "fixtures"
FIELDS = ("method", "target", "path", "status", "duration_ms", "client_ip")
CASES = [
    (f"{file.stem}: {case['origin']}", case)
    for file in sorted((HERE / "formats").glob("*.toml"))
    for case in tomllib.loads(file.read_text("utf-8"))["case"]
]
SINGLE = [pytest.param(case, id=name) for name, case in CASES if "line" in case]
SEVERAL = [pytest.param(case, id=name) for name, case in CASES if "lines" in case]
LATER: tuple[str, ...] = ()  # formats of a later issue
FIXTURE_LOGS = [
    log
    for log in sorted(FIXTURES.rglob("*"))
    if log.suffix in {".log", ".txt", ".ndjson"} and ".expected" not in log.name and "security" not in str(log.parent)
]


def fields(found: Request) -> dict[str, Any]:
    """Return what a case can name."""
    named = {name: getattr(found, name) for name in (*FIELDS, "started_line")}
    named["at"] = None if found.at_ms is None else stamps.text(found.at_ms)
    named["started"] = None if found.started_ms is None else stamps.text(found.started_ms)
    return named


def expected(case: dict[str, Any]) -> dict[str, Any]:
    """Return what a case says; what it does not name is unknown, a path not named is the target."""
    want = {name: case.get(name) for name in (*FIELDS, "started_line", "at", "started")}
    want["path"] = case.get("path", case.get("target"))
    return want


def answers(text: str) -> list[tuple[Format, Row]]:
    """Return every format that takes a message, found without the table's order."""
    return [(fmt, row) for fmt in FORMATS if (row := fmt.match(text))]


def raw_lines() -> Iterator[str]:
    """Yield the messages of all cases and of all labelled logs, with their envelopes off."""
    for _, case in CASES:
        yield from case.get("lines") or [case["line"]]
    for log in FIXTURE_LOGS:
        for raw in log.read_bytes().decode("utf-8", "replace").split("\n"):
            yield raw.rstrip("\r")
            yield lines.unwrap(raw).text


@pytest.mark.parametrize("case", SINGLE)
def test_case(case: dict[str, Any]) -> None:
    """A line gives exactly the fields its case names, in the format it names, or is refused."""
    found = recognise(cleaned(case["line"], 16_384)[0])
    if case.get("none"):
        assert found is None
        return
    assert found is not None
    assert found[0].name == case["format"]
    assert fields(request(found[0], found[1].groups(), None)) == expected(case)


@pytest.mark.parametrize("case", SEVERAL)
def test_case_of_several_lines(case: dict[str, Any]) -> None:
    """Lines of one instance give the requests their case names, and leave as many open."""
    joins = Joins()
    found = []
    for number, text in enumerate(case["lines"], start=1):
        assert recognise(text) is None
        parsed = reading.parse(Line(text), joins, number)
        found += [fields(parsed)] if isinstance(parsed, Request) else []
    assert found == [expected(want) for want in case["want"]]
    assert len(joins) == case["open"]


@pytest.mark.parametrize("case", SEVERAL)
def test_crashes_between_lines_never_matter(case: dict[str, Any]) -> None:
    """A state that is written and read back as JSON after each line gives the same requests."""
    joins = Joins()
    found = []
    for number, text in enumerate(case["lines"], start=1):
        joins = Joins.load(json.loads(json.dumps(joins.dump())))
        parsed = reading.parse(Line(text), joins, number)
        found += [fields(parsed)] if isinstance(parsed, Request) else []
    assert found == [expected(want) for want in case["want"]]


def test_an_open_block_is_forgotten() -> None:
    """What began to be told over indented lines and went no further is forgotten, also where no line tells a time."""
    for stamp in ("2024-03-05T09:01:38Z", None):
        joins = Joins()
        reading.parse(Line("    req: {", stamp), joins)
        began_ms = stamps.ms("2024-03-05T09:01:38Z") or 0
        assert joins.block is not None
        joins.expire(began_ms)
        joins.expire(began_ms + FORGOTTEN_MS)
        assert not joins.idle
        joins.expire(began_ms + FORGOTTEN_MS + 1)
        assert joins.idle


def test_the_page_of_formats_is_current() -> None:
    """docs/formats.md is what the parsers and their cases say now; ``python -m tests.formats_table`` writes it."""
    assert formats_table.FILE.read_text(encoding="utf-8") == formats_table.table()


def test_every_format_has_cases() -> None:
    """Each row of the table has at least two cases, and one of them is an edge."""
    cases = Counter(case["format"] for _, case in CASES if "format" in case)
    edges = Counter(case["format"] for _, case in CASES if "format" in case and case.get("edge"))
    names = {fmt.name for fmt in FORMATS}
    assert len(names) == len(FORMATS)
    assert set(cases) == names
    assert {name for name in names if cases[name] < 2 or not edges[name]} == set()


def test_no_line_belongs_to_two_formats() -> None:
    """At most one format takes a line, and it is the one that the table finds: so which is tried first is of no matter."""
    for text in raw_lines():
        taken = answers(text)
        assert len(taken) <= 1, (text, [fmt.name for fmt, _ in taken])
        found = recognise(text)
        assert [fmt for fmt, _ in taken] == ([] if found is None else [found[0]]), text


def test_the_envelope_wins_over_the_line() -> None:
    """The stamp that Fly wrote is taken before the one in the line."""
    found = recognise('203.0.113.9 - - [05/Mar/2024:09:01:38 +0100] "GET / HTTP/1.0" 200 1')
    assert found is not None
    assert request(found[0], found[1].groups(), 7).at_ms == 7


def started(number: int) -> Fragment:
    """Return the start of a request with an id of its own."""
    return Fragment(Kind.STARTED, str(number), method="GET", target=f"/{number}", stamp_ms=number)


def test_open_requests_are_bounded_by_a_cap() -> None:
    """Beyond the cap the oldest open request is dropped and counted; its end then says too little."""
    joins = Joins(cap=2)
    assert [(joins.take(started(n), n, n), joins.dropped) for n in (1, 2, 3)] == [
        (Reason.PART, 0),
        (Reason.PART, 0),
        (Reason.PART, 1),
    ]
    assert joins.take(Fragment(Kind.COMPLETED, "1", status=200), 9) is Reason.ORPHAN
    assert isinstance(joins.take(Fragment(Kind.COMPLETED, "2", status=200), 9), Request)


def test_open_requests_are_bounded_by_age() -> None:
    """Open requests that began before a time are dropped; what has no time at all stays for the cap."""
    joins = Joins()
    joins.take(started(1), 1_000, 1)
    joins.take(started(2), 2_000, 2)
    joins.take(Fragment(Kind.STARTED, "x"), None, 3)
    assert joins.expire(2_000) == 1
    assert len(joins) == 2


def test_an_end_without_an_id_joins_only_the_single_open_request() -> None:
    """Where lines carry ids, one without an id takes the only open request, and touches none of several."""
    joins, end = Joins(), Fragment(Kind.FAILED, target="/9", status=404)
    joins.take(started(1), 1, 1)
    joins.take(started(2), 2, 2)
    before = joins.copy()
    assert joins.take(end, 3) is Reason.ORPHAN
    assert joins == before
    joins.take(Fragment(Kind.COMPLETED, "1", status=200), 4)
    assert isinstance(found := joins.take(end, 5), Request)
    assert (found.method, found.started_line) == ("GET", 2)


def test_open_requests_survive_a_crash() -> None:
    """What is dumped as JSON and loaded again is equal, and a copy is independent."""
    joins = Joins()
    joins.take(started(1), None, 1)
    joins.take(started(2), 5, None)
    again = Joins.load(json.loads(json.dumps(joins.dump())))
    assert again == joins
    copied = joins.copy()
    copied.take(Fragment(Kind.COMPLETED, "1", status=200), 9)
    assert copied != joins == again


def test_names_of_columns_are_kept_while_they_are_used() -> None:
    """The names that an instance told survive a crash, and a week in which no line asks for them, but no more."""
    day_ms = 86_400_000
    joins = Joins()
    assert joins.take(Fragment(Kind.HEADED, target="c-ip sc-status"), day_ms) is Reason.PART
    joins.take(Fragment(Kind.HEADED, id="2024-03-05"), day_ms)
    again = Joins.load(json.loads(json.dumps(joins.dump())))
    assert again == joins == joins.copy()
    assert (again.heading, len(again), again.idle) == (Heading("c-ip sc-status", "2024-03-05", day_ms), 0, False)
    assert again.heading.kept(2 * day_ms) is again.heading
    again.heading = again.heading.kept(2 * day_ms + 1)
    again.expire(9 * day_ms + 1)
    assert not again.idle
    again.expire(9 * day_ms + 2)
    assert again.idle


def labelled(log: Path) -> dict[int, dict[str, Any]]:
    """Return the expected rows of a log that are requests, by line."""
    file = log.with_name(f"{log.stem}.expected.ndjson")
    rows = map(json.loads, file.read_text("utf-8").splitlines()) if file.exists() else ()
    return {row["line"]: row for row in rows if row.get("count_as_request") is not False}


def parsed(log: Path) -> dict[int, Request]:
    """Return the requests found in a log, by the line that completed them."""
    joins: dict[tuple[str, str], Joins] = {}
    found = {}
    for number, raw in enumerate(log.read_bytes().decode("utf-8", "replace").split("\n"), start=1):
        line = lines.unwrap(raw)
        one = reading.parse(line, joins.setdefault((line.app, line.instance), Joins()), number)
        if isinstance(one, Request):
            found[number] = one
    return found


def differences(want: dict[str, Any], found: Request) -> dict[str, Any]:
    """Return the fields in which a request is not as labelled.

    Two habits of the labels are no fields: ``-`` for the address stands in logs that have one, and 0 is no status.
    """
    wrong = {name: getattr(found, name) for name in FIELDS if getattr(found, name) != want[name]}
    if want["client_ip"] == "-":
        wrong.pop("client_ip", None)
    if want["status"] == 0 and found.status is None:
        wrong.pop("status", None)
    if want["duration_ms"] is not None and found.duration_ms == pytest.approx(want["duration_ms"], abs=1e-5):
        wrong.pop("duration_ms", None)
    at_ms = found.at_ms if found.started_ms is None else found.started_ms
    labelled_ms = stamps.ms(want["timestamp"]) if want["timestamp"] else None
    if labelled_ms is not None and (at_ms is None or abs(at_ms - labelled_ms) > 1000):  # some labels are whole seconds
        wrong["at_ms"] = at_ms
    return wrong


@pytest.mark.skipif(not FIXTURE_LOGS, reason="the labelled logs are not part of the repository")
@pytest.mark.parametrize("log", [pytest.param(log, id=f"{log.parent.name}/{log.stem}") for log in FIXTURE_LOGS])
def test_labelled_log(log: Path) -> None:
    """Every labelled request of a real log is found with all its fields, and nothing else is called a request."""
    if log.stem in LATER:
        pytest.skip("a later issue")
    want, found = labelled(log), parsed(log)
    wrong = {number: differences(row, found[number]) for number, row in want.items() if number in found}
    assert {number: what for number, what in wrong.items() if what} == {}
    assert set(want) - set(found) == set()
    told = {number for number, one in found.items() if one.started_line is not None}
    assert set(found) - set(want) - (told if log.stem == "fly_lines" else set()) == set()  # its labels: single lines only
