"""Reads plain, gzip and zstd files as blocks of bytes, in constant memory. Knows no lines."""

import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import zstandard

PLAIN_BYTES = 256 * 1024
# What goes into a decoder at once: little, because all that comes out of it is held (gzip packs up to a thousand bytes
# in one, zstd 128 KiB in four): 16 MiB at worst.
GZIP_BYTES = 16 * 1024
ZSTD_BYTES = 512
COMPRESSED = frozenset({".gz", ".zst"})


class UnreadableFileError(Exception):
    """A file cannot be read, or not to its end; the message names the file, the place and the reason."""


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def blocks(path: Path, offset: int = 0) -> Iterator[bytes]:
    """Give the file's (decompressed) bytes, a plain one's from an offset; UnreadableFileError after the last to be had."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableFileError(f"{path} is not a regular file: pipe it into `flyship stdin`")
        if path.suffix == ".gz":
            yield from _decompressed(path, lambda: zlib.decompressobj(wbits=31), GZIP_BYTES, "gzip")
        elif path.suffix == ".zst":
            yield from _decompressed(path, lambda: zstandard.ZstdDecompressor().decompressobj(), ZSTD_BYTES, "zstd")
        else:
            with path.open("rb", buffering=0) as file:
                file.seek(offset)
                while block := file.read(PLAIN_BYTES):
                    yield block
    except OSError as error:
        raise UnreadableFileError(f"cannot read {path}: {error.strerror or error}") from error


def _decompressed(path: Path, fresh: Callable[[], _Decoder], size: int, kind: str) -> Iterator[bytes]:
    offset = 0  # of the compressed file: where the damage is
    decoder: _Decoder | None = None
    members = 0
    with path.open("rb", buffering=PLAIN_BYTES) as file:
        while data := file.read(size):
            end = offset + len(data)
            # Several members one after another are one file (appended logs); zeros behind the last one are padding.
            while data := data.lstrip(b"\0") if members and decoder is None else data:
                decoder = decoder or fresh()
                try:
                    out = decoder.decompress(data)
                except (zlib.error, zstandard.ZstdError) as error:
                    raise UnreadableFileError(f"{path} is not sound {kind} near byte {offset}: {error}") from error
                if out:
                    yield out
                if not decoder.eof:
                    break
                data, decoder, members = decoder.unused_data, None, members + 1
            offset = end
    if decoder is not None or not members:
        raise UnreadableFileError(f"{path} ends at byte {offset} in the middle of its {kind} data")
