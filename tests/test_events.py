"""Events by their cases in events/*.toml, and what leaves of their lines."""

import time
import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from streams import codec
from streams.core import panes, reading
from streams.core.events import SIGNS, recognise
from streams.core.events.any_of import any_of
from streams.core.events.sign import Sign
from streams.core.joins import Joins
from streams.core.masking import KEPT_CHARS, mask
from streams.core.plan import Plan
from streams.core.records import Happened, Record
from streams.core.traces import AGE_MS
from streams.core.values import Event, EventKind, Line
from streams.hosts.parse_files import rows
from tests.scenario import encoded

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = [
    case for file in sorted((HERE / "events").glob("*.toml")) for case in tomllib.loads(file.read_text("utf-8"))["case"]
]
MASKED = tomllib.loads((HERE / "masking.toml").read_text("utf-8"))["case"]
LABELLED = HERE.parent.parent / "shared" / "fixtures" / "fly_lines.tsv"
AT = 1_760_119_209_000  # 2025-10-10T18:00:09Z
STAMP = "2025-10-10T18:00:01.250Z"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['origin']}: {case['line'][:40]}")
def test_a_line_says_what_happened(case: dict[str, Any]) -> None:
    """Each case gives its event, what that is about, and its evidence; lines that only sound so give none."""
    found = recognise(case["line"], case.get("provider", "app"))
    if "event" not in case:
        assert found is None
        return
    assert found is not None
    assert found.event == case["event"]
    assert found.about == case.get("about", found.about)
    assert found.evidence == case.get("evidence", mask(case["line"]))


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: f"{sign.event}: {sign.why}")
def test_every_sign_has_a_case(sign: Sign) -> None:
    """Each sign is shown by a case of ours that it recognises."""
    shown = [case["line"] for case in CASES if case.get("event") == sign.event]
    assert any(sign.needle in line and sign.search(line) for line in shown)


def test_every_kind_has_a_case() -> None:
    """All that can happen is shown by a case of ours, and told by a sign."""
    shown = {case["event"] for case in CASES if "event" in case}
    assert set(EventKind) - {"log_format_changed", "log_gap"} == shown  # told of many lines together, and by a probe
    assert {sign.event for sign in SIGNS} == shown


@pytest.mark.parametrize("case", MASKED, ids=lambda case: case["given"][:40])
def test_secrets_do_not_leave(case: dict[str, str]) -> None:
    """What a case calls secret is masked, the rest is kept."""
    assert mask(case["given"]) == case["kept"]


def test_mutated_lines_are_survived() -> None:
    """Two thousand lines that are broken in some place give an event or none, and bounded evidence."""
    rng = Random(5)
    for _ in range(2_000):
        text = list(rng.choice(CASES)["line"])
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(text))
            text[at : at + rng.randrange(3)] = rng.choice(['"', "\\", "\x00", "é", "(", "[", "=", " ", "9" * 50, "\u2a2f"])
        found = recognise("".join(text), rng.choice(["app", "proxy", "runner", ""]))
        assert found is None or len(found.evidence) <= KEPT_CHARS


def test_the_first_look_misses_no_word() -> None:
    """Every text that holds one of the words is found by the search that turns most texts away, and others are not."""
    rng = Random(3)
    words = ["".join(rng.choice("abcE. ") for _ in range(rng.randrange(1, 9))) for _ in range(40)]
    search = any_of(words)
    for word in words:
        assert search(f"zz{word}zz")
    assert search("zzz") is None
    assert all(any_of(sign.needle for sign in SIGNS)(sign.needle) for sign in SIGNS)


HOSTILE = ("a", "[", "(", "x: ", "Error", "error: ", "Shopify ", "a.", "x-cache: ", "p@", "password=", "::", '{"level":')


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_lines_take_little_time(piece: str) -> None:
    """A line at the cap of any repeated piece that signs look for is done in milliseconds, however it is built."""
    text = (piece * 16_384)[:16_384]
    began = time.process_time()
    for sign in SIGNS:
        sign.search(text[:2_000])
    recognise(f"{text} Error Exception FATAL panic", "")
    mask(text)
    assert time.process_time() - began < 0.25


@pytest.mark.parametrize("shape", ["batch", "nats"])
def test_columns_tell_the_same_events(shape: str) -> None:
    """What the batch path counts and publishes of lines is what single lines say, with the place they come from."""
    lines = [Line(case["line"], STAMP, "shop", "m1", "ord") for case in CASES if case.get("provider", "app") == "app"]
    part, plan = panes.Partition(3), Plan()
    given = (Record(17, AT, encoded(lines, shape)), Record(18, AT + AGE_MS, codec.TICK))
    outputs = [output for record in given for output in panes.step(part, record, plan).outputs]
    told = [output for output in outputs if isinstance(output, Happened)]
    provider = "app" if shape == "batch" else ""
    joins, expected = Joins(), list[Event]()
    for line in lines:
        reading.parse(replace(line, provider=provider), joins)
        expected += [each.event for each in joins.told]
    expected += [each.event for each in joins.end()]
    assert [each.event for each in told] == expected
    assert len({each.id for each in told}) == len(told)
    assert all(each.id.startswith("3/17/") for each in told)
    assert {(each.app, each.instance, each.at_ms) for each in told} == {("shop", "m1", AT - 7_750)}
    (tally,) = part.panes.values()
    assert sum(tally.events.values()) == len(expected)
    assert tally.lines == len(lines)


@pytest.mark.skipif(not LABELLED.exists(), reason="no labelled lines beside the repository")
def test_labelled_lines() -> None:
    """Every labelled line of Fly's is what its label says: a request, an event, or neither."""
    labels = [line.split("\t")[:2] for line in LABELLED.read_text("utf-8").splitlines()[1:]]
    found: dict[int, set[str]] = {}
    for row in rows(iter([LABELLED.with_suffix(".txt").read_bytes()]), "", explain=False):
        for number in {row["line"], row.get("started_line", row["line"])}:  # a request over several lines is told at its end
            found.setdefault(number, set()).add(row.get("event", row["kind"]))
    wrong = [(number, label) for number, label in labels if label not in found.get(int(number), {"other"})]
    assert wrong == []
