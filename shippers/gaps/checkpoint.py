"""What an earlier run leaves to the next one: how far it came, and which lines of the overlap are safe. Knows no file."""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from shippers.gaps.merging import Merging
from shippers.gaps.values import Given, Reach
from shippers.identity import Kept, Key

MOST_KEPT = 100_000  # identities in a checkpoint, the newest: the lines of others may come again after a restart
VERSION = 1


class Earlier(Struct, frozen=True):
    """A checkpoint that was read."""

    heard_ns: int
    apps: tuple[str, ...]
    fills: dict[str, int]
    seen: tuple[Kept, ...]


class Unsafe:
    """The lines that were given and are not known to be safe yet, in order. A checkpoint must not call them seen."""

    def __init__(self) -> None:
        """None yet."""
        self._keys: deque[Key | None] = deque()
        self._safe = 0  # how many lines were given before the first of them

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._keys)

    def add(self, given: Iterable[Given]) -> None:
        """Note lines that are given."""
        self._keys.extend(each.key for each in given)

    def safe(self, number: int) -> None:
        """Hear that so many lines are safe, of all that were ever given."""
        while self._safe < number and self._keys:
            self._keys.popleft()
            self._safe += 1

    def seen(self, merging: Merging, since_ns: int) -> list[Kept]:
        """Return the identities of safe lines from a stamp on, the newest of them."""
        unsafe = Counter((at_ns, said.hex()) for key in self._keys if key is not None for at_ns, said in [key])
        known = ((at_ns, said, count - unsafe[at_ns, said]) for at_ns, said, count in merging.seen.kept(since_ns))
        return [kept for kept in known if kept[2] > 0][-MOST_KEPT:]


def document(reach: Reach, unsafe: Unsafe, merging: Merging) -> dict[str, Any]:
    """Return the checkpoint of a reach whose lines are safe."""
    since_ns = min([reach.heard_ns or 0, *reach.fills.values()]) - merging.limits.overlap_ns
    seen = unsafe.seen(merging, since_ns)
    return {"v": VERSION, "heard_ns": reach.heard_ns, "apps": list(merging.apps), "fills": reach.fills, "seen": seen}


def earlier(document: Any) -> Earlier | None:
    """Read a checkpoint; None if it is none, or says nothing."""
    try:
        if document["v"] != VERSION:
            return None
        seen = tuple((int(at_ns), bytes.fromhex(said).hex(), int(count)) for at_ns, said, count in document["seen"])
        fills = {str(app): int(at_ns) for app, at_ns in document["fills"].items()}
        return Earlier(int(document["heard_ns"]), tuple(map(str, document["apps"])), fills, seen)
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def resume(merging: Merging, left: Earlier | None) -> None:
    """Go on where an earlier run left off, if there was one."""
    if left is not None:
        merging.seen.restore(left.seen)
        merging.resume(left.heard_ns, left.apps, left.fills)
