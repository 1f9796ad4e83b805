"""Reads plain, .gz and .zst files as blocks of whole lines, and cuts plain ones into chunks. Knows no line's meaning."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from msgspec import Struct

BLOCK_BYTES = 262_144
CHUNK_BYTES = 8 * 1024 * 1024
PACKED = {".gz", ".zst"}


class UnreadableFile(Exception):
    """A file that is not there, or whose compression is broken; the message says which, where and why."""


class Chunk(Struct, frozen=True):
    """Whole lines of a file: from byte ``start`` to byte ``end``, None for the file's end. Of packed files: all of it."""

    path: Path
    start: int = 0
    end: int | None = None


def chunks(path: Path) -> list[Chunk]:
    """Cut a file at line ends, the same way whoever reads it and however; a packed file is one chunk."""
    if path.suffix in PACKED:
        return [Chunk(path)]
    with opened(path) as file:
        size = file.seek(0, io.SEEK_END)
        starts = [0]
        for near in range(CHUNK_BYTES, size, CHUNK_BYTES):
            file.seek(near)
            if file.readline(BLOCK_BYTES).endswith(b"\n") and starts[-1] < file.tell() < size:  # else in a huge line: no cut
                starts.append(file.tell())
    return [Chunk(path, start, end) for start, end in zip(starts, [*starts[1:], None], strict=True)]


def opened(path: Path) -> BinaryIO:
    """Open a plain, .gz or .zst file for reading."""
    try:
        if path.suffix == ".gz":
            return cast("BinaryIO", gzip.open(path, "rb"))
        raw = path.open("rb")
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error
    if path.suffix == ".zst":
        return cast("BinaryIO", io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)))
    return raw


def blocks(chunk: Chunk) -> Iterator[bytes]:
    """Yield a chunk as blocks of whole lines; only a line of megabytes is cut."""
    rest = b""
    with opened(chunk.path) as file:
        if chunk.start:
            file.seek(chunk.start)
        left = chunk.end - chunk.start if chunk.end is not None else None
        while True:
            try:
                block = file.read(BLOCK_BYTES if left is None else min(left, BLOCK_BYTES))
            except (OSError, EOFError, zstandard.ZstdError) as error:
                raise UnreadableFile(f"{chunk.path}: broken after {file.tell()} bytes of content: {error}") from error
            if not block:
                break
            left = None if left is None else left - len(block)
            whole, newline, rest_of_block = block.rpartition(b"\n")
            if newline:
                yield rest + whole
                rest = rest_of_block
            else:
                rest += block
                if len(rest) > BLOCK_BYTES * 16:  # a "line" of megabytes: cut here, the core cuts it further
                    yield rest
                    rest = b""
    if rest:
        yield rest
