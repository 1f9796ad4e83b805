"""Lines that stand together in one text, which is parted into them only where that is asked for. Knows no format."""

from collections.abc import Iterator, Sequence
from typing import overload


class Stretch(Sequence[str]):
    """The lines of a text: most are read together, and few are looked at by themselves."""

    __slots__ = ("_count", "_parted", "text")

    def __init__(self, text: str, count: int | None = None) -> None:
        """Stand for the lines of a text, at least one; ``count`` is how many, if that is known."""
        self.text = text
        self._count = text.count("\n") + 1 if count is None else count
        self._parted: list[str] | None = None

    def __len__(self) -> int:
        """Return how many they are."""
        return self._count

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        """Return a line, or some; the first one and those behind some come without the others."""
        if at == 0 and self._parted is None:
            return self.text.partition("\n")[0]
        if isinstance(at, slice) and at.start and at.stop is at.step is None and 0 < at.start < self._count:
            return self._behind(at.start)
        return self._lines()[at]

    def __iter__(self) -> Iterator[str]:
        """Yield each."""
        return iter(self._lines())

    def _lines(self) -> list[str]:
        if self._parted is None:
            self._parted = self.text.split("\n")
        return self._parted

    def _behind(self, count: int) -> "Stretch":
        begin = 0
        for _ in range(count):
            begin = self.text.index("\n", begin) + 1
        return Stretch(self.text[begin:], self._count - count)


def ended(texts: Sequence[str]) -> str | None:
    """Return lines with a line end behind each; None when one has a line end in it."""
    if isinstance(texts, Stretch):
        return f"{texts.text}\n"
    return None if "\n" in "".join(texts) else "\n".join((*texts, ""))


def within(texts: Sequence[str], chars: int) -> bool:
    """Tell whether no line, of at least one, is longer than so many characters."""
    if not isinstance(texts, Stretch):
        return max(map(len, texts)) <= chars
    text, begin = texts.text, 0
    while len(text) - begin > chars:  # from the beginning of a line to the last one that begins near enough
        begin = text.rfind("\n", begin, begin + chars + 1) + 1
        if not begin:
            return False
    return True
