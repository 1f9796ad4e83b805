"""``make bench-worst``: for each parser the slowest of many hostile lines at the cap, and one line through everything.

A parser reads lines made of its own cases and words, and those made for all. Each is timed once while it is short, the
slowest of them again at the cap, and the slowest of these again and again: the least CPU time counts, as other load on the
machine only adds to it.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import chain
from pathlib import Path

from msgspec import Struct

from streams.core import events, lines, masking, parsing, reading, samples, telling
from streams.core.events.frames import Speech
from streams.core.joins import Joins
from streams.core.parsing import halves, parts, rails
from streams.core.security.values import Guard
from streams.core.traces import Place, Trace
from streams.core.values import Event, EventKind, Request
from streams.patterns import Pattern, Search
from streams.settings import load
from tests import hostile
from tests.hostile import CAP, Hostile, Maker
from tests.test_parsing_fuzz import HOSTILE

SHORT = CAP // 4
SCREENED, AGAIN = 60, 6  # of each parser's lines the slowest: once at a quarter of the cap, then thrice at the cap
READINGS = 15  # of the slowest of these
CASES, CASES_OF_A_FORMAT, CASES_OF_A_READER = 12, 3, 4  # that are blown up
TRACED = ("    at ", "Traceback (most recent call last)", '  File "', "#0 ", "Caused by: ")
BOUND_MS = 1.0
CONFIG = Path(__file__).parents[2] / "config"
OWN = r"charge (?P<method>[A-Z]+) (?P<target>/[^ ]*) -> (?P<status>\d+) in (?P<duration>[^ ]+)"
Run = Callable[[str], object]


class Parser(Struct):
    """What takes a line, and lines that are aimed at it."""

    name: str
    run: Run
    aimed: Sequence[Maker]


class Worst(Struct):
    """The slowest line of a parser."""

    name: str
    line: str
    seconds: float
    growth: float
    make: Maker


def seconds(run: Run, text: str, readings: int) -> float:
    """Return the least CPU time of a few readings."""
    least = 1e9
    for _ in range(readings):
        begun = time.process_time()
        run(text)
        least = min(least, time.process_time() - begun)
    return least


def named(make: Maker) -> str:
    """Return what a line is called."""
    return str(make) if isinstance(make, Hostile) else next(name for name, each in HOSTILE.items() if each is make)


def slowest(parser: Parser, general: Iterable[Maker], keep: int = AGAIN) -> list[Worst]:
    """Return the slowest lines of a parser, slowest first."""
    found, makers = list[Worst](), list(chain(general, parser.aimed))
    for chars, readings, kept in ((SHORT, 1, SCREENED), (CAP, 3, keep)):
        timed = [(seconds(parser.run, make(chars)[:chars], readings), place) for place, make in enumerate(makers)]
        makers = [makers[place] for _, place in nlargest(kept, timed)]
    for make in makers:
        took, short = (seconds(parser.run, make(chars)[:chars], READINGS) for chars in (CAP, SHORT))
        found.append(Worst(parser.name, named(make), took, took / short, make))
    return sorted(found, key=lambda worst: -worst.seconds)


def formats() -> Iterator[Parser]:
    """Yield the formats of requests, each with its own cases."""
    own: dict[str, list[str]] = {}
    for line in hostile.lines("formats"):
        if found := parsing.recognise(reading.cleaned(line, CAP)[0]):
            own.setdefault(found[0].name, []).append(line)
    for fmt in parsing.FORMATS:
        several = own.get(fmt.name, [])
        aimed = [*hostile.of_words([fmt.needle]), *hostile.of_some(several, CASES_OF_A_FORMAT)]
        yield Parser(fmt.name, fmt.match, aimed)  # without its needle: an instance's last format is tried first


def readers() -> Iterator[Parser]:
    """Yield the readers of parts of requests."""
    rows = (*parts._READERS, (("Started ", "Completed "), rails.fragment), (('"reqId"',), halves.fragment))  # noqa: SLF001
    several = [line for line in hostile.lines("formats") if parts.fragment(line)]
    for words, read in rows:
        aimed = [*hostile.of_words(words), *hostile.of_some([line for line in several if read(line)], CASES_OF_A_READER)]
        yield Parser(f"part: {read.__module__.rpartition('.')[2]}.{read.__name__}", read, aimed)


def look(speech: Speech | None) -> Run:
    """Return the look at a line that is no request; with an open trace of some speech, or none."""
    trace = None
    if speech is not None:
        here = Place(at_ms=None, region="", line=0)
        trace = Trace(Event(EventKind.APP_ERROR, "a", "a"), here, here, here, speech=speech)
    return lambda text: text and telling.look(text, "app", trace)


def tellers() -> Iterator[Parser]:
    """Yield what looks at lines that are no requests, and what masks them."""
    aimed = [*hostile.of_words(events.NEEDLES), *hostile.of_some(hostile.lines("events"), CASES)]
    yield Parser("telling.look", look(None), aimed)
    yield Parser("events.recognise", events.recognise, aimed)
    aimed = [*hostile.of_words(TRACED), *hostile.of_some(hostile.lines("traces"), CASES)]
    for speech in Speech:
        yield Parser(f"telling.look, in a trace ({speech or 'any'})", look(speech), aimed)
    aimed = [*hostile.of_words(samples.NEEDLES), *hostile.of_some(hostile.lines("samples"), CASES)]
    yield Parser("samples", samples.recognise, aimed)
    given = [case["given"] for case in hostile.cases(".", "masking")]
    yield Parser("mask", masking.mask, list(hostile.of_some(given, CASES)))
    yield Parser("lines.unwrap", lines.unwrap, list(hostile.of_some(hostile.lines("envelopes"), CASES)))


def guards(guard: Guard) -> Iterator[Parser]:
    """Yield the guard's looks: at one row of a request, and at a line."""
    shown = hostile.cases("security", "requests")
    aimed = list(hostile.of_some([case["target"] for case in shown if "target" in case], CASES))
    yield Parser("guard.requests: a target", lambda text: guard.requests(["1.2.3.4"], ["GET"], [text], ["404"], ["a"]), aimed)
    aimed = list(hostile.of_some([case["agent"] for case in shown if "agent" in case], CASES))
    yield Parser("guard.requests: an agent", lambda text: guard.requests(["1.2.3.4"], ["GET"], ["/"], ["404"], [text]), aimed)
    said = [case["line"] for name in ("lines", "secrets") for case in hostile.cases("security", name) if "line" in case]
    yield Parser("guard.line", guard.line, list(hostile.of_some(said, CASES)))


def own() -> Iterator[Parser]:
    """Yield a user's patterns: RE2."""
    aimed = list(hostile.of_line("charge POST /pay?card=1 -> 201 in 0.25"))
    yield Parser("a pattern of one's own", Pattern(OWN), aimed)
    yield Parser("a search of one's own", Search(r"(a|aa)+(b|a+)*(?P<status>[0-9]{3})"), aimed)


def shipped() -> Guard:
    """Return the guard of config/security.toml."""
    guard = load(CONFIG, environ={}).security
    if guard is None:
        raise SystemExit("config/security.toml is not there")
    return guard


def everything(guard: Guard) -> Run:
    """Return the way of one line through all of it."""

    def run(text: str) -> object:
        line = lines.unwrap(text)
        found = reading.parse(line, Joins())
        if isinstance(found, Request):
            status = None if found.status is None else str(found.status)
            return guard.requests([found.client_ip], [found.method], [found.target], [status], [found.agent])
        return guard.line(line.text)

    return run


def told(worst: Worst) -> str:
    """Return a row of the table."""
    ms = worst.seconds * 1e3
    mark = "!" if ms > BOUND_MS else " "
    return f"{ms:7.3f}{mark} {worst.seconds * 1e9 / CAP:7.1f} {worst.growth:7.1f}  {worst.name:34} {worst.line}"


def main() -> None:
    """Print a row for each parser, the slowest first, then the slowest lines through everything."""
    guard = shipped()
    asked = sys.argv[1:]
    general: list[Maker] = [*hostile.alone(), *HOSTILE.values()]
    rows, dear = [], dict[str, Maker]()
    for parser in chain(formats(), readers(), tellers(), guards(guard), own()):
        if asked and not any(word in parser.name for word in asked):
            continue
        several = slowest(parser, general)
        rows.append(several[0])
        dear.update((worst.line, worst.make) for worst in several)
    print(f"{'ms':>7}  {'ns/char':>7} {'growth':>7}  {'parser':34} its slowest line of {CAP} characters")
    print("\n".join(map(told, sorted(rows, key=lambda worst: -worst.seconds))))
    print("\nthrough everything")
    print("\n".join(map(told, slowest(Parser("everything", everything(guard), list(dear.values())), general, 12))))


if __name__ == "__main__":
    main()
