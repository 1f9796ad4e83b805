"""The sink ``--dry-run``: prints the records' values to stdout, one JSON document a line. Knows no Kafka."""

import sys
from typing import BinaryIO

from shippers.records import Record
from streams import codec


class Printed:
    """A sink. What has been written counts as safe."""

    def __init__(self, out: BinaryIO | None = None) -> None:
        """``out``: stdout unless a test wants to read it."""
        self.lines = self.records = self.bytes = 0
        self._out = out or sys.stdout.buffer

    async def start(self) -> None:
        """Nothing has to be connected."""

    async def send(self, record: Record) -> None:
        """Print a record. BrokenPipeError when the reader has left."""
        self._out.write(record.value + b"\n")
        self._out.flush()
        self.lines += record.lines
        self.records += 1
        self.bytes += len(record.value)

    async def tick(self, at_ms: int) -> None:
        """Print a tick once: there are no partitions here."""
        await self.send(Record(b"", codec.encode_tick(), 0, at_ms))

    async def drain(self) -> None:
        """Everything is written already."""

    def check(self) -> None:
        """Nothing can fail behind our back."""

    async def close(self) -> None:
        """Leave stdout open: it is not ours."""
