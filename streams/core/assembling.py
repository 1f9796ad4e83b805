"""Puts lines together that stand over several: pretty-printed documents, and what engines part. Knows no app and no clock.

While one is open all lines wait, so that what is held is always the end of what came: who reads a file again from its first
byte loses and repeats nothing. Bounded by lines and by characters.
"""

from collections.abc import Iterable, Iterator, Sequence

from streams.core.envelopes import partials
from streams.core.parsing.stretch import Stretch

MAX_LINES = 200  # a pretty-printed document that is longer than this is not one of flyctl's
MAX_CHARS = 65_536  # of the parts of a line: what comes then begins anew


class Assembler:
    """Joins the lines of pretty-printed JSON documents (``flyctl logs --json`` indents them), and lines that were parted."""

    __slots__ = ("_chars", "_held", "_open")

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: list[str] = []
        self._open: dict[str, str] = {}  # streams whose line is not whole -> the last part, where it is not sure to be one
        self._chars = 0

    @property
    def held(self) -> int:
        """How many lines wait, the last ones that came."""
        return len(self._held)

    def take(self, raw: str) -> list[str]:
        """Return the lines that are complete with this one: most often itself."""
        line = raw.rstrip("\r\n")
        if self._open:
            return self._go_on(line)
        if self._held:
            return self._of_document(line)
        if line == "{":
            self._held.append(line)
            return []
        piece = partials.read(line)
        if piece is None or not piece.more:
            return [line]
        return self._hold(line, piece)

    def several(self, block: str) -> list[str]:
        """Return the lines that are complete with those of a block."""
        return list(self.stretch(block))

    def stretch(self, block: str) -> Sequence[str]:
        """Return the lines that are complete with those of a block; most blocks are what they are, and are not parted here."""
        if "\r" in block:
            block = f"{block}\n".replace("\r\n", "\n")[:-1]
        if not self._held and not _may_begin(block) and not partials.may_hold(block):
            return Stretch(block)
        return [whole for raw in block.split("\n") for whole in self.take(raw)]

    def rest(self) -> list[str]:
        """Return what is held: the input ended inside a document, which comes as it is, or inside a line."""
        held, self._held = self._held, []
        if not self._open:
            return held
        self._open, self._chars = {}, 0
        return list(partials.joined(held))

    def _of_document(self, line: str) -> list[str]:
        self._held.append(line)
        if line == "}":
            return [" ".join(self.rest())]
        return self.rest() if len(self._held) > MAX_LINES else []

    def _go_on(self, line: str) -> list[str]:
        """Take a line while a part waits for its end: what is in no such envelope ends it."""
        piece = partials.read(line)
        unsure = self._open.get(piece.stream) if piece is not None else None
        if piece is None or (unsure and not partials.goes_on(unsure, line)):
            return [*self.rest(), *self.take(line)]
        return self._hold(line, piece)

    def _hold(self, line: str, piece: partials.Piece) -> list[str]:
        self._held.append(line)
        self._chars += len(line)
        if piece.more:
            self._open[piece.stream] = "" if piece.sure else line
        else:
            self._open.pop(piece.stream, None)
        if not self._open:
            done = list(partials.joined(self._held))
            self._held, self._chars = [], 0
            return done
        return self.rest() if len(self._held) > MAX_LINES or self._chars > MAX_CHARS else []


def _may_begin(block: str) -> bool:
    """Tell whether a line is the beginning of a document that is printed over several."""
    return "{" in block and ("\n{\n" in block or block.startswith("{\n") or block.endswith("\n{") or block == "{")


def assembled(raws: Iterable[str]) -> Iterator[str]:
    """Assemble all lines of an input."""
    assembler = Assembler()
    for raw in raws:
        yield from assembler.take(raw)
    yield from assembler.rest()
