"""Records as bytes with length, number and checksum, and back; what is damaged is stepped over. Opens no file.

A frame is a head and a payload. The checksum covers all that comes behind it, the numbers too. Numbers count records, and
``line`` the lines before this record, from the first of a spool on: so whoever reads on behind damage knows how many of
both were lost in it.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from shippers.records import Record

MARK = b"\xf1\xfeS1"  # by it the next frame is found behind damage; no text has it, for it is no UTF-8
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024  # beyond what any record takes: a longer length is damage
_HEAD = struct.Struct("<4sIIQQ")  # mark, checksum, bytes of the payload, number, line
_SUMMED_FROM = 8
HEAD_BYTES = _HEAD.size

Ids = frozenset[bytes]  # of records
Payload = tuple[bytes, bytes, int, int | None, bytes]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Payload).decode


class Stored(Struct, frozen=True, gc=False):
    """A record of a spool, and where its frame ends in the bytes it was read from."""

    record: Record
    number: int  # from 1
    line: int  # how many lines the records before it have
    end: int = 0

    @property
    def line_end(self) -> int:
        """How many lines the records up to and with this one have."""
        return self.line + self.record.lines


class Damage(Struct, frozen=True, gc=False):
    """Bytes that are no frame, from ``start`` up to the next frame or the end."""

    start: int
    end: int


def frame(record: Record, number: int, line: int) -> bytes:
    """Return a record's frame."""
    payload = _encode((record.key, record.value, record.lines, record.at_ms, record.id))
    head = _HEAD.pack(MARK, 0, len(payload), number, line)
    summed = zlib.crc32(payload, zlib.crc32(head[_SUMMED_FROM:]))
    return _HEAD.pack(MARK, summed, len(payload), number, line) + payload


def frames(data: bytes, start: int = 0) -> Iterator[Stored | Damage]:
    """Yield the frames of a file in their order, and the damage between and behind them."""
    at = start
    while at < len(data):
        found = _frame_at(data, at)
        if found is None:
            end = _next(data, at + 1)
            yield Damage(at, end)
            at = end
        else:
            yield found
            at = found.end


def _next(data: bytes, at: int) -> int:
    """Return where the first whole frame from a place on begins, the end where there is none."""
    while (at := data.find(MARK, at)) >= 0:
        if _frame_at(data, at):
            return at
        at += 1
    return len(data)


def _frame_at(data: bytes, at: int) -> Stored | None:
    if len(data) - at < HEAD_BYTES:
        return None
    mark, summed, size, number, line = _HEAD.unpack_from(data, at)
    end = at + HEAD_BYTES + size
    if mark != MARK or size > MAX_PAYLOAD_BYTES or end > len(data):
        return None
    if zlib.crc32(memoryview(data)[at + _SUMMED_FROM : end]) != summed:
        return None
    try:
        record = Record(*_decode(memoryview(data)[at + HEAD_BYTES : end]))
    except msgspec.MsgspecError:
        return None  # the checksum is right by chance, or another version wrote it
    return Stored(record, number, line, end)
