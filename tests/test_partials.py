"""Lines that engines part at 16 KiB: put together again, however they are cut into blocks and wherever a reader begins anew."""

import json
from random import Random

import pytest

from shippers.sources.unwrapping import Unwrapping
from streams.core.assembling import MAX_CHARS, MAX_LINES, Assembler, assembled
from streams.core.lines import unwrap
from streams.core.values import Line

STAMP = "2024-03-05T09:01:38"
FULL = "x" * 16_384


def cri(second: int, text: str, tag: str = "F", stream: str = "stdout") -> str:
    """Return a line as containerd writes it."""
    return f"2024-03-05T09:01:{second:02}.123456789Z {stream} {tag} {text}"


def docker(second: float, text: str, stream: str = "stdout", more: dict[str, object] | None = None) -> str:
    """Return a document as docker writes it."""
    at = f"2024-03-05T09:01:{second:06.3f}Z"
    return json.dumps({"log": text, "stream": stream, **(more or {}), "time": at}, separators=(",", ":"))


def texts(lines: list[str]) -> list[str]:
    """Return what comes out of an input, out of its envelopes."""
    return [unwrap(line).text for line in assembled(lines)]


def test_parts_of_cri_are_one_line_under_the_head_of_the_first() -> None:
    """Parts of each stream are joined; lines of the other stream in between are lines of their own, blanks stay."""
    several = [
        cri(1, "GET /first", "P"),
        cri(2, "warning", stream="stderr"),
        cri(3, "half ", "P"),
        cri(3, "err", "P", "stderr"),
        cri(4, " 200"),
        cri(5, "or", stream="stderr"),
        cri(6, "next"),
    ]
    found = [unwrap(line) for line in assembled(several)]
    assert [line.text for line in found] == ["warning", "GET /firsthalf  200", "error", "next"]
    assert found[1].stamp == f"{STAMP[:-2]}01.123456789Z"


@pytest.mark.parametrize("more", [{}, {"attrs": {"tag": "web"}}], ids=["plain", "attrs"])
def test_parts_of_docker_are_one_line(more: dict[str, object]) -> None:
    """Documents without a line end are parts of the one that has it; what else they say is the first one's."""
    first, second, end = (docker(at, log, more=more) for at, log in ((1, FULL), (2, FULL), (9, "end\\n\n")))
    several = [first, docker(1, "e\n", "stderr"), second, end]
    whole = list(assembled(several))
    assert [unwrap(line).text for line in whole] == ["e", f"{FULL}{FULL}end\\n"]
    assert json.loads(whole[1]) == {"log": f"{FULL}{FULL}end\\n\n", "stream": "stdout", **more, "time": f"{STAMP[:-2]}01.000Z"}


def test_a_short_part_of_docker_needs_its_end() -> None:
    """A short document without a line end is joined to an end within a second, and else a line: shippers take line ends off."""
    assert texts([docker(1, "half"), docker(1.5, " rest\n")]) == ["half rest"]
    assert texts([docker(1, "its container ended"), docker(9, "started\n")]) == ["its container ended", "started"]
    assert texts([docker(1, "a"), docker(1, "b"), docker(1, "c")]) == ["a", "b", "c"]
    assert texts([docker(1, "a\\n"), docker(1, "b\n")]) == ["a\\nb"], "a backslash and an n are no line end"
    shipped = [docker(1, "a", more={"container_id": "c1"}), docker(1, "b\n", more={"container_id": "c1"})]
    assert texts(shipped) == ["a", "b"], "a shipper's own document"


def test_what_has_no_end_is_a_line_all_the_same() -> None:
    """A part is given without its end when the input ends, when another kind of line comes, and beyond the caps."""
    assert texts([cri(1, "a", "P"), cri(2, "b", "P")]) == ["ab"]
    assert texts([cri(1, "a", "P"), "bare", cri(2, "b")]) == ["a", "bare", "b"]
    long = texts([*(cri(1, FULL, "P") for _ in range(9)), cri(2, "end")])
    assert "".join(long) == FULL * 9 + "end"
    assert max(map(len, long)) <= MAX_CHARS + len(FULL)
    between = [cri(2, str(number), stream="stderr") for number in range(3 * MAX_LINES)]
    assert sorted(texts([cri(1, "part", "P"), *between])) == sorted(["part", *map(str, range(3 * MAX_LINES))])


def mixed(rng: Random) -> list[str]:
    """Return lines of all kinds in an order that nothing foretells."""
    kinds = [
        lambda: cri(rng.randrange(60), f"c{rng.random()}", rng.choice("FFPP"), rng.choice(["stdout", "stderr"])),
        lambda: docker(rng.randrange(60), f"d{rng.random()}{rng.choice(['', '', chr(10)])}", rng.choice(["stdout", "stderr"])),
        lambda: rng.choice(["bare", "{", "}", "  x", ""]),
    ]
    weights = rng.choice([(9, 1, 1), (1, 9, 1), (3, 3, 3)])
    return [rng.choices(kinds, weights)[0]() for _ in range(60)]


@pytest.mark.parametrize("seed", range(30))
def test_cuts_and_restarts_never_matter(seed: int) -> None:
    """Blocks of any size give the same lines; a reader that begins anew at what was held gives the rest."""
    rng = Random(seed)
    lines = mixed(rng)
    data = "\n".join(lines).encode() + b"\n"
    want = [unwrap(line, "shop", "m1") for line in assembled(lines)]
    assembler, at = Assembler(), 0
    by_block: list[str] = []
    while at < len(lines):
        size = rng.randint(1, 9)
        by_block += assembler.several("\n".join(lines[at : at + size]))
        at += size
    assert [unwrap(line, "shop", "m1") for line in [*by_block, *assembler.rest()]] == want
    assert _read(data, rng) == want


def _read(data: bytes, rng: Random) -> list[Line]:
    """Return the lines of an input that is read in blocks, by readers of which each ends at any time."""
    reader, at = Unwrapping("shop", "m1"), 0
    found: list[Line] = []
    while at < len(data):
        block = data[at : at + rng.randint(1, 400)]
        found += reader.push(block)
        at += len(block)
        if rng.random() < 0.2:
            at -= reader.held_bytes
            reader = Unwrapping("shop", "m1")
            size = rng.randint(1_000, 4_000)  # so that it gets on whatever is open
            found += reader.push(data[at : at + size])
            at = min(at + size, len(data))
    return found + reader.rest()
