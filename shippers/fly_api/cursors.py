"""How far an app was read and is safe: what a checkpoint holds of it. Knows no file and no clock."""

from typing import Any, Self

import msgspec
from msgspec import Struct

from shippers.identity import Identity, Kept, Seen


class Moved(Struct, frozen=True):
    """How far the lines given with it reach. ``identities``: of those that may come again."""

    app: str
    ask_ns: int
    looked_ns: int  # up to then nothing was missed: everything before was read, or was not there
    identities: tuple[Identity, ...] = ()


class _Document(Struct, frozen=True):
    v: int
    ask_ns: int
    looked_ns: int
    seen: tuple[Kept, ...] = ()


class Cursor:
    """Where to ask next, and which lines from there on are safe already."""

    def __init__(self, from_ns: int) -> None:
        """Begin at a moment."""
        self.ask_ns = self.looked_ns = from_ns
        self.is_resumed = False
        self._seen = Seen()

    @classmethod
    def read(cls, document: Any) -> Self | None:
        """Return the cursor of a checkpoint, None if it is none."""
        try:
            found = msgspec.convert(document, _Document)
            cursor = cls(found.ask_ns)
            cursor._seen.restore(found.seen)
        except (msgspec.ValidationError, ValueError):
            return None
        cursor.looked_ns, cursor.is_resumed = found.looked_ns, True
        return cursor if found.v == 1 else None

    def move(self, moved: Moved) -> None:
        """Go on: these lines are safe."""
        for identity in moved.identities:
            self._seen.take(identity.key, identity.repeat)
        if moved.ask_ns > self.ask_ns:
            self.ask_ns = moved.ask_ns
            self._seen.forget_before(self.ask_ns)
        self.looked_ns = max(self.looked_ns, moved.looked_ns)

    def seen(self) -> tuple[Kept, ...]:
        """Return which lines from ``ask_ns`` on are safe."""
        return self._seen.kept()

    def document(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        kept: dict[str, Any] = msgspec.to_builtins(_Document(1, self.ask_ns, self.looked_ns, self.seen()))
        return kept
