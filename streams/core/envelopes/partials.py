"""Lines that engines part at 16 KiB: tells a part by itself, and puts parts together. Holds nothing and knows no clock.

CRI, and podman, say of each line whether more comes (``P``) or not (``F``). Docker's json-file ends the text of a document
with a line end unless more comes; shippers that take the line end off would seem to write nothing but parts, so that a part
shorter than docker's must be followed by its end, within a second.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from msgspec import Struct

from streams.core import regex, stamps
from streams.core.documents import document_of
from streams.core.envelopes.containers import CRI

PART_BYTES = 16_384  # docker parts a line at so many
_NEAR_MS = 1_000
_CRI_STREAM = slice(20, 48)  # where it stands behind any stamp with a fraction
_STREAM = regex.compiled(r"\"stream\": ?\"(stdout|stderr)\"").match
_OF_DOCKER = {"log", "stream", "time", "attrs"}
_ENDED = ('\\n","stream":', '\\n", "stream":')


class Piece(Struct, frozen=True, gc=False):
    """What a line in an envelope says of itself: whose stream it is of, and whether more of its line comes."""

    stream: str
    more: bool
    sure: bool = True  # else the next line of its stream tells


def may_hold(block: str) -> bool:
    """Tell whether a part may be among some lines: a cheap look that most blocks do not pass."""
    if "std" not in block:
        return False
    if " stdout P" in block or " stderr P" in block:
        return True
    return '"log":' in block and block.count('"stream":') > sum(map(block.count, _ENDED))


def read(line: str) -> Piece | None:
    """Return what a line says of itself, None when it is in no such envelope."""
    if line[4:5] == "-":
        found = CRI(line) if " std" in line[_CRI_STREAM] else None
        return None if found is None else Piece(f"cri {found[2]}", found[3] == "P")
    return _of_docker(line) if line.startswith('{"log":') else None


def goes_on(part: str, line: str) -> bool:
    """Tell whether a line is of the same line as a part before it that is not sure to be one."""
    if (piece := read(line)) is None or piece.more:
        return False
    began, ends = (stamps.ms(str(_document(each).get("time"))) for each in (part, line))
    return began is not None and ends is not None and ends - began <= _NEAR_MS


def joined(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with their parts together, each at its last part under the head of its first; what has no end comes last."""
    opened: dict[str, list[str]] = {}
    for line in lines:
        piece = read(line)
        if piece is None:
            yield line
        elif piece.more:
            opened.setdefault(piece.stream, []).append(line)
        else:
            yield _whole([*opened.pop(piece.stream, ()), line])
    yield from map(_whole, opened.values())


def _of_docker(line: str) -> Piece | None:
    at = line.rfind('"stream":')
    found = _STREAM(line, at) if at >= 0 else None
    if found is None:
        return None
    text = line[:at].rstrip(" ").removesuffix(",").removesuffix('"')
    ended = text.endswith("\\n") and (len(text) - len(text[:-1].rstrip("\\"))) % 2 == 0
    if not ended and not _document(line).keys() <= _OF_DOCKER:
        ended = True  # a shipper's, which says more and takes the line end off
    return Piece(f"docker {found[1]}", not ended, sure=ended or len(text.encode("utf-8", "replace")) > PART_BYTES)


def _whole(parts: list[str]) -> str:
    first = parts[0]
    if len(parts) == 1:
        return first
    if head := CRI(first):
        whole = f"{first[: head.start(3)]}F{first[head.end(3) :]}"
        return whole + "".join(part[found.end() :] for part in parts[1:] if (found := CRI(part)))
    document = _document(first)
    document["log"] = "".join(str(_document(part).get("log", "")) for part in parts)
    return orjson.dumps(document).decode()


def _document(line: str) -> dict[str, Any]:
    return document_of(line) or {}
