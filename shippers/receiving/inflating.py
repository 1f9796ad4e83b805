"""Undoes a body's Content-Encoding within a bound: gzip, deflate, zstd. A bomb costs no more than the bound.

Knows no request and no line.
"""

import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard

from shippers.receiving.refusals import Refused, too_large

PIECE_BYTES = 256 * 1024  # what zlib gives at once
ZSTD_BYTES = 256  # what goes into zstd at once: it packs 128 KiB into four bytes, and has no bound of its own
ZSTD_WINDOW_BYTES = 8 * 1024 * 1024  # what RFC 8878 wants every reader to have, and every usual level stays below
MOST_MEMBERS = 10_000
NAMES = frozenset({"", "identity", "gzip", "x-gzip", "deflate", "zstd"})


class _Zstd(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def checked(encoding: str) -> str:
    """Return a Content-Encoding that can be undone; Refused for others."""
    name = encoding.strip().lower()
    if name not in NAMES:
        raise Refused(415, "encoding", "Content-Encoding must be gzip, deflate, zstd or none")
    return "" if name == "identity" else name.removeprefix("x-")


def inflated(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """Return the body as its sender had it; Refused where it is damaged, or longer than ``most_bytes``."""
    if not encoding or not body:  # senders name an encoding for an empty body, too
        return body
    try:
        return _zstd(body, most_bytes) if encoding == "zstd" else _zlib(body, encoding, most_bytes)
    except (zlib.error, zstandard.ZstdError, MemoryError) as error:
        raise Refused(400, "encoding", f"the body is not sound {encoding}: {_short(error)}") from None


def _zlib(body: bytes, encoding: str, most_bytes: int) -> bytes:
    fresh: Callable[[], zlib._Decompress] = lambda: zlib.decompressobj(wbits=31 if encoding == "gzip" else 15)  # noqa: E731
    pieces, size, members, rest, decoder = list[bytes](), 0, 0, body, fresh()
    while True:
        piece = decoder.decompress(rest, min(PIECE_BYTES, most_bytes - size + 1))
        size += len(piece)
        if size > most_bytes:
            raise too_large(most_bytes)
        pieces.append(piece)
        if decoder.eof:  # several members one after another are one body; zeros behind the last are padding
            members += 1
            rest = decoder.unused_data.lstrip(b"\0")
            if not rest:
                return b"".join(pieces)
            if members >= MOST_MEMBERS:
                raise zlib.error("too many members")
            decoder = fresh()
        else:
            rest = decoder.unconsumed_tail
            if not rest and not piece:
                raise zlib.error("it ends too early")


def _zstd(body: bytes, most_bytes: int) -> bytes:
    pieces, size, members, at = list[bytes](), 0, 0, 0
    decoder: _Zstd | None = None
    while at < len(body):
        rest = body[at : at + ZSTD_BYTES]
        at += len(rest)
        while rest:
            decoder = decoder or zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES).decompressobj()
            piece = decoder.decompress(rest)
            size += len(piece)
            if size > most_bytes:
                raise too_large(most_bytes)
            pieces.append(piece)
            rest = b""
            if decoder.eof:
                rest, decoder, members = decoder.unused_data, None, members + 1
                if members >= MOST_MEMBERS:
                    raise zstandard.ZstdError("too many frames")
    if decoder is not None:
        raise zstandard.ZstdError("it ends too early")
    return b"".join(pieces)


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
