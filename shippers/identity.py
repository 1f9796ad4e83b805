"""Tells lines apart that come more than once: by who said them, when to the nanosecond, what, and which repeat it is.

Two ways may bring the same line: two pages of the API that overlap, NATS and the API, a run and the next one. A
``Reading`` is one way, on which no line comes twice; so its second line with the same key is a second line, not the first
again. ``Seen`` remembers how many of each key any reading has brought. Pure: knows no source, no file and no clock.
"""

from collections.abc import Iterable
from hashlib import blake2b

from msgspec import Struct

Key = tuple[int, bytes]  # nanoseconds first: what is old can be forgotten by them
Kept = tuple[int, str, int]  # a key as JSON has it, and how many lines of it were seen

TOLD_APART = 16_000  # signs of a text: batching cuts at 64 KiB, which are no fewer


def key(app: str, instance: str, at_ns: int, text: str) -> Key:
    """Return what a line and its exact repeats have in common; also with what is left of it where it was cut."""
    said = f"{app}\0{instance}\0{text[:TOLD_APART]}".encode("utf-8", "surrogatepass")
    return at_ns, blake2b(said, digest_size=12).digest()


class Identity(Struct, frozen=True, gc=False):
    """Exactly one line: its key, and how many such lines came before it."""

    key: Key
    repeat: int


class Seen:
    """How many lines of each key were taken; of ``most`` keys at most, the ones added first are forgotten first."""

    def __init__(self, most: int = 100_000) -> None:
        """Remember nothing yet."""
        self.forgotten = 0  # keys that were pushed out: their lines could be taken again
        self._most = most
        self._counts: dict[Key, int] = {}

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._counts)

    def count(self, of: Key) -> int:
        """Return how many lines of a key were taken."""
        return self._counts.get(of, 0)

    def take(self, of: Key, repeat: int) -> bool:
        """Take a line if it was not taken yet, and return whether it was new."""
        if repeat < self._counts.get(of, 0):
            return False
        self._counts[of] = repeat + 1
        if len(self._counts) > self._most:
            del self._counts[next(iter(self._counts))]
            self.forgotten += 1
        return True

    def forget_before(self, at_ns: int) -> None:
        """Forget the lines stamped earlier: none of them will come again."""
        for old in [known for known in self._counts if known[0] < at_ns]:
            del self._counts[old]

    def kept(self, since_ns: int = 0) -> tuple[Kept, ...]:
        """Return what is remembered from a stamp on, as a checkpoint holds it."""
        return tuple((at_ns, said.hex(), n) for (at_ns, said), n in self._counts.items() if at_ns >= since_ns)

    def restore(self, kept: Iterable[Kept]) -> None:
        """Remember what a checkpoint holds; ValueError where it is none."""
        for at_ns, said, count in kept:
            of = (int(at_ns), bytes.fromhex(said))
            self._counts[of] = max(int(count), self._counts.get(of, 0))


class Reading:
    """One way on which lines come, each once: counts the repeats of each key."""

    def __init__(self, most: int = 1_000_000) -> None:
        """Begin before the first line. Repeats come close together: of ``most`` keys the oldest is forgotten first."""
        self._most = most
        self._counts: dict[Key, int] = {}

    def identify(self, of: Key) -> Identity:
        """Return the identity of the next line of this reading."""
        repeat = self._counts.get(of, 0)
        self._counts[of] = repeat + 1
        if len(self._counts) > self._most:
            del self._counts[next(iter(self._counts))]
        return Identity(of, repeat)

    def is_new(self, of: Key, seen: Seen) -> bool:
        """Say whether the next line of this reading is new to ``seen``, which takes it then."""
        repeat = self._counts.get(of, 0)
        self._counts[of] = repeat + 1
        return seen.take(of, repeat)

    def forget_before(self, at_ns: int) -> None:
        """Forget the lines stamped earlier: this reading has passed them."""
        for old in [known for known in self._counts if known[0] < at_ns]:
            del self._counts[old]
