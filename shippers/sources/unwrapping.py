"""Turns blocks of bytes into lines: cuts at newlines, joins flyctl's pretty JSON, unwraps. Knows no file or clock."""

from shippers.believing import PROBE, disbelieved
from streams.core import lines
from streams.core.values import Line

MAX_RAW_BYTES = 256 * 1024  # an input without newlines must not fill the memory; batching cuts and counts the line


class Unwrapping:
    """One input's lines. Holds a partial last line until its newline comes, and an open pretty-printed document."""

    def __init__(self, app: str, instance: str) -> None:
        """``app`` and ``instance`` stand in where an envelope does not name them."""
        self._app = app
        self._instance = instance
        self._partial = b""
        self._skipping = False  # the rest of a line that was cut at MAX_RAW_BYTES
        self._document: list[str] = []

    @property
    def holds(self) -> bool:
        """Whether a document is open (a partial line is not counted: its writer will end it)."""
        return bool(self._document)

    def push(self, block: bytes) -> list[Line]:
        """Return the lines that ``block`` completed."""
        end = block.rfind(b"\n")
        if end < 0:
            self._keep(block)
            return []
        if self._skipping:  # the first newline ends the line that was cut
            first = block.index(b"\n")
            whole = self._partial + block[first:end] if first < end else self._partial
            self._skipping = False
        else:
            whole = self._partial + block[:end]
        self._partial = b""
        self._keep(block[end + 1 :])
        # A newline byte is never part of a longer UTF-8 sequence: decoding many lines at once changes none of them.
        return self._unwrapped(whole.decode("utf-8", "replace").split("\n"))

    def rest(self) -> list[Line]:
        """Return what is held: the input has ended, or nobody will wait for its next newline."""
        partial, self._partial, self._skipping = self._partial, b"", False
        found = self._unwrapped([partial.decode("utf-8", "replace")]) if partial else []
        return found + self.release()

    def release(self) -> list[Line]:
        """Return the lines of a document that is still open: nothing has come for a while."""
        document, self._document = self._document, []
        return self._each(list(lines.assembled(iter(document))))

    def _keep(self, partial: bytes) -> None:
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
