"""Searches of RE2, for the core, which has no regex engine of linear time itself. Knows no rule and no file.

Searches are compiled when they are first used: most commands load the catalogue and never ask it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]  # a compiled module without types

from streams.config_model import refused

MEMORY = 64 << 20  # of a search's states, made as texts need them: enough for hundreds of patterns at once


class Re2:
    """Makes searches in bytes, whose letters are read as Latin-1: targets need not be UTF-8. Can be sent to another process."""

    def __eq__(self, other: object) -> bool:
        """One is as good as another."""
        return isinstance(other, Re2)

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(Re2)

    def first(self, pattern: str) -> Callable[[bytes], bool]:
        """Return a search that tells whether a pattern is in a text."""
        compiled = _Lazily(lambda: _compiled(pattern))
        return lambda text: compiled.get().search(text) is not None

    def several(self, patterns: Sequence[str]) -> Callable[[bytes], Sequence[int]]:
        """Return a search for many patterns in one pass."""
        together = _Lazily(lambda: _together(patterns))
        return lambda text: together.get().Match(text) or ()

    def group(self, pattern: str, name: str) -> Callable[[bytes], tuple[int, int] | None]:
        """Return a search for the place of a group."""
        compiled = _Lazily(lambda: _compiled(pattern))

        def place(text: bytes) -> tuple[int, int] | None:
            found = compiled.get().search(text)
            if found is None:
                return None
            number = compiled.get().groupindex.get(name.encode())
            span: tuple[int, int] = (-1, -1) if number is None else found.span(number)
            return span

        return place


class _Lazily:
    """A value that is made when it is first asked for."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._made = make, None

    def get(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made


def checked(pattern: str) -> str:
    """Return a pattern as it is; a ``refused`` error says what is wrong with it."""
    if why := _wrong(pattern):
        raise refused(f"is no pattern of RE2 (which has no look-around and no back-references): {why}")
    return pattern


@lru_cache(maxsize=4_096)
def _wrong(pattern: str) -> str | None:
    try:
        _compiled(pattern)
    except re2.error as error:
        return error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
    return None


def _together(patterns: Sequence[str]) -> "re2.Set":
    found = re2.Set.SearchSet(_options())
    for pattern in patterns:
        found.Add(pattern.encode())
    found.Compile()
    return found


def _options() -> "re2.Options":
    options = re2.Options()
    options.log_errors = False  # they are told by us
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = MEMORY
    return options


def _compiled(pattern: str) -> "re2._Regexp":
    return re2.compile(pattern.encode(), _options())
