"""Turns blocks of bytes into lines: cuts at newlines, joins flyctl's pretty JSON, unwraps. Knows no file or clock."""

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
    """One input's lines. Holds a partial last line until its newline comes, and an open pretty-printed document."""

    def __init__(self, app: str, instance: str) -> None:
        """``app`` and ``instance`` stand in where an envelope does not name them."""
        self._app = app
        self._instance = instance
        self._partial = b""
        self._skipping = False  # the rest of a line that was cut at MAX_RAW_BYTES
        self._document: list[str] = []
        self._partial_bytes = 0  # of the line that is not ended, also what was cut off it
        self._document_bytes = 0  # of the document's lines that are ended

    @property
    def holds(self) -> bool:
        """Whether a document is open (a partial line is not counted: its writer will end it)."""
        return bool(self._document)

    @property
    def held_bytes(self) -> int:
        """How many of the bytes taken in, the last ones, are not given yet: who begins at them loses and repeats nothing."""
        return self._document_bytes + self._partial_bytes

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
        raws = whole.decode("utf-8", "replace").split("\n")
        found = self._unwrapped(raws)
        if self._document or self._document_bytes:
            self._document_bytes = self._of_document(block[: end + 1], len(raws), ended_bytes)
        return found

    def rest(self) -> list[Line]:
        """Return what is held: the input has ended, or nobody will wait for its next newline."""
        partial, self._partial, self._skipping, self._partial_bytes = self._partial, b"", False, 0
        found = self._unwrapped([partial.decode("utf-8", "replace")]) if partial else []
        return found + self.release()

    def release(self) -> list[Line]:
        """Return the lines of a document that is still open: nothing has come for a while."""
        document, self._document, self._document_bytes = self._document, [], 0
        return self._each(list(lines.assembled(iter(document))))

    def _of_document(self, ended: bytes, raws: int, ended_bytes: int) -> int:
        """Return the bytes of the open document's lines, the last of which end with ``ended``."""
        count = len(self._document)
        if count > raws:  # it was open before
            return self._document_bytes + ended_bytes
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

    def _unwrapped(self, raws: list[str]) -> list[Line]:
        if self._document or "{" in raws or "{\r" in raws:
            raws = self._joined(raws)
        return self._each(raws)

    def _each(self, raws: list[str]) -> list[Line]:
        app, instance, unwrap = self._app, self._instance, lines.unwrap
        return [line if (line := unwrap(raw, app, instance)).provider != PROBE else disbelieved(line) for raw in raws]

    def _joined(self, raws: list[str]) -> list[str]:
        """Let ``lines.assembled`` join each document as soon as it is whole (or longer than any of flyctl's)."""
        joined: list[str] = []
        document = self._document
        for raw in raws:
            line = raw.rstrip("\r")
            if not document and line != "{":
                joined.append(raw)
                continue
            document.append(line)
            if line == "}" or len(document) > lines.MAX_JSON_LINES:
                joined.extend(lines.assembled(iter(document)))
                document.clear()
        return joined
