"""Lines in one text are the same lines as when they are parted first."""

from random import Random

from streams.core.assembling import Assembler
from streams.core.parsing.stretch import Stretch, ended, within

RNG = Random(7)
TEXTS = ["", "\n", "a", "\na", "a\n", "{", "{\n", "\n{", "a\n{\nb", *("".join(RNG.choices("ab\n{", k=9)) for _ in range(300))]


def test_a_stretch_is_its_lines() -> None:
    """Length, each line, the lines behind some, and the text with line ends are those of the parted text."""
    for text in TEXTS:
        lines = text.split("\n")
        assert len(Stretch(text)) == len(lines)
        assert list(Stretch(text)) == lines
        assert [Stretch(text)[at] for at in range(len(lines))] == lines
        for begin in range(len(lines) + 2):
            assert list(Stretch(text)[begin:]) == lines[begin:]
            assert list(Stretch(text)[:begin]) == lines[:begin]
        assert ended(Stretch(text)) == ended(lines)


def test_the_longest_line_is_found_without_parting() -> None:
    """A line that is too long is noticed wherever it stands, and none other."""
    for text in TEXTS:
        lines = text.split("\n")
        for chars in range(1, 10):
            assert within(Stretch(text), chars) == within(lines, chars) == (max(map(len, lines)) <= chars)


def test_the_beginning_of_a_document_is_noticed_in_a_text() -> None:
    """A line that is one brace begins a document wherever it stands, as when lines come one by one."""
    for text in TEXTS:
        by_block, by_line = Assembler(), Assembler()
        found = [*by_block.stretch(text), *by_block.rest()]
        assert found == [*(whole for line in text.split("\n") for whole in by_line.take(line)), *by_line.rest()]
