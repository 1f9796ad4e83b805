"""Reads the JSON lines of Fly's NATS stream, many at once. Knows no batch, source or format."""

from collections.abc import Sequence
from operator import attrgetter

import msgspec
from msgspec import Struct

_REMEMBERED = 4_096  # heads; one instance has one
UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


class Owner(Struct, frozen=True, eq=False, gc=False):
    """Whose lines they are. Those of one head are one object, and known by that: names are compared once a head."""

    app: str
    instance: str
    region: str


class FlyLine(Struct, gc=False):
    """One line as Fly's NATS stream, Vector and fly-log-shipper send it; the fields that nothing reads are not decoded."""

    message: str
    timestamp: str
    fly: msgspec.Raw = msgspec.Raw(b"")  # the head that names the source


class _App(Struct, gc=False):
    instance: str
    name: str


class _Head(Struct, gc=False):
    app: _App
    region: str = ""


class _Owners(dict[bytes, Owner]):
    """The owner of each head, read when it is first asked for: the same bytes say the same."""

    def __missing__(self, head: bytes) -> Owner:
        found = _HEAD.decode(head)
        if len(self) >= _REMEMBERED:
            self.clear()
        owner = self[head] = Owner(found.app.name, found.app.instance, found.region)
        return owner


_LINE, _HEAD = msgspec.json.Decoder(FlyLine), msgspec.json.Decoder(_Head)
_OWNERS = _Owners()
_head = attrgetter("fly")


def read(block: bytes) -> tuple[list[FlyLine], list[Owner]]:
    """Read lines, and whose each is; one of ``UNREADABLE`` is raised when one of them is anything else."""
    lines = _LINE.decode_lines(block)
    return lines, _owners(lines)


def read_one(raw: bytes) -> tuple[FlyLine, Owner]:
    """Read one line; one of ``UNREADABLE`` is raised when it is anything else."""
    line = _LINE.decode(raw)
    return line, _owners((line,))[0]


def _owners(lines: Sequence[FlyLine]) -> list[Owner]:
    return list(map(_OWNERS.__getitem__, map(bytes, map(_head, lines))))
