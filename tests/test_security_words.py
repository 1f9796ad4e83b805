"""The words of rules for requests and their patterns, in step: a pattern whose words are in no text is never asked."""

import re
import time
import tomllib
from collections.abc import Iterator
from re import _constants as parts  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from streams.core.security.decoding import undisguised
from streams.settings import load
from tests import security_table

DATA = tomllib.loads(security_table.CATALOGUE.read_text("utf-8"))
RULES = [rule for rule in DATA["request"] if rule.get("at") != "agent" and rule.get("words") and rule.get("match")]
SPACE, DIGIT, LETTER = " ", "7", "x"
# What of a rule has no word of its own, and why: it is found beside another word alone.
WITHOUT = {
    "cve-jenkins": (r"^descriptorbyname/", "forms of Jenkins itself ask there"),
    "remote-file-inclusion": (
        r"^\?(?:pdf|board|date|detail|prefix|mod|globals)|=ftp/",
        "viewers take addresses so",
    ),
    "sql-injection": (r"^select[a-z7]|^(?:make_set|elt)$|^\?x=7\"", "names of functions of applications; inches"),
    "xss": (r"%28$|^&#[0-9a]", "a third encoding; letters of HTML that were escaped twice"),
    "webshell": (r"^/assets/|^\.(?:php|asp|jsp)\.", "pages of small sites, and pictures of a page's source, have such names"),
    "sensitive-file": (
        r"^/(?:parameters|application|local|keys|mail|smtp|sendgrid|twilio|stripe|prod|production|user)\.php$|^/config\.xml$|^\.pem$",
        "pages of sites have such names; jobs of Jenkins; certificates that all may see",
    ),
}


def texts(tree: Any) -> list[str]:
    """Return texts that a pattern finds: the shortest, and one more for each alternative somewhere in it."""
    several = [list(_one(*node)) for node in tree]
    shortest = [each[0] for each in several]
    more = [[*shortest[:i], text, *shortest[i + 1 :]] for i, each in enumerate(several) for text in each[1:]]
    return ["".join(found) for found in (shortest, *more)]


def _one(kind: Any, what: Any) -> Iterator[str]:
    if kind is parts.LITERAL:
        yield chr(what)
    elif kind is parts.IN:
        yield from _of_class(what)
    elif kind is parts.BRANCH:
        yield from (text for tree in what[1] for text in texts(tree))
    elif kind is parts.SUBPATTERN:
        yield from texts(what[3])
    elif kind in {parts.MAX_REPEAT, parts.MIN_REPEAT}:
        least, _, tree = what
        rest = texts(tree)[0] * (least - 1) if least else ""
        yield from [text + rest for text in texts(tree)] if least else [""]
    else:
        yield LETTER if kind in {parts.ANY, parts.NOT_LITERAL} else ""


def _of_class(members: list[tuple[Any, Any]]) -> Iterator[str]:
    if members[0][0] is parts.NEGATE:
        yield LETTER
        return
    for kind, what in members:
        if kind is parts.LITERAL:
            yield chr(what)
        elif kind is parts.RANGE:
            yield DIGIT if chr(what[0]) == "0" else chr(what[0])
        else:
            yield {parts.CATEGORY_SPACE: SPACE, parts.CATEGORY_DIGIT: DIGIT}.get(what, LETTER)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_each_alternative_has_a_word(rule: dict[str, Any]) -> None:
    """In each text that a pattern was made for stands a word of its rule, but where the table above says why not."""
    word = re.compile(undisguised(tuple(rule["words"])), re.IGNORECASE)
    without = re.compile(WITHOUT.get(rule["name"], ("$.", ""))[0])
    for pattern in rule["match"]:
        found = re.compile(pattern, re.IGNORECASE)
        made = [text for text in texts(parser.parse(pattern)) if found.search(text)]
        assert [text for text in made if not word.search(text) and not without.search(text)] == [], pattern


def test_the_first_look_has_memory_enough() -> None:
    """Clean targets cost well below 10 us each: an engine that cannot hold its states takes a hundred times as long."""
    guard = load(security_table.CATALOGUE.parent, environ={}).plan().security
    assert guard is not None
    targets = [f"/products/{i}?page={i % 7}&sort=name" for i in range(1_000)]
    columns = (["203.0.113.1"] * 1_000, ["GET"] * 1_000, targets, ["200"] * 1_000, ["x"] * 1_000)

    def seconds() -> float:
        began = time.process_time()
        assert guard.requests(*columns).findings == []
        return time.process_time() - began

    assert min(seconds() for _ in range(5)) < 1_000 * 10e-6
