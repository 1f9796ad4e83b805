"""Which of the words that formats and signs ask for stand in a text. Knows no word.

A short text is asked word by word, which costs nothing. In a long one that is made to be slow a hundred searches, each to
its end, cost more than all the patterns; there one pass finds all of the words, in time linear in the length.
"""

from collections.abc import Callable, Iterable
from functools import cached_property

import re2  # type: ignore[import-untyped]  # a compiled module without types

LONG_CHARS = 1_000
Has = Callable[[str], bool]  # whether a word stands in a text


class Words:
    """A set of words to look for."""

    def __init__(self, words: Iterable[str]) -> None:
        """Keep them; they are compiled when the first long text comes."""
        self._words = sorted({*words} - {""})

    def has(self, text: str) -> Has:
        """Return what tells whether one of these words, or the empty one, is in a text."""
        if len(text) <= LONG_CHARS:
            return text.__contains__
        places = self._search.Match(text.encode("utf-8", "replace")) or ()  # None where there are none
        return {"", *(self._words[place] for place in places)}.__contains__

    def any(self, text: str) -> bool:
        """Tell whether one of them is in a long text."""
        return bool(self._search.Match(text.encode("utf-8", "replace")))

    @cached_property
    def _search(self) -> "re2.Set":
        found = re2.Set.SearchSet()
        for word in self._words:
            found.Add(re2.escape(word))
        found.Compile()
        return found
