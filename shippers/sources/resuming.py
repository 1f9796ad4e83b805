"""Finds the files again that an earlier run had read in part: renamed, copied or truncated meanwhile. Reads no lines.

While nobody read, a log may have been rotated more than once. Then the rest of the file that was being read comes first,
then those that were rotated behind it (by their numbers or dates, and the time they were written), then today's.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path

from msgspec import Struct

from shippers.sources.blocks import COMPRESSED
from shippers.sources.marks import SURE_BYTES, Identity, Mark

_ROTATED = re.compile(r"[.-]?[0-9][0-9TZ:._-]*").fullmatch  # what logrotate and its like put behind a name


class Lost(StrEnum):
    """Why the rest of a file cannot be read: closed, and every member is counted."""

    DELETED = "deleted"  # or packed: no file beside it begins as it did
    TRUNCATED = "truncated"


class Piece(Struct, frozen=True):
    """A file to be read for a name, from an offset to its end."""

    path: Path
    offset: int


class Resumed(Struct, frozen=True):
    """What is to be done for one name: the files to read, oldest first; what was read; what is lost."""

    pieces: tuple[Piece, ...] = ()
    done: tuple[Mark, ...] = ()
    lost: tuple[tuple[Mark, Lost], ...] = ()


def plans(marks: Iterable[Mark], patterns: Sequence[str]) -> Iterator[tuple[Path, Resumed]]:
    """Yield a plan for each name that the patterns still ask for."""
    by_path: dict[str, list[Mark]] = {}
    for mark in marks:
        by_path.setdefault(mark.path, []).append(mark)
    for name, own in by_path.items():
        if any(name == pattern or fnmatch(name, pattern) for pattern in patterns):
            yield Path(name), resumed(Path(name), own)


def resumed(path: Path, marks: Iterable[Mark]) -> Resumed:
    """Plan a name's reading from the marks that were made under it."""
    known = sorted(marks, key=lambda mark: mark.changed_ns)
    entries = _entries(path.parent)
    rotated = [entry for entry in entries if _is_rotated(path, entry)]
    pieces: list[Piece] = []
    done: list[Mark] = []
    lost: list[tuple[Mark, Lost]] = []
    taken: set[Identity] = set()
    for mark in known:
        free = [place for place in (path, *entries) if _identity(place) not in taken]
        place = _located(mark, path, free, [entry for entry in rotated if entry in free])
        status = None if place is None else _status(place)
        if place is None or status is None:
            if not mark.done:
                lost.append((mark, Lost.TRUNCATED if mark.same_file(path) else Lost.DELETED))
            continue
        taken.add((status.st_dev, status.st_ino))
        if status.st_size > mark.offset or place == path:
            pieces.append(Piece(place, mark.offset))
        else:
            done.append(mark)
    if not any(piece.path == path for piece in pieces):  # rotated: what came in between, and the file of today
        newest_ns = known[-1].changed_ns if known else 0
        pieces += [Piece(other, 0) for other in _later(rotated, newest_ns, taken)]
        pieces += [Piece(path, 0)] if _identity(path) is not None else []
    return Resumed(tuple(pieces), tuple(done), tuple(lost))


def _located(mark: Mark, path: Path, free: list[Path], rotated: list[Path]) -> Path | None:
    """Return where a mark's file is now, None if nowhere: by its inode first, then, as a copy, by what it begins with."""
    found = next((place for place in free if mark.same_file(place) and mark.fits(place)), None)
    if found is None and mark.before:
        copies = rotated if len(mark.before) < SURE_BYTES else [path, *rotated]
        found = next((place for place in copies if mark.fits(place)), None)
    return found


def _entries(directory: Path) -> list[Path]:
    """Return the plain files of a directory."""
    try:
        return sorted(entry for entry in directory.iterdir() if entry.suffix not in COMPRESSED and entry.is_file())
    except OSError:
        return []


def _is_rotated(path: Path, other: Path) -> bool:
    behind = other.name.removeprefix(path.name)
    between = other.name.removeprefix(path.stem).removesuffix(path.suffix)  # app-20250101.log
    return other.name != path.name and any(_ROTATED(part) for part in (behind, between))


def _later(rotated: list[Path], newest_ns: int, taken: set[Identity]) -> Iterator[Path]:
    """Return the rotated files that were written after those that are known, in the order of their writing."""
    found = [(status.st_mtime_ns, other) for other in rotated if (status := _status(other))]
    found.sort(key=lambda of: (of[0], -_number(of[1])))
    yield from (other for at_ns, other in found if at_ns >= newest_ns and _identity(other) not in taken)


def _number(rotated: Path) -> int:
    """Return the number in names such as app.log.2: the higher the older. Files of one moment need it."""
    digits = rotated.suffix[1:]
    return int(digits) if digits.isdecimal() and len(digits) < 4 else 0


def _identity(path: Path) -> Identity | None:
    status = _status(path)
    return None if status is None else (status.st_dev, status.st_ino)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
