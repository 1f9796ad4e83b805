"""Turns blocks of bytes into lines: cuts at newlines, joins what stands over several, unwraps. Knows no file or clock."""

from typing import Protocol

from shippers.believing import PROBE, disbelieved
from streams.core import lines
from streams.core.values import Line

MAX_RAW_BYTES = 256 * 1024  # an input without newlines must not fill the memory; batching cuts and counts the line


class Reading(Protocol):
    """How the lines of one input are read: by ``Unwrapping``, or by something around it."""

    @property
    def holds(self) -> bool:
        """Whether something waits for more bytes that may never come."""
        ...

    @property
    def held_bytes(self) -> int:
        """How many of the bytes taken in, the last ones, are not given yet."""
        ...

    def push(self, block: bytes) -> list[Line]:
        """Return the lines that ``block`` completed."""
        ...

    def rest(self) -> list[Line]:
        """Return what is held: the input has ended."""
        ...

    def release(self) -> list[Line]:
        """Return what ``holds`` tells of: nothing has come for a while."""
        ...


class Unwrapping:
    """One input's lines. Holds a partial last line until its newline comes, and what ``lines.Assembler`` holds."""

    def __init__(self, app: str, instance: str) -> None:
        """``app`` and ``instance`` stand in where an envelope does not name them."""
        self._app = app
        self._instance = instance
        self._partial = b""
        self._skipping = False  # the rest of a line that was cut at MAX_RAW_BYTES
        self._assembler = lines.Assembler()
        self._partial_bytes = 0  # of the line that is not ended, also what was cut off it
        self._waiting_bytes = 0  # of the ended lines that the assembler holds

    @property
    def holds(self) -> bool:
        """Whether lines wait for others (a line without its newline is not counted: its writer will end it)."""
        return bool(self._assembler.held)

    @property
    def held_bytes(self) -> int:
        """How many of the bytes taken in, the last ones, are not given yet: who begins at them loses and repeats nothing."""
        return self._waiting_bytes + self._partial_bytes

    def push(self, block: bytes) -> list[Line]:
        """Return the lines that ``block`` completed."""
        end = block.rfind(b"\n")
        if end < 0:
            self._keep(block)
            return []
        ended_bytes, self._partial_bytes = self._partial_bytes + end + 1, 0
        if self._skipping:  # the first newline ends the line that was cut
            first = block.index(b"\n")
            whole = self._partial + block[first:end] if first < end else self._partial
            self._skipping = False
        else:
            whole = self._partial + block[:end]
        self._partial = b""
        self._keep(block[end + 1 :])
        # A newline byte is never part of a longer UTF-8 sequence: decoding many lines at once changes none of them.
        text = whole.decode("utf-8", "replace")
        found = self._unwrapped(text)
        if self._assembler.held or self._waiting_bytes:
            self._waiting_bytes = self._waiting(block[: end + 1], text.count("\n") + 1, ended_bytes)
        return found

    def rest(self) -> list[Line]:
        """Return what is held: the input has ended, or nobody will wait for its next newline."""
        partial, self._partial, self._skipping, self._partial_bytes = self._partial, b"", False, 0
        found = self._unwrapped(partial.decode("utf-8", "replace")) if partial else []
        return found + self.release()

    def release(self) -> list[Line]:
        """Return the lines that wait for others: nothing has come for a while."""
        self._waiting_bytes = 0
        return self._each(self._assembler.rest())

    def _waiting(self, ended: bytes, raws: int, ended_bytes: int) -> int:
        """Return the bytes of the lines that wait, the last of which end with ``ended``."""
        count = self._assembler.held
        if count > raws:  # they waited before
            return self._waiting_bytes + ended_bytes
        if count == raws:  # its first line may have begun in an earlier block
            return ended_bytes
        at = len(ended) - 1
        for _ in range(count):
            at = ended.rfind(b"\n", 0, at)
        return len(ended) - 1 - at

    def _keep(self, partial: bytes) -> None:
        self._partial_bytes += len(partial)
        if not self._skipping:
            self._partial += partial
            if len(self._partial) > MAX_RAW_BYTES:
                self._partial, self._skipping = self._partial[:MAX_RAW_BYTES], True

    def _unwrapped(self, text: str) -> list[Line]:
        return self._each(self._assembler.several(text))

    def _each(self, raws: list[str]) -> list[Line]:
        app, instance, unwrap = self._app, self._instance, lines.unwrap
        return [line if (line := unwrap(raw, app, instance)).provider != PROBE else disbelieved(line) for raw in raws]
