"""Makes the source that follows files, as the table [files] and ``flyship files`` ask for it; tries it for ``doctor``."""

import hashlib
import os
import time
from pathlib import Path

from shippers.context import Context
from shippers.findings import Finding
from shippers.moments import moment_ms
from shippers.sources.files import matches, unmatched
from shippers.sources.files_table import FilesTable
from shippers.sources.follow import Follow
from shippers.sources.marks import Registry
from shippers.sources.readings import Readings
from shippers.sources.since import Since

SHOWN = 3  # files that cannot be read are named up to so many


def following(table: FilesTable, context: Context) -> Follow:
    """Return the source of a table; it always resumes."""
    readings = Readings(table.app or "", table.instance or "", since(table.since))
    registry = Registry(context, "files")
    return Follow(table.paths, readings, context.metrics, from_start=table.from_start, registry=registry)


def since(text: str | None) -> Since | None:
    """Return what leaves older lines out; None where nothing is to be left out."""
    if text is None:
        return None
    from shippers.stamps import Stamps  # noqa: PLC0415  # loads every parser of the core, which nothing else here needs

    return Since(moment_ms(text, time.time_ns() // 1_000_000), lambda: Stamps().stamp_ms)


def registry_of(context: Context, kind: str, *words: str) -> Registry:
    """Return the registry of one command line: another one keeps marks of its own."""
    return Registry(context, f"files-{kind}-{hashlib.sha256(os.fsencode(chr(0).join(words))).hexdigest()[:16]}")


async def try_out(table: FilesTable, context: Context) -> list[Finding]:  # noqa: ARG001  # as every source's
    """Look whether each pattern stands for files that can be read."""
    return [_looked(pattern) for pattern in table.paths]


def _looked(pattern: str) -> Finding:
    name, paths = f"files {pattern}", matches(pattern)
    if not paths:
        hint = "" if Path(pattern).is_dir() else f"; is {Path(pattern).parent} the right directory?"
        return Finding(name, False, f"{unmatched(pattern)}{hint}")
    closed = [path for path in paths if not os.access(path, os.R_OK)]
    if closed:
        shown = ", ".join(map(str, closed[:SHOWN])) + (" ..." if len(closed) > SHOWN else "")
        return Finding(name, False, f"{len(closed)} of {len(paths)} files cannot be read: let this user read {shown}")
    return Finding(name, True, f"{len(paths)} files can be read")
