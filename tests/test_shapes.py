"""Guesses by a text's first and last characters: they change which format is asked first, and never what comes out."""

from collections.abc import Sequence
from random import Random

from streams.core.parsing import FORMATS
from streams.core.parsing.format import Format
from streams.core.shapes import TRUST, Shapes, shaped
from streams.core.sources import Source
from tests.bench import data
from tests.test_parsing_fuzz import mutated
from tests.test_runs import TEXTS

WRITTEN = [fmt for fmt in FORMATS if fmt.name in {"morgan-tiny", "morgan-dev", "clf", "clf-time", "pino"}]
TINY, DEV = (next(fmt for fmt in WRITTEN if fmt.name == name) for name in ("morgan-tiny", "morgan-dev"))
LINES = [line for *_, line in data.lines("alternating", 600)]


def source() -> Source:
    """Return a source that writes several formats."""
    found = Source("shop", "m1", "iad")
    for fmt in WRITTEN:
        found.learn(fmt)
    return found


class Unguessed(Shapes):
    """Never guesses."""

    def read(self, texts: Sequence[str], formats: Sequence[Format]) -> None:  # as it is asked
        """Guess nothing."""


def told(texts: Sequence[str], source: Source) -> object:
    """Return what a source takes of some texts in order, which it leaves, and which format it is at then."""
    stamps = [f"{number}Z" for number in range(len(texts))]
    left = list(source.several(texts, stamps))
    columns = [(name, list(map(list, each.table())), list(each.stamps)) for name, each in source.here.items() if not each.empty]
    fmt = source.fmt.name
    source.begin()
    source.write(source.fmt)
    return left, columns, fmt


def test_guesses_change_nothing() -> None:
    """Lines of several formats, noise and damaged lines among them, are taken as without guesses, in the same order."""
    rng = Random(11)
    guessing, asking = source(), source()
    asking.shapes = Unguessed()
    for _ in range(300):
        texts = [rng.choice(LINES if rng.random() < 0.8 else TEXTS) for _ in range(rng.randrange(1, 40))]
        texts = [mutated(rng, [text]) if rng.random() < 0.05 else text for text in texts]
        assert told(texts, guessing) == told(texts, asking), texts


def test_a_format_that_is_no_longer_asked() -> None:
    """A text whose shape was last seen with a format that the instance has forgotten is told as one that is left."""
    shapes, dev, tiny = Shapes(), *(next(line for line in LINES if fmt.match(line)) for fmt in (DEV, TINY))
    shapes.learn(DEV.name, [dev], ())
    parts, left = shapes.read([tiny, dev], [TINY]) or ({}, [])
    assert (parts[TINY.name][1], left) == ([0], [1])


def test_shapes() -> None:
    """A shape is the kinds of the first and of the last character; an empty text has none."""
    assert shaped(["GET / 200 ms", '7.7.7.7 "curl"', "POST / 200 5", "é"]) == ["Aa", '0"', "A0", "éé"]
    assert shaped(["GET", ""]) is None


def test_a_wrong_guess_is_dropped() -> None:
    """What was taught wrongly is not read by it, and nobody guesses any more once that came to nothing several times."""
    shapes, dev = Shapes(), next(line for line in LINES if DEV.match(line))
    assert shapes.read([dev], [DEV, TINY]) is None
    shapes.learn(TINY.name, [dev], ())
    for _ in range(TRUST):
        assert shapes.read([dev], [DEV, TINY]) is None
    shapes.learn(DEV.name, [dev], ())
    assert shapes.read([dev], [DEV, TINY]) is None
    fresh = Shapes()
    fresh.learn(DEV.name, [dev], ())
    parts, left = fresh.read([dev, "noise"], [TINY, DEV]) or ({}, [])
    assert (parts[DEV.name][1], left) == ([0], [1])
