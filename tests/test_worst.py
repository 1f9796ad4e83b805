"""No parser takes more than linear time for a line, whatever it holds: lines are made of the parsers' own cases and words."""

from collections.abc import Callable, Iterable
from itertools import chain

import pytest

from tests import hostile
from tests.bench import worst
from tests.bench.worst import Parser
from tests.hostile import CAP, Maker
from tests.test_parsing_fuzz import HOSTILE

AIMED = 400  # lines for each parser, spread over all that ``make bench-worst`` tries
SHORT = CAP // 8
FAST = 0.001  # seconds: what takes no longer at the cap needs no second look
READINGS = 5
KINDS: dict[str, Callable[[], Iterable[Parser]]] = {
    "formats of requests": worst.formats,
    "parts of requests": worst.readers,
    "events, traces, samples, masks, envelopes": worst.tellers,
    "the guard": lambda: worst.guards(worst.shipped()),
    "a user's patterns": worst.own,
    "one line through everything": lambda: [Parser("everything", worst.everything(worst.shipped()), [])],
}
GENERAL: list[Maker] = [*hostile.alone(), *HOSTILE.values()]


def grows(parser: Parser, make: Maker) -> str:
    """Return what is wrong with the time that a parser takes; nothing if eight times the length takes about as many times."""
    if worst.seconds(parser.run, make(CAP)[:CAP], 1) <= FAST:
        return ""
    long, short = (worst.seconds(parser.run, make(chars)[:chars], READINGS) for chars in (CAP, SHORT))
    return "" if long <= 40 * max(short, FAST / 10) else f"{parser.name}: {long * 1e3:.1f} ms for {worst.named(make)}"


@pytest.mark.parametrize("kind", KINDS)
def test_time_is_linear_whatever_a_line_holds(kind: str) -> None:
    """Up to the cap, eight times the length takes about eight times as long; quadratic: 64 times."""
    for parser in KINDS[kind]():
        aimed = parser.aimed[:: len(parser.aimed) // AIMED + 1]
        wrong = [found for make in chain(GENERAL, aimed) if (found := grows(parser, make))]
        assert not wrong


def test_the_lines_say_what_they_are() -> None:
    """A hostile line has the length that was asked for, its beginning and its end, and a name of its own."""
    make = hostile.Hostile("ab", "cd", "ef")
    assert make(9) == "abcdcdcef"
    assert make(2) == "abef"
    assert str(make) == "'ab' + 'cd'... + 'ef'"
    assert len(set(hostile.of_line('GET /x "200"'))) > 100
