"""Finds records of an earlier process by their ids, in the spool first and then in Kafka, where it goes from there."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from shippers.client import told
from shippers.once.looking import Find, Wanted
from shippers.once.tracking import Found
from shippers.settings import Settings
from shippers.spool.doubt import APART_MS
from shippers.spool.frames import Stored, frames
from shippers.spool.segments import sync
from shippers.spool.window import came_ms


def finder(settings: Settings, spool: Path | None) -> Find:
    """Return what finds them; ``spool``: its directory."""

    async def find(wanted: Wanted, since_ms: int, until_ms: int) -> Found | None:
        waiting = [] if spool is None else await asyncio.to_thread(_spooled, spool, wanted, since_ms)
        there = await told(settings, wanted, since_ms - APART_MS, until_ms + APART_MS)
        return None if there is None else {*waiting, *there}

    return find


def _spooled(directory: Path, wanted: Wanted, since_ms: int) -> list[tuple[bytes, bytes]]:
    """Return what is in the spool, from its newest file back to one that was begun before; all of that is on the disk then."""
    found: list[tuple[bytes, bytes]] = []
    looked: list[Path] = []
    for path in sorted(directory.glob("*.spool"), reverse=True):
        stored = list(_stored(path))
        looked.append(path)
        found += [(item.record.key, item.record.id) for item in stored if wanted(item.record.id)]
        if stored and (came_ms(stored[0].record.id) or 0) < since_ms - APART_MS:
            break
    sync([directory, *looked])  # what is left out is noted as safe, and the dead process may not have come to it
    return found


def _stored(path: Path) -> Iterator[Stored]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return  # Kafka has acknowledged all of it meanwhile
    yield from (item for item in frames(data) if isinstance(item, Stored))
