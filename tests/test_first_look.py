"""The first look: what it turns away is nothing, so that with it and without it the same comes out of any lines."""

import os
import pickle
import tomllib
from random import Random

import pytest
from msgspec.structs import replace

from streams import codec
from streams.core import panes
from streams.core.first_look import pattern
from streams.core.lines import unwrap
from streams.core.plan import Plan
from streams.core.records import Output, Record
from streams.core.values import Line
from streams.searches import FirstLook
from streams.settings import load
from tests.scenario import nats
from tests.test_parsing_fuzz import FAMILIES, FIXTURES, HERE, family_lines, mutated, real_lines

NOW = 1_760_119_200_000  # 2025-10-10T18:00:00Z
STAMP = "2025-10-10T18:00:00Z"
PLAN = load(environ={}).plan()
DAMAGED = int(os.environ.get("FUZZ_LINES", "300"))


def told_lines() -> list[str]:
    """Return the lines of the cases of events, samples, traces, masks and security."""
    found: list[str] = []
    for folder in ("events", "security", "samples", "traces"):
        for file in sorted((HERE / folder).glob("*.toml")):
            for case in tomllib.loads(file.read_text("utf-8")).get("case", ()):
                found += case.get("lines") or ([case["line"]] if "line" in case else [])
    return found


def outcome(texts: list[str], plan: Plan, shape: str) -> tuple[object, list[Output]]:
    """Return the panes and the outputs of records of lines, and of a tick behind them."""
    part, found = panes.Partition(0), list[Output]()
    for number in range(0, len(texts), 200):
        some = texts[number : number + 200]
        if shape == "batch":
            value = codec.encode_batch("shop", "m1", "", "app", "", [[STAMP, text] for text in some])
        else:
            value = b"\n".join(nats(Line(text, STAMP, "shop", f"m{i % 3}", "iad")) for i, text in enumerate(some))
        found += panes.step(part, Record(number, NOW, value), plan).outputs
    found += panes.step(part, Record(len(texts), NOW + 10_000, codec.TICK), plan).outputs
    return {key: tally.dump() for key, tally in part.panes.items()}, found


def same(texts: list[str], shape: str = "batch") -> None:
    """Hold the outcome with the first look against that without it; tell the first line that is turned away wrongly."""
    plan = replace(PLAN, requests=True)
    if outcome(texts, plan, shape) == outcome(texts, replace(plan, look=None), shape):
        return
    for text in texts:
        assert outcome([text], plan, shape) == outcome([text], replace(plan, look=None), shape), text
    raise AssertionError("lines differ together and are equal alone")


@pytest.mark.parametrize("shape", ["batch", "nats"])
def test_lines_of_all_cases(shape: str) -> None:
    """The lines of all cases and of the real logs, in any order, come to the same with and without it."""
    texts = [*real_lines(), *told_lines()]
    same(texts, shape)
    Random(2).shuffle(texts)
    same(texts, shape)


@pytest.mark.skipif(not FIXTURES.exists(), reason="no logs beside the repository")
def test_real_logs() -> None:
    """Every real log, its envelopes off, comes to the same with and without it."""
    for log in sorted(FIXTURES.rglob("*.log")):
        raws = log.read_bytes().decode("utf-8", "replace").split("\n")
        same([unwrap(raw).text for raw in raws[:2_000]])


@pytest.mark.parametrize("family", [*FAMILIES, "told"])
def test_damaged_lines(family: str) -> None:
    """So do the damaged lines of each family."""
    rng, texts = Random(5), told_lines() if family == "told" else family_lines(family)
    damaged = [mutated(rng, texts) for _ in range(DAMAGED)]
    same([text for text in damaged if "\ud800" not in text])


def test_it_turns_lines_away() -> None:
    """Lines of an app at its daily work are turned away, those that tell something are not, in whatever company they come."""
    look = FirstLook(pattern())
    daily = [
        "[info] job 4711 done in 12.5 ms",
        "2025-10-10T18:00:00Z INFO worker heartbeat ok",
        "order 7 shown to anna",
        '{"level":"info","msg":"hi","n":3}',
        "several\nlines in one",
    ]
    assert list(look(daily)) == []
    telling = ["GET /x 200 5 - 1.250 ms", "Error: no", '{"level":"error","msg":"hi"}']
    assert list(look([*daily, *telling, *daily])) == [5, 6, 7]
    assert list(look([])) == []
    assert list(look([telling[1], *daily, *telling, telling[1]])) == [0, 6, 7, 8, 9]  # what came before is known


def test_it_travels() -> None:
    """A plan is pickled with its first look, which finds the same there."""
    there: Plan = pickle.loads(pickle.dumps(PLAN))  # noqa: S301  # our own
    assert there.look == PLAN.look
    assert hash(there.look) == hash(PLAN.look)
    assert there.look is not None
    assert list(there.look(["x", "Error: y"]) or ()) == [1]
