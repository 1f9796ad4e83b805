"""Holds the lines that a source gives again against the records that have arrived, and leaves those out. Pure."""

import zlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from shippers.batching import Batching, Limits
from shippers.names import named
from shippers.once.naming import Place
from shippers.once.prefix import Prefix
from shippers.records import records
from streams.core.values import Line


class _Key(Struct):
    places: deque[Place]
    held: list[Line]


class Again:
    """What is waited for of each key, and the lines that may be it: never more than one record has."""

    def __init__(self, arrived: Mapping[bytes, Prefix], app: str) -> None:
        """``app``: that of lines which name none."""
        self.left_out = 0
        self.lost: list[bytes] = []  # the keys of which something else came
        self._app = app
        self._keys = {key: _Key(deque(prefix.places), []) for key, prefix in arrived.items()}

    def __bool__(self) -> bool:
        """Whether anything is waited for, or held."""
        return bool(self._keys)

    def take(self, lines: Iterable[Line]) -> Sequence[Line]:
        """Return what is to be shipped of lines that the source gives, and of those that were held."""
        passed: list[Line] = []
        for line in lines:
            said = named(line)  # as batching names it
            key = f"{said.app or self._app}/{said.instance}".encode()
            waiting = self._keys.get(key)
            if waiting is None:
                passed.append(line)
                continue
            waiting.held.append(line)
            if len(waiting.held) < waiting.places[0].lines:
                continue
            if zlib.crc32(_value(waiting.held, self._app)) == waiting.places.popleft().crc:
                self.left_out += len(waiting.held)
                waiting.held = []
                if not waiting.places:
                    del self._keys[key]
            else:
                passed += self._give_up(key)
        return passed

    def release(self) -> list[Line]:
        """Wait no longer; return what was held."""
        return [line for key in list(self._keys) for line in self._give_up(key)]

    def _give_up(self, key: bytes) -> list[Line]:
        self.lost.append(key)
        return self._keys.pop(key).held


def _value(lines: Sequence[Line], app: str) -> bytes:
    """Return the value of the record that these lines would be, b"" where they would not be one."""
    batching = Batching(Limits(len(lines) + 1, 1 << 40, -1), app)
    batches = [*batching.add(lines, 0), *batching.flush()]
    made = [record.value for batch in batches for record in records(batch)]
    return made[0] if len(made) == 1 else b""
