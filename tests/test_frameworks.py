"""What holds for all formats of application frameworks: heads of loggers, times as programs print them, envelopes, restarts."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from streams.core import lines, reading
from streams.core.joins import Joins
from streams.core.parsing import FORMATS, frameworks, heads, recognise, request
from streams.core.parsing.elapsed import elapsed_ms
from streams.core.reading import cleaned
from streams.core.values import Line

FILES = sorted((Path(__file__).parent / "formats").glob("*.toml"))
CASES: list[dict[str, Any]] = [case for file in FILES for case in tomllib.loads(file.read_text("utf-8"))["case"]]
LINES = [case["line"] for case in CASES if "line" in case]
SEVERAL = [pytest.param(case, id=case["origin"]) for case in CASES if "lines" in case]
OF_FRAMEWORKS = {*(fmt.name for fmt in frameworks.FORMATS), "logged"}


@pytest.mark.parametrize(
    ("text", "took_ms"),
    [
        ("12ms", 12.0),
        ("85.125µs", 0.085125),
        ("85.125μs", 0.085125),
        ("791ns", 0.000791),
        ("1.5s", 1500.0),
        ("12.3 ms", 12.3),
        ("1m2.5s", 62_500.0),
        ("1h2m3s", 3_723_000.0),
        ("2m0s", 120_000.0),
        ("1m", 60_000.0),
        ("0s", 0.0),
        ("1,234ms", 1234.0),
        ("1,234.5678ms", 1234.5678),
        ("1,234,5ms", 1234.5),
        ("12,3456 ms", 12.3456),
        ("", None),
        ("12", None),
        ("ms", None),
        ("1.2.3s", None),
        ("9" * 50 + "ms", None),
    ],
)
def test_a_time_as_programs_print_it(text: str, took_ms: float | None) -> None:
    """One number with a unit, Go's composites, thousands and decimals with commas; anything else is no time."""
    assert elapsed_ms(text) == took_ms


@pytest.mark.parametrize(
    ("text", "peeled"),
    [
        ("INFO:app:GET /x", (None, "GET /x")),
        ("2024-03-05 09:01:38,250 - app - INFO - GET /x", ("2024-03-05 09:01:38,250", "GET /x")),
        ("[2024-03-05 09:01:38 +0000] [7] [INFO] GET /x", ("2024-03-05 09:01:38 +0000", "GET /x")),
        ("I, [2024-03-05T09:01:38.250125 #7]  INFO -- : GET /x", ("2024-03-05T09:01:38.250125", "GET /x")),
        ("09:01:38.250 request_id=0a1b [info] GET /x", (None, "GET /x")),
        ("I0305 09:01:38.250125    7 main.go:12] GET /x", (None, "GET /x")),
        ("WARNING 200 GET /x", (None, "200 GET /x")),
        ("the app says GET /x", None),
        ("GET /x", None),
        ("INFO:app:", None),
        ("web-1  | INFO GET /x", None),
        ("2025-10-10T18:36:00Z app[e784] iad [info] GET /x", None),
    ],
)
def test_a_logger_s_head(text: str, peeled: tuple[str | None, str] | None) -> None:
    """A head has a stamp, a level or brackets; prose has none, and an envelope is none."""
    assert heads.split(text) == peeled


@pytest.mark.parametrize(
    "envelope",
    [
        "2025-10-10T18:36:00Z app[e784079b449] iad [info] {}",
        "2025-10-10T18:36:00.123 runner[e784] iad [info]{}",
        "web-1  | {}",
        "Oct 10 18:36:00 host app[12]: {}",
        "<34>1 2025-10-10T18:36:00Z host app 12 - - {}",
    ],
)
def test_no_format_takes_a_line_in_its_envelope(envelope: str) -> None:
    """What lets anything stand before a request does not let an envelope: so a file of mixed lines reads as it should."""
    for line in LINES:
        text = envelope.format(line)
        assert lines.unwrap(text).text != text
        assert {fmt.name for fmt in FORMATS if fmt.match(text)} & OF_FRAMEWORKS == set(), text


def test_what_surrounds_a_line_never_matters() -> None:
    """A format that takes a line as it came says what is said of it without colours and line ends."""
    for line in LINES:
        for raw in (
            f"{line}\n",
            f"{line}\r\n",
            f"\x1b[32m{line}\x1b[0m",
            f"{line} ",
            f" {line}",
            line.replace(" /", " /\x1b[31m", 1),
        ):
            taken = [(fmt, row) for fmt in FORMATS if (row := fmt.match(raw))]
            found = recognise(cleaned(raw, 16_384)[0])
            for fmt, row in taken:
                assert found is not None, raw
                assert request(fmt, row.groups(), None) == request(found[0], found[1].groups(), None), raw


@pytest.mark.parametrize("case", SEVERAL)
def test_a_restart_between_two_lines_changes_nothing(case: dict[str, Any]) -> None:
    """Open requests that went through JSON after every line give the same as those that did not."""
    joins, again = Joins(), Joins()
    for number, text in enumerate(case["lines"], start=1):
        told = reading.parse(Line(text), joins, number)
        again = Joins.load(json.loads(json.dumps(again.dump())))
        assert reading.parse(Line(text), again, number) == told
