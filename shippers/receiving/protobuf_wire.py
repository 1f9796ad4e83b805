"""Walks protobuf's wire format without making a value of it: where a message's fields are, how many messages it holds.

An empty message takes two bytes, and a hundred and more when it is decoded: what is large is looked at before.
"""

from collections.abc import Iterator, Mapping

MESSAGES = Mapping[int, "MESSAGES"]  # the fields that hold messages, each with its own such fields
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_VARINT_BYTES = 10


class DamagedError(Exception):
    """It is no protobuf."""


def fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the fields of a message that hold bytes, texts or messages: the number, where it begins, where it ends."""
    at = start
    try:
        while at < end:
            tag, at = (data[at], at + 1) if data[at] < 128 else _varint(data, at)
            kind = tag & 7
            if kind == _BYTES:
                size, at = (data[at], at + 1) if data[at] < 128 else _varint(data, at)
                begins, at = at, at + size
                if at > end:
                    break
                yield tag >> 3, begins, at
            elif kind == _VARINT:
                _, at = _varint(data, at)
            elif kind in {_FIXED_64, _FIXED_32}:
                at += 8 if kind == _FIXED_64 else 4
            else:  # groups: nobody has sent them for long
                raise DamagedError
    except IndexError:
        raise DamagedError from None
    if at != end:
        raise DamagedError


def holds_more(data: bytes, start: int, end: int, kind: "MESSAGES", most: int) -> bool:
    """Say whether a message holds more than ``most`` others, however deep."""
    found, open_ones = 0, [(start, end, kind)]
    while open_ones:
        start, end, kind = open_ones.pop()
        for number, begins, ends in fields(data, start, end):
            if (inner := kind.get(number)) is not None:
                found += 1
                if found > most:
                    return True
                open_ones.append((begins, ends, inner))
    return False


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_VARINT_BYTES):
        byte = data[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise DamagedError
