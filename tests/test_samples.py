"""What lines measured, by its cases in samples/*.toml, and that it counts the same by column and line by line."""

import time
import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest

from streams import codec
from streams.core import panes, reading
from streams.core.joins import Joins
from streams.core.plan import Plan
from streams.core.records import Record
from streams.core.samples import NEEDLES, SHAPES, recognise
from streams.core.tally import Tally
from streams.core.values import Line, Sample
from streams.hosts.parse_files import rows
from tests.scenario import encoded

CASES: list[dict[str, Any]] = [
    case
    for file in sorted((Path(__file__).parent / "samples").glob("*.toml"))
    for case in tomllib.loads(file.read_text("utf-8"))["case"]
]
AT = 1_760_119_209_000  # 2025-10-10T18:00:09Z
STAMP = "2025-10-10T18:00:01.250Z"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['origin']}: {case['line'][:30]}")
def test_a_line_says_how_long_a_query_took(case: dict[str, Any]) -> None:
    """Each case gives its duration in ms and what was asked; lines that only sound so give no sample."""
    found = reading.parse(Line(case["line"]), Joins())
    if "ms" not in case:
        assert not isinstance(found, Sample)
        return
    assert isinstance(found, Sample)
    assert found.value_ms == pytest.approx(case["ms"], abs=1e-9)
    assert found.about == case.get("about", found.about)


def test_every_shape_has_a_case() -> None:
    """Each way to tell of a query is shown by a case of ours."""
    for shape in SHAPES:
        assert any(shape.needle in case["line"] and shape.search(_plain(case["line"])) for case in CASES), shape.why


def _plain(line: str) -> str:
    return reading.cleaned(line, 16_384)[0]


@pytest.mark.parametrize("shape", ["batch", "nats"])
def test_columns_count_the_same_samples(shape: str) -> None:
    """The batch path counts what single lines say, survives JSON, and counts each line once."""
    lines = [Line(case["line"], STAMP, "shop", "m1", "ord") for case in CASES]
    part, plan = panes.Partition(0), Plan()
    for record in (Record(1, AT, encoded(lines, shape)), Record(2, AT, codec.TICK)):
        panes.step(part, record, plan)
    (tally,) = part.panes.values()
    assert tally.queries.count == sum("ms" in case for case in CASES)
    assert tally.queries.total_ns == sum(int(case["ms"] * 1e6 + 1e-6) for case in CASES if "ms" in case)
    assert tally.lines == len(lines)
    assert Tally.load(tally.dump()) == tally
    both = tally.copy()
    both.merge(tally)
    assert both.queries.count == 2 * tally.queries.count
    assert both != tally


def test_parse_prints_a_sample() -> None:
    """The command's row has the value, its unit and what was asked, masked."""
    line = "LOG:  duration: 12.500 ms  statement: SELECT 1 WHERE mail = 'ann@example.com'"
    (row,) = rows(iter([line.encode()]), "shop", explain=False)
    assert row == {
        "line": 1,
        "kind": "sample",
        "name": "query",
        "timestamp": None,
        "value": 12.5,
        "unit": "ms",
        "about": "SELECT 1 WHERE mail = '?'",
        "app": "shop",
        "instance": None,
        "region": None,
    }


def test_mutated_lines_are_survived() -> None:
    """Lines that are broken in some place give a sample or none."""
    rng = Random(5)
    for _ in range(2_000):
        text = list(rng.choice(CASES)["line"])
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(text))
            text[at : at + rng.randrange(3)] = rng.choice(['"', "'", "\x00", "é", "(", "9" * 50, "9" * 400, "ms"])
        found = recognise("".join(text))
        assert found is None or found.value_ms >= 0


@pytest.mark.parametrize("piece", [*NEEDLES, "'", "(", "1", "a ", "] ", "A", "SELECT ", '"query": "', "time=", "rows: 1, "])
def test_hostile_lines_take_little_time(piece: str) -> None:
    """A line at the cap of any repeated piece is read in a millisecond or two, whatever else stands in it."""
    text = " ".join(NEEDLES) + (piece * 16_384)[:16_384]
    began = time.process_time()
    recognise(text)
    recognise((piece * 16_384)[:3_900] + " ".join(NEEDLES))
    assert time.process_time() - began < 0.05
