"""The shipped catalogue by its cases in security/*.toml: what requests and messages show, and what they do not."""

import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest

from streams.core import lines
from streams.core.security.decoding import ODD, decoded, disguised
from streams.core.security.values import Guard, Seen
from streams.searches import Re2
from streams.settings import load
from tests import security_table

HERE = Path(__file__).parent
CLIENT = "203.0.113.1"


def cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of a file."""
    found: list[dict[str, Any]] = tomllib.loads((HERE / "security" / f"{name}.toml").read_text("utf-8"))["case"]
    return found


REQUESTS, LINES, SECRETS = cases("requests"), cases("lines"), cases("secrets")


@pytest.fixture(scope="module")
def guard() -> Guard:
    """Return the guard of the shipped catalogue."""
    found = load(HERE.parent / "config", environ={}).plan().security
    assert found is not None
    return found


def columns(case: dict[str, Any]) -> tuple[list[str | None], ...]:
    """Return the request of a case as columns of one row; ``-`` is what a line does not say."""
    given = (case.get("method", "GET"), case.get("target", "/"), case.get("status", "200"), case.get("agent", "-"))
    return ([CLIENT], *([None if text == "-" else text] for text in given))


def looked(guard: Guard, rows: list[dict[str, Any]]) -> Seen:
    """Return what is seen of several cases as rows of the same columns."""
    return guard.requests(*map(list, zip(*([column[0] for column in columns(row)] for row in rows), strict=True)))


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case["origin"])
def test_requests_show_what_their_cases_say(case: dict[str, Any], guard: Guard) -> None:
    """Each request gives one finding of its rule, or none, at its severity, and fills the buckets that its case names."""
    seen = guard.requests(*columns(case))
    assert [(i, found.rule) for i, found in seen.findings] == ([(0, case["rule"])] if "rule" in case else [])
    assert all(found.client_ip == CLIENT for _, found in seen.findings)
    if "severity" in case:
        assert [found.severity for _, found in seen.findings] == [case["severity"]]
    if "suspects" in case or "rule" not in case:
        assert sorted(suspect.bucket for _, suspect in seen.suspects) == case.get("suspects", [])
    assert {suspect.client_ip for _, suspect in seen.suspects} <= {CLIENT}


@pytest.mark.parametrize("case", LINES + SECRETS, ids=lambda case: case["origin"])
def test_messages_show_what_their_cases_say(case: dict[str, Any], guard: Guard) -> None:
    """Each message gives its rule and its client, or nothing, whether syslog's head is still on it or was taken off."""
    for text in {case["line"], lines.unwrap(case["line"]).text}:
        found = guard.line(text)
        assert (found and found.rule) == case.get("rule")
        if found:
            assert found.client_ip == case.get("client_ip")
            assert found.evidence == case.get("kept", found.evidence)


def test_every_rule_has_a_case() -> None:
    """Each rule of the shipped catalogue is shown by a case of ours, and a case names no other."""
    data = tomllib.loads(security_table.CATALOGUE.read_text("utf-8"))
    told = {rule["name"] for kind in ("request", "line", "secret") for rule in data[kind] if "severity" in rule}
    assert told == {case["rule"] for case in REQUESTS + LINES + SECRETS if "rule" in case}


def test_every_bucket_is_fed_and_every_feeder_is_shown() -> None:
    """No bucket of the shipped catalogue stays empty, and those that requests alone fill are filled in a case."""
    data = tomllib.loads(security_table.CATALOGUE.read_text("utf-8"))
    rules = [rule for kind in ("request", "line") for rule in data[kind]]
    every = {bucket["name"] for bucket in data["bucket"] if bucket.get("every")}
    assert {name for rule in rules for name in rule.get("feeds", ())} | every == {bucket["name"] for bucket in data["bucket"]}
    silent = {name for rule in data["request"] if "severity" not in rule for name in rule["feeds"]}
    assert silent <= {name for case in REQUESTS for name in case.get("suspects", ())}


def test_the_page_is_current() -> None:
    """docs/security.md is what the catalogue says now; ``python -m tests.security_table`` writes it."""
    assert security_table.FILE.read_text(encoding="utf-8") == security_table.table()


def test_a_column_shows_what_its_rows_show(guard: Guard) -> None:
    """Rows among clean ones, in any order, give the findings and suspects that each gives by itself."""
    clean = {"target": "/products/1?page=2", "agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    rows = [row for case in REQUESTS for row in (case, clean)]
    Random(4).shuffle(rows)
    seen = looked(guard, rows)
    alone = [guard.requests(*columns(row)) for row in rows]
    assert seen.findings == [(i, found) for i, each in enumerate(alone) for _, found in each.findings]
    crowds = {name for name, bucket in guard.buckets.items() if name in {"crawling", "switching-agents"}}
    rest = [suspect for _, suspect in seen.suspects if suspect.bucket not in crowds]
    assert rest == [suspect for each in alone for _, suspect in each.suspects]


def test_an_end_of_line_inside_a_target_moves_no_finding(guard: Guard) -> None:
    """A target with line ends in it, as JSON can hold, leaves the rows of other findings where they are."""
    seen = looked(guard, [{"target": "/a\nb\nc"}, {"target": "-"}, {"target": "/.env"}, {"target": "/x\n/.git/config"}])
    assert [(i, found.rule) for i, found in seen.findings] == [(2, "sensitive-file"), (3, "sensitive-file")]


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("/%2e%2e/a", b"/../a"),
        ("/%252e%252E/a", b"/../a"),
        ("/%25252e", b"/%2e"),
        ("/%u002e%u002e/", b"/../"),
        ("/%c0%ae%c0%af", b"/./"),
        ("/a?b=\\x22c+d%2Be", b'/a?b="c d e'),
        ("/a+b", b"/a+b"),
        ("/1/**/union", b"/1 union"),
        ("/%", b"/%"),
        ("/\u00e9", "/\u00e9".encode()),
    ],
)
def test_targets_are_decoded(target: str, meant: bytes) -> None:
    """Disguises come off: encoded once or twice, as IIS writes them, overlong, as servers write quotes; a plus in queries."""
    assert decoded(target) == meant


def test_the_first_look_knows_disguises() -> None:
    """Every word is found in raw targets with any of its characters encoded once or twice."""
    rng = Random(6)
    words = ("../", "union select", "<script", "${jndi:", "' or ", "/.env")
    for word in words:
        search = Re2().lines(f"{disguised((word,))}|{ODD}")
        for _ in range(50):
            forms = (lambda char: char, lambda char: f"%{ord(char):02x}", lambda char: f"%25{ord(char):02X}")
            text = "".join(rng.choice(forms)(char) for char in word)
            assert search(f"/a?b={text}".encode()) == [0], text
    assert Re2().lines(f"{disguised(words)}|{ODD}")(b"/a/b?c=d&e=%D8%B3%20f") == []
