"""A process that lives with a spool until it is killed: appends, syncs, gives out and acknowledges, and says what it promised.

Each line of stdout is written behind the deed: ``durable N`` behind the sync, ``acknowledged N`` behind the acknowledgement.
"""

import os
import random
import sys
from pathlib import Path

from shippers.records import Record
from shippers.spool.note import Reached
from shippers.spool.segments import sync
from shippers.spool.spool import Spool

KIB = 1024


def record(number: int) -> Record:
    """Return the record of a number, of up to 40 KiB, with one to three lines."""
    return Record(b"app/%d" % (number % 3), b"%d:" % number + b"x" * (number * 7919 % (40 * KIB)), number % 3 + 1)


def main(directory: Path, seed: int) -> None:
    """Go on until killed."""
    rng = random.Random(seed)
    spool = Spool(directory, 64 * 1024 * KIB)
    given: list[Reached] = []
    while True:
        for _ in range(rng.randrange(1, 20)):
            if not spool.full:
                spool.append(record(spool.written.number + 1))
        if rng.random() < 0.5:
            paths, number = spool.unsynced()
            sync(paths)
            spool.synced(number)
            _say(f"durable {number}")
        for _ in range(rng.randrange(20)):
            if stored := spool.next():
                given.append(Reached(stored.number, stored.line_end))
                spool.sent(stored.number)
        if given and rng.random() < 0.6:
            taken = rng.randrange(1, len(given) + 1)
            spool.acknowledge(given[taken - 1])
            _say(f"acknowledged {given[taken - 1].number}")
            del given[:taken]


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
