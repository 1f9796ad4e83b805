"""The way around a fault of older Pythons: atomic groups in place of possessive repeats of groups."""

import re
import sys

import pytest

from streams.core import regex

CASES = {
    "(a)?+b": "(?>(a)?)b",
    "(?:a(b)*+)*+": "(?>(?:a(?>(b)*))*)",
    r"(?:x|y){2,3}+z": "(?>(?:x|y){2,3})z",
    r"[^)(]*+[]()+]\)?+": r"[^)(]*+[]()+]\)?+",
    "(a)?b++": "(a)?b++",
}


@pytest.mark.parametrize("pattern", CASES)
def test_repeats_of_groups(pattern: str) -> None:
    """Only possessive repeats of groups change, wherever they stand; sets and escapes hold no groups."""
    assert regex.atomic(pattern) == CASES[pattern]


@pytest.mark.parametrize("text", ["Completed 200 OK in 16ms", "Completed in 16ms", "Completed 200 in x"])
def test_it_means_the_same(text: str) -> None:
    """A pattern and what takes its place find the same groups on a sound Python."""
    pattern = r"Completed (?:([0-9]{3})\b )?+(?:(?!in )[^ ]++ )*+in ([0-9]++(?:\.[0-9]++)?+)ms"
    one, other = (re.compile(each).fullmatch(text) for each in (pattern, regex.atomic(pattern)))
    if sys.version_info >= regex.SOUND:
        assert (one and one.groups()) == (other and other.groups())
    assert bool(other) == (not text.endswith("x"))
