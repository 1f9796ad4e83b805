"""Patterns that are compiled when they are first asked: of hundreds that are known a run needs few, and starts sooner."""

import re
from collections.abc import Callable
from functools import cached_property

from streams.core import regex


class Lazily:
    """A pattern and its flags; ``compiled`` is it."""

    def __init__(self, text: str, flags: re.RegexFlag = re.NOFLAG, most_groups: int = 100) -> None:
        """Keep it as text; one with more groups than ``most_groups`` is refused when it is compiled."""
        self.text, self._flags, self._most_groups = text, flags, most_groups

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """Compile; ValueError when it has too many groups."""
        found = regex.compiled(self.text, self._flags)
        if found.groups > self._most_groups:
            raise ValueError(f"more than {self._most_groups} groups: {self.text}")
        return found

    def search(self, text: str, begin: int = 0) -> re.Match[str] | None:
        """Search in a text."""
        return self.compiled.search(text, begin)

    def match(self, text: str, begin: int = 0) -> re.Match[str] | None:
        """Match the beginning of a text."""
        return self.compiled.match(text, begin)

    def fullmatch(self, text: str, begin: int = 0) -> re.Match[str] | None:
        """Match a whole text."""
        return self.compiled.fullmatch(text, begin)

    def sub(self, by: str | Callable[[re.Match[str]], str], text: str) -> str:
        """Replace all that is found in a text."""
        return self.compiled.sub(by, text)
