"""Finds the files again that an earlier run had read in part: renamed, copied or truncated meanwhile. Reads no lines.

While nobody read, a log may have been rotated more than once. Then the rest of the file that was being read comes first,
then those that were rotated behind it (by their numbers or dates, and the time they were written), then today's.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path

from msgspec import Struct

from shippers.sources.blocks import COMPRESSED
from shippers.sources.marks import SURE_BYTES, Identity, Mark, identity_of

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
    """Yield a plan for each name that the patterns still ask for. A file is read for one name, whatever it is called now."""
    by_path: dict[str, list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: mark.changed_ns):
        if any(mark.path == pattern or fnmatch(mark.path, pattern) for pattern in patterns):
            by_path.setdefault(mark.path, []).append(mark)
    places = _places([mark for own in by_path.values() for mark in own])
    taken = {identity for place in places.values() if (identity := identity_of(place))}
    for name, own in sorted(by_path.items(), key=_length):  # app.log before app.log.1, which may have been app.log meanwhile
        plan = _plan(Path(name), own, places, taken)
        taken |= {identity for piece in plan.pieces if (identity := identity_of(piece.path))}
        yield Path(name), plan


def _length(item: tuple[str, list[Mark]]) -> int:
    return len(item[0])


def _plan(path: Path, known: list[Mark], places: Mapping[Mark, Path], taken: set[Identity]) -> Resumed:
    """Plan a name's reading from the marks that were made under it, oldest first, and from where their files are now."""
    pieces: list[Piece] = []
    done: list[Mark] = []
    lost: list[tuple[Mark, Lost]] = []
    for mark in known:
        place = places.get(mark)
        status = None if place is None else _status(place)
        if place is None or status is None:
            if not mark.done:
                lost.append((mark, Lost.TRUNCATED if mark.same_file(path) else Lost.DELETED))
        elif status.st_size > mark.offset or place == path:
            pieces.append(Piece(place, mark.offset))
        else:
            done.append(mark)
    if not any(piece.path == path for piece in pieces):  # rotated: what came in between, and the file of today
        newer = [*rotated_since(path, known[-1].changed_ns), path]
        pieces += [Piece(other, 0) for other in newer if identity_of(other) not in {None, *taken}]
    return Resumed(tuple(pieces), tuple(done), tuple(lost))


def rotated_since(path: Path, at_ns: int) -> list[Path]:
    """Return a log's rotated files that were written after a time, in the order of their writing."""
    found = [(status.st_mtime_ns, other) for other in _rotated(path) if (status := _status(other))]
    found.sort(key=lambda of: (of[0], -_number(of[1])))
    return [other for changed_ns, other in found if changed_ns >= at_ns]


def _places(marks: list[Mark]) -> dict[Mark, Path]:
    """Return where the marks' files are now: by their inodes first, then, as copies, by what they begin with."""
    found: dict[Mark, Path] = {}
    for places_of in (_renamed, _copied):
        for mark in marks:
            if mark not in found:
                free = (place for place in places_of(mark) if place not in found.values())
                if (place := next((place for place in free if mark.fits(place)), None)) is not None:
                    found[mark] = place
    return found


def _renamed(mark: Mark) -> Iterator[Path]:
    path = Path(mark.path)
    yield from (place for place in (path, *_entries(path.parent)) if mark.same_file(place))


def _copied(mark: Mark) -> Iterator[Path]:
    path = Path(mark.path)
    if len(mark.before) >= SURE_BYTES:
        yield path
    if mark.before:
        yield from _rotated(path)


def _rotated(path: Path) -> list[Path]:
    """Return the files beside a log that bear its name with a number or a date."""
    return [entry for entry in _entries(path.parent) if _is_rotated(path, entry)]


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


def _number(rotated: Path) -> int:
    """Return the number in names such as app.log.2: the higher the older. Files of one moment need it."""
    digits = rotated.suffix[1:]
    return int(digits) if digits.isdecimal() and len(digits) < 4 else 0


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
