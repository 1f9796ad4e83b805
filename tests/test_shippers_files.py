"""The files and blocks a shipper reads: plain, compressed, damaged; and how bytes become lines."""

import asyncio
import gzip
import io
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from shippers.sources.blocks import UnreadableFileError, blocks
from shippers.sources.files import Files, NoMatchError, expanded
from shippers.sources.readings import Readings
from shippers.sources.unwrapping import MAX_RAW_BYTES, Unwrapping

PRETTY = '{\n  "timestamp": "2025-10-10T17:02:56Z",\n  "instance": "i9",\n  "region": "ord",\n  "message": "GET / 200"\n}'


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


async def _texts(source: Files) -> list[str]:
    return [line.text async for lines in source.read(asyncio.Event()) for line in lines]


def _numbered(count: int) -> bytes:
    return b"".join(b"line %d %d\n" % (number, random.Random(number).getrandbits(64)) for number in range(count))


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_lines_do_not_depend_on_where_blocks_end(data: bytes, cuts: list[int]) -> None:
    """However the bytes are cut into blocks, the lines are the same."""
    whole, parts = Unwrapping("a", "i"), Unwrapping("a", "i")
    places = [0, *sorted(cuts), len(data)]
    found = [line for start, end in pairwise(places) for line in parts.push(data[start:end])]
    if max([0, *cuts]) <= len(data):
        assert found + parts.rest() == whole.push(data) + whole.rest()


def test_pretty_json_is_one_line_even_across_blocks() -> None:
    """flyctl's indented document becomes one line, wherever a block ends."""
    data = f"before\n{PRETTY}\nafter\n".encode()
    for cut in range(len(data)):
        unwrapping = Unwrapping("a", "i")
        found = unwrapping.push(data[:cut]) + unwrapping.push(data[cut:])
        assert [line.text for line in found] == ["before", "GET / 200", "after"]
        assert found[1].instance == "i9"


def test_an_open_document_can_be_released() -> None:
    """A lone brace does not hold its lines for ever."""
    unwrapping = Unwrapping("a", "i")
    assert unwrapping.push(b"{\n  x\n") == []
    assert unwrapping.holds
    assert [line.text for line in unwrapping.release()] == ["{", "  x"]
    assert not unwrapping.holds


def test_invalid_utf8_is_replaced() -> None:
    """Bytes that are no UTF-8 become replacement characters, and the lines around them are whole."""
    assert [line.text for line in Unwrapping("a", "i").push(b"a\n\xff\xe2\x82\nb\n")] == ["a", "\ufffd\ufffd", "b"]


def test_a_line_without_end_is_held_only_in_part() -> None:
    """An endless line costs bounded memory; what follows its newline is whole."""
    unwrapping = Unwrapping("a", "i")
    for _ in range(20):
        assert unwrapping.push(b"x" * 100_000) == []
    found = unwrapping.push(b"y\nnext\n")
    assert [len(line.text) for line in found] == [MAX_RAW_BYTES, 4]


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("app.log", lambda data: data),
        ("app.log.gz", gzip.compress),
        ("app.log.zst", _zstd),
        ("two.gz", lambda data: gzip.compress(data[:5000]) + gzip.compress(data[5000:])),
        ("two.zst", lambda data: _zstd(data[:5000]) + _zstd(data[5000:])),
        ("padded.gz", lambda data: gzip.compress(data) + bytes(100_000)),
    ],
)
def test_every_kind_of_file_gives_its_bytes(tmp_path: Path, name: str, packed: Callable[[bytes], bytes]) -> None:
    """Plain, gzip and zstd files, also of several members, are read whole."""
    data = _numbered(40_000)
    (tmp_path / name).write_bytes(packed(data))
    assert b"".join(blocks(tmp_path / name)) == data


@pytest.mark.parametrize(("name", "packed"), [("a.gz", gzip.compress), ("a.zst", _zstd)])
def test_memory_does_not_grow_with_a_compressed_file(tmp_path: Path, name: str, packed: Callable[[bytes], bytes]) -> None:
    """No block of a highly compressed file is large."""
    (tmp_path / name).write_bytes(packed(bytes(60_000_000)))
    sizes = [len(block) for block in blocks(tmp_path / name)]
    assert sum(sizes) == 60_000_000
    assert max(sizes) <= 20_000_000


@pytest.mark.parametrize(("name", "packed"), [("cut.gz", gzip.compress), ("cut.zst", _zstd)])
async def test_a_truncated_file_ships_its_beginning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, packed: Callable[[bytes], bytes]
) -> None:
    """A truncated file is told with its name and offset; what was read is shipped, the next file too."""
    data = _numbered(40_000)
    whole = packed(data)
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    (tmp_path / "other.log").write_bytes(b"other\n")
    source = Files([tmp_path / name, tmp_path / "other.log"], Readings("a", ""))
    texts = await _texts(source)
    assert source.problems == 1
    assert texts[-1] == "other"
    expected = data.decode().split("\n")
    assert len(texts) > 10_000
    assert texts[:-2] == expected[: len(texts) - 2]
    assert f"{name} ends at byte {len(whole) // 2}" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "packed"), [("bad.gz", gzip.compress), ("bad.zst", _zstd)])
def test_a_corrupt_file_names_the_place(tmp_path: Path, name: str, packed: Callable[[bytes], bytes]) -> None:
    """Damage in the middle of a file is an error that names the file and the offset, after what could be read."""
    whole = bytearray(packed(_numbered(60_000)))
    whole[len(whole) // 2 : len(whole) // 2 + 64] = bytes(range(64))
    (tmp_path / name).write_bytes(whole)
    out = io.BytesIO()
    with pytest.raises(UnreadableFileError, match=rf"{name} is not sound .* near byte [0-9]+"):
        out.writelines(blocks(tmp_path / name))
    assert out.tell() > 100_000


async def test_files_name_their_instances(tmp_path: Path) -> None:
    """Bare lines have the file's name as instance, without the ending of its compression."""
    (tmp_path / "web.log.gz").write_bytes(gzip.compress(b"one\ntwo"))
    source = Files([tmp_path / "web.log.gz"], Readings("shop", ""))
    found = [line async for lines in source.read(asyncio.Event()) for line in lines]
    assert [(line.app, line.instance, line.text) for line in found] == [
        ("shop", "web.log", "one"),
        ("shop", "web.log", "two"),
    ]


async def test_what_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory or a file that has gone is told and counted, and the others are shipped."""
    (tmp_path / "a.log").write_text("a\n")
    source = Files([tmp_path, tmp_path / "gone.log", tmp_path / "a.log"], Readings("a", ""))
    assert await _texts(source) == ["a"]
    assert source.problems == 2
    told = capsys.readouterr().err
    assert "is not a regular file" in told
    assert "gone.log: No such file" in told


def test_globs_find_each_file_once(tmp_path: Path) -> None:
    """Patterns are expanded by name, a file that two of them match is read once, and brackets may be part of a name."""
    for name in ("b.log", "a.log", "c.txt", "d[1].log"):
        (tmp_path / name).write_text("x")
    found = expanded([str(tmp_path / "*.log"), str(tmp_path / "a.log"), str(tmp_path / "d[1].log")])
    assert [path.name for path in found] == ["a.log", "b.log", "d[1].log"]


def test_a_glob_without_match_is_an_error(tmp_path: Path) -> None:
    """A pattern that matches nothing is an error that shows the pattern."""
    with pytest.raises(NoMatchError, match=r"\*\.nolog"):
        expanded([str(tmp_path / "*.nolog")])
