"""Lines made to be slow: the beginning of a real one, a piece again and again, and perhaps its end. Knows no parser."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

HERE = Path(__file__).parent
CAP = 16_384  # where the core cuts a message
MOST_CUTS = 12
# What a pattern may count, skip, look for an end of, or try at every place.
PIECES = (
    *("a", "A", "1", "0.", " ", "-", "- ", "a ", "A ", "1 ", "é ", "🛒"),
    *('"', '" ', ' "', '"" ', '"-" ', '\\"', "\\", ' "a"', '"a":1,', '"\\" ', "'", "' "),
    *("[", "] ", "[a] ", "[]", "(", ") ", "() ", "{", "}", "{a} ", "{}", "<a> "),
    *(":", "1:", ": ", "a:", ":1 ", "1.2.3.4, ", "1.2.3.4:5 ", "/", "/a", "a/b ", "/*", " /x 200 "),
    *("=", "a=b ", 'a="b" ', 'a="b ', "a=1 ms ", "?a=1&", "%41", "\\x22", "\\u0061", "%25"),
    *("\t", "a\t", "|", " | ", "a|", ",", ", ", "a, ", ";", ".", "..", "...", "_", "@", "a@b.", "#"),
    *("\n", "a\n", "\x1b[0m", "\x1b[", " in", " ms", "ms ", "1ms ", " 200 ", '" 200 ', "GET ", "GET / ", " HTTP/1.1", "INFO "),
    *("2024-03-05T09:01:38Z ", "[05/Mar/2024:09:01:38 +0000] ", "http://", "at ", "a.b.", "a::", "error ", "Error: "),
)
_PLACE = re.compile(r"[A-Za-z0-9_]+|[^A-Za-z0-9_]")


class Hostile(Struct, frozen=True, order=True):
    """A line of any length."""

    before: str
    piece: str
    after: str = ""

    def __call__(self, chars: int) -> str:
        """Return it with so many characters, or with what it has without any piece."""
        left = max(chars - len(self.before) - len(self.after), 0)
        return self.before + (self.piece * (left // len(self.piece) + 1))[:left] + self.after

    def __str__(self) -> str:
        """Say what it is: the last of what stands before, the piece, the first of what stands behind."""
        return f"{self.before[-24:]!r} + {self.piece!r}..." + (f" + {self.after[:16]!r}" if self.after else "")


Maker = Callable[[int], str]


def alone() -> list[Hostile]:
    """Return each piece on its own."""
    return [Hostile("", piece) for piece in PIECES]


def of_words(words: Iterable[str]) -> Iterator[Hostile]:
    """Yield words repeated, as they are and in between other things, and before each piece."""
    for word in words:
        if word:
            yield from (Hostile("", f"{word}{between}") for between in ("", " ", '"', "a", "1"))
            yield from (Hostile(word, piece) for piece in PIECES)


def of_line(line: str) -> Iterator[Hostile]:
    """Yield a line blown up at its places with each piece, with its end and without, and its fields repeated."""
    places = [found.start() for found in _PLACE.finditer(line)] + [len(line)]
    step = max(1, len(places) // MOST_CUTS)
    cuts = sorted({*places[::step], len(line)})
    for at in cuts:
        for piece in PIECES:
            yield Hostile(line[:at], piece)
            yield Hostile(line[:at], piece, line[at:])
    for start, end in pairwise(cuts):
        yield Hostile(line[:start], line[start:end], line[end:])  # the field again and again
        yield Hostile(line[:start], line[start:end])
        yield Hostile(line[:end], line[start:] or " ")
    yield Hostile("", line)
    yield Hostile("", f"{line} ")


def of_some(several: list[str], count: int) -> Iterator[Hostile]:
    """Yield what ``of_line`` makes of so many lines of a list, spread over it; an empty one cannot be blown up."""
    several = [line for line in several if line]
    for line in several[:: max(1, len(several) // count)][:count]:
        yield from of_line(line)


def cases(folder: str, name: str = "*", table: str = "case") -> list[dict[str, Any]]:
    """Return the cases of a folder of tests."""
    files = sorted((HERE / folder).glob(f"{name}.toml"))
    return [case for file in files for case in tomllib.loads(file.read_text("utf-8")).get(table, ())]


def lines(folder: str) -> list[str]:
    """Return the lines of the cases of a folder."""
    found = [line for case in cases(folder) for line in case.get("lines") or [case.get("line", "")]]
    found += [line for trace in cases(folder, table="trace") for line in trace["text"].strip("\n").split("\n")]
    return [line for line in found if line]
