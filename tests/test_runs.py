"""Runs: many lines of one format read together are what they are one by one, and stamps part where their panes do."""

from collections.abc import Sequence
from itertools import groupby
from random import Random

import pytest

from streams.core.parsing import FORMATS
from streams.core.parsing.format import Format, Number, Texts
from streams.core.together import runs
from tests.bench import data
from tests.test_parsing_fuzz import FAMILIES, family_lines, mutated, real_lines

RUNS = [fmt for fmt in FORMATS if fmt.run is not None]
CHUNKS = 400
UNSAID = ("", "-", None)


def texts() -> list[str]:
    """Return lines of all formats: generated, real, and those of the cases."""
    found = [line for kind in data.MAKERS for *_, line in data.lines(kind, 400)]
    return [*found, *real_lines(), *(line for family in FAMILIES for line in family_lines(family))]


TEXTS = texts()


def said(value: Number) -> Number:
    """Return a field as all that read it see it: what a line does not say is None, a number is one however it is written."""
    if value in UNSAID:
        return None
    try:
        return float(value)
    except ValueError:
        return value


def chunk(rng: Random, own: Sequence[str]) -> list[str]:
    """Return a few lines, most of one format and some damaged, cut off, empty or with an end of line within."""
    found = []
    for _ in range(rng.randrange(1, 9)):
        line = rng.choice(own if rng.random() < 0.85 else TEXTS)
        damage = rng.random()
        if damage < 0.25:
            line = mutated(rng, [line])
        elif damage < 0.35:
            line = rng.choice((line + "\n" + rng.choice(own), line[: rng.randrange(len(line) + 1)], ""))
        found.append(line)
    return found


def held(fmt: Format, lines: list[str]) -> int:
    """Hold a run against its format, line by line; return how many lines it took."""
    taken = fmt.run(lines) if fmt.run is not None else None
    if taken is None:
        return 0
    left = [line for number, line in enumerate(lines) if number not in set(taken.refused)]
    rows: list[Texts] = list(zip(*taken.table, strict=True)) if left else []
    assert len(rows) == len(left), lines
    for line, row in zip(left, rows, strict=True):
        match = fmt.match(line)
        assert match is not None, lines
        assert list(map(said, row)) == list(map(said, match.groups())), lines
    return len(left)


@pytest.mark.parametrize("fmt", RUNS, ids=lambda fmt: fmt.name)
def test_a_run_reads_what_its_format_does(fmt: Format) -> None:
    """A run takes no line that its format refuses, and reads in the others what the format does; most lines it does take."""
    rng = Random(fmt.name)
    own = [line for line in TEXTS if fmt.match(line)]
    assert own
    assert sum(held(fmt, chunk(rng, own)) for _ in range(CHUNKS)) > CHUNKS // 2
    assert held(fmt, own[:100]) == len(own[:100])


DOCUMENT = '{"request":{"method":"GET","uri":"/a"},"status":200,"duration":0.5}'
SPLIT = ('{"request":{"method":"GET","uri":', '"/a"},"status":200}')


@pytest.mark.parametrize(
    "lines",
    [
        [*SPLIT, DOCUMENT + DOCUMENT],
        [SPLIT[0], "{" + SPLIT[1], DOCUMENT + DOCUMENT],
        ['{"x":[1', "{}]}", DOCUMENT + DOCUMENT],
        ['{"x":"1', '{"}', DOCUMENT + DOCUMENT],
        [DOCUMENT + " 0", "{}"],
        [DOCUMENT + "\n0\n" + DOCUMENT, ""],
    ],
)
def test_a_hostile_document_joins_no_neighbour(lines: list[str]) -> None:
    """Documents that are torn apart, or several in one line, are not read as if they were one a line."""
    caddy = next(fmt for fmt in RUNS if fmt.name == "caddy")
    assert held(caddy, lines) == 0
    assert held(caddy, [DOCUMENT, "no document", DOCUMENT]) == 2


def test_a_match_over_two_lines_is_none() -> None:
    """A quote or a target that ends in the next line does not make one request of two lines, nor hide one."""
    clf = next(fmt for fmt in RUNS if fmt.name == "clf")
    line = '203.0.113.7 - - [09/Oct/2025:08:53:20 +0000] "GET /a HTTP/1.1" 200 7 "-" "curl"'
    head, tail = line[:60], line[60:]
    for torn in ([head, tail], [line[:-1], line], [line.replace("/a HTTP", '/a"b HTTP'), line], [head + "\n" + tail, line]):
        assert held(clf, torn) in (0, 1)
    assert held(clf, [line, "what else there is", line]) == 2


def test_stamps_part_where_panes_do() -> None:
    """Runs of stamps are those of their first 18 characters; what is out of order, elsewhere or missing is told apart."""
    rng = Random(3)
    stamps = sorted(f"2025-10-09T08:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(999)}Z" for _ in range(200))
    expected = [len(list(same)) for _, same in groupby(stamps, lambda stamp: stamp[:18])]
    found = runs(stamps)
    assert found is not None
    assert [end - begin for begin, end in found] == expected
    assert list(runs(stamps[:1]) or ()) == [(0, 1)]
    for odd in ([None, stamps[0]], [stamps[0], "", stamps[0]], [stamps[0], stamps[0][:-1] + "+02:00"], stamps[::-1]):
        assert runs(odd) is None


PAIRS = "ts={} level=info caller=a.go:1 msg={} method={} path={} status={} duration={} size=1 remote_addr={}"
USUAL = ("2025-10-09T08:53:20Z", '"request completed"', "GET", "/a?b=1", "200", "1.5ms", "203.0.113.7")
ODD_TIMES = ("", "-", "-1ms", "1e3ms", "1 ms", "1,5ms", ".5s", "07ms", "3µs", "3μs", "2m", '"2s"')
ODD = (*ODD_TIMES, "get", "20", "/a b", '/a"b', '"x y"', "a=b", "x method=PUT path=/c status=500 took=1s")
ODD_ADDRESSES = ("203.0.113.7:4312", "203.0.113.7:x", "[2001:db8::1]:80", "a, b", "a b", "a:1 status=500", "localhost")


@pytest.mark.parametrize("place", range(len(USUAL)))
@pytest.mark.parametrize("odd", [*ODD, *ODD_ADDRESSES, "2025-10-09 08:53:20"])
def test_pairs_are_read_by_their_names_as_by_the_whole_order(odd: str, place: int) -> None:
    """Whatever stands as a value among lines of the same names, each line is read as it is by itself."""
    fmt = next(fmt for fmt in RUNS if fmt.name == "logfmt-usual")
    usual = PAIRS.format(*USUAL)
    line = PAIRS.format(*USUAL[:place], odd, *USUAL[place + 1 :])
    assert held(fmt, [usual, usual]) == 2
    for lines in ([usual, line, usual], [line, usual, line], [line, line]):
        taken = held(fmt, lines)
        assert taken in {0, sum(fmt.match(each) is not None for each in lines)}
