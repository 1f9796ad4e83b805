"""Every envelope by its cases in envelopes/*.toml: what comes out, and what only looks like one."""

import json
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from streams.core.folding import Folding
from streams.core.lines import unwrap
from streams.core.values import Line
from streams.settings import load

CASES = [
    (f"{file.stem}: {case['origin']}", case)
    for file in sorted((Path(__file__).parent / "envelopes").glob("*.toml"))
    for case in tomllib.loads(file.read_text("utf-8"))["case"]
]


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES])
def test_an_envelope(case: dict[str, Any]) -> None:
    """The line comes out with all that the envelope says and nothing more; what is no envelope stays as it is."""
    line = case["line"]
    if case.get("stays"):
        assert unwrap(line) == Line(line)
        return
    told = Line(case["text"], case.get("stamp"), case.get("app", ""), case.get("instance", ""), level=case.get("level", ""))
    assert unwrap(line) == told


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES if not case.get("stays")])
def test_what_the_caller_knows(case: dict[str, Any]) -> None:
    """The caller's name of the app wins over a program's or a container's; its instance stands in where none is told."""
    found = unwrap(case["line"], "shop", "standing-in")
    assert found.app == "shop"
    assert found.instance == case.get("instance", "standing-in")


def test_envelopes_come_off_up_to_a_bound() -> None:
    """Three envelopes around each other come off, a fourth stays."""
    stamp = "2024-03-05T09:01:38.123456789Z"
    assert unwrap(f"{stamp} " * 3 + "x").text == "x"
    assert unwrap(f"{stamp} " * 4 + "x").text == f"{stamp} x"


def test_a_file_of_bare_lines_and_envelopes() -> None:
    """An envelope comes off also behind bare lines whose format would find its request inside it."""
    pairs, document = "at=info method=GET path=/x status=200", '{"method":"GET","path":"/x","status":200}'
    folding = Folding({}, {}, set(), load(environ={}).plan())
    enveloped = json.dumps({"log": document, "stream": "stdout", "container_name": "web", "container_id": "c1"})
    folding.raw([pairs, f"<13>Mar  5 09:01:38 m1 web: {pairs}", document, enveloped], "shop")
    folding.finish()
    assert [(app, instance) for app, instance, _, _ in folding.published] == [("shop", ""), ("shop", "m1"), ("shop", "c1")]


HOSTILE = [
    '<134>1 2024-03-05T09:01:38Z h a 1 - [a b="' + '\\"' * 50_000,
    "<134>1 2024-03-05T09:01:38Z h a 1 - " + '[a b="c"]' * 11_000 + "x",
    "<134>1 2024-03-05T09:01:38Z h a 1 - [a" + ' b="c"' * 16_000,
    "2024-03-05T09:01:38Z " + "a" * 100_000,
    "2024-03-05T09:01:38.123456789Z " * 3_000,
    "<30>Mar  5 09:01:38 m1 a: " * 4_000,
    '{"log":"' + "a" * 100_000 + '","stream":"stdout","time":"x"}',
    '{"MESSAGE":[' + "1," * 50_000 + '1],"__REALTIME_TIMESTAMP":"' + "9" * 1_000 + '"}',
    "[pod/" * 20_000,
    "web-1" + " " * 40 + "| " + "web-1 | " * 12_000,
]


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_take_linear_time(raw: str) -> None:
    """A line of 100,000 characters is unwrapped in milliseconds, whatever it is made of."""
    began = time.process_time()
    assert isinstance(unwrap(raw), Line)
    assert time.process_time() - began < 0.25
