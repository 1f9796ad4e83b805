"""Searches of RE2, for the core, which has no regex engine of linear time itself. Knows no rule and no file."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import compress, count
from typing import Any

import re2  # type: ignore[import-untyped]  # a compiled module without types

from streams.config_model import refused

REPEATED_CHARS, REMEMBERED = 300, 4_096  # of texts that are remembered
MEMORY = 8 << 20  # of the states of one search, which are made as texts need them; when it is full it begins anew


class Re2:
    """Makes searches in bytes, whose letters are read as Latin-1: targets need not be UTF-8. Can be sent to another process."""

    def __eq__(self, other: object) -> bool:
        """One is as good as another."""
        return isinstance(other, Re2)

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(Re2)

    def several(self, patterns: Sequence[str]) -> Callable[[bytes], Sequence[int] | None]:
        """Return a search for many patterns in one pass."""
        found = re2.Set.SearchSet(_options())
        for pattern in patterns:
            found.Add(pattern.encode())
        found.Compile()
        search: Callable[[bytes], Sequence[int] | None] = found.Match  # as it is: a function around it would take as long
        return search

    def lines(self, pattern: str) -> Callable[[bytes], list[int]]:
        """Return a search for the lines of a text that a pattern is in, in one pass."""
        search = _compiled(pattern).search

        def numbers(text: bytes) -> list[int]:
            found: list[int] = []
            at = number = 0
            while hit := search(text, at):
                start = hit.start()
                number += text.count(b"\n", at, start)
                found.append(number)
                at = text.find(b"\n", start) + 1
                if not at:
                    break
                number += 1
            return found

        return numbers

    def group(self, pattern: str, name: str) -> Callable[[bytes], tuple[int, int] | None]:
        """Return a search for the place of a group."""
        compiling = lru_cache(1)(partial(_compiled, pattern))  # when it is first asked: most never are

        def place(text: bytes) -> tuple[int, int] | None:
            compiled = compiling()
            number = compiled.groupindex.get(name.encode())
            found = compiled.search(text)
            if found is None:
                return None
            span: tuple[int, int] = (-1, -1) if number is None else found.span(number)
            return span

        return place


class FirstLook:
    """Tells which of some texts a pattern is in, by one search over all of them. Can be sent to another process."""

    def __init__(self, pattern: str) -> None:
        """Compile."""
        self._pattern = pattern
        self._lines = Re2().lines(f"(?-i:{pattern})")
        self._known: set[str] = set()  # short texts in which it is: checks and errors repeat word for word

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Return the numbers of the texts in which it is."""
        known = self._known
        if known.isdisjoint(texts):
            found = self._search(texts)
        else:
            new = [number for number, text in enumerate(texts) if text not in known]
            again = compress(count(), map(known.__contains__, texts))
            found = sorted([*again, *map(new.__getitem__, self._search([texts[number] for number in new]))])
        if len(known) + len(found) > REMEMBERED:
            known.clear()
        known.update(text for text in map(texts.__getitem__, found[:REMEMBERED]) if len(text) <= REPEATED_CHARS)
        return found

    def _search(self, texts: Sequence[str]) -> list[int]:
        joined = "\n".join(texts)
        if joined.count("\n") >= len(texts):  # a text of several lines
            joined = "\n".join([text.replace("\n", " ") for text in texts])
        return self._lines(joined.encode("utf-8", "replace"))

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Travel as text; a process compiles it once, however often it comes."""
        return _arrived, (self._pattern,)

    def __eq__(self, other: object) -> bool:
        """Looks for the same are the same."""
        return isinstance(other, FirstLook) and self._pattern == other._pattern

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self._pattern)


@lru_cache(maxsize=8)
def _arrived(pattern: str) -> FirstLook:
    return FirstLook(pattern)


def checked(pattern: str) -> str:
    """Return a pattern as it is; a ``refused`` error says what is wrong with it."""
    if why := _wrong(pattern):
        raise refused(f"is no pattern of RE2 (which has no look-around and no back-references): {why}")
    return pattern


@lru_cache(maxsize=4_096)
def _wrong(pattern: str) -> str | None:
    with suppress(re2.error):  # which has no reason
        _PARSED.Add(pattern.encode())  # parsing tells nearly all that can be wrong, several times faster than compiling
        return None
    try:
        _compiled(pattern)
    except re2.error as error:
        return error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
    return None


def _options() -> "re2.Options":
    options = re2.Options()
    options.log_errors = False  # they are told by us
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = MEMORY
    return options


_PARSED = re2.Set.SearchSet(_options())


def _compiled(pattern: str) -> "re2._Regexp":
    return re2.compile(pattern.encode(), _options())
