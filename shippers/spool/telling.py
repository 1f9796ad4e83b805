"""Says and counts what happens to a spool: found, full, damaged, read to its end. Decides nothing."""

from shippers.console import say
from shippers.dropping import REASON
from shippers.metrics import Metrics
from shippers.spool.spool import Lost, Spool

SOURCE = "spool"


class Telling:
    """What was told so far, so that nothing is told twice."""

    def __init__(self, spool: Spool, metrics: Metrics) -> None:
        """Nothing is told yet."""
        self._spool = spool
        self._metrics = metrics
        self._lost = Lost()
        self._full = False
        self._by_disk = 0
        metrics.dropped.labels(SOURCE, "damaged")  # from 0 on: see ``Metrics.begin``

    def found(self) -> None:
        """Tell what an earlier process has left."""
        spool = self._spool
        if spool.lost.torn_bytes:
            say(f"the last {spool.lost.torn_bytes} bytes of the spool are torn, and left out: they were never told to be safe")
            self._metrics.errors.labels(SOURCE, "torn").inc()
        if spool.records:
            say(f"{spool.lines} lines in {spool.records} records wait in the spool {spool.directory}: they go first")
            self._by_disk += spool.lines
        self._lost = spool.lost
        self.look(full=False)

    def resolved(self, arrived: int | None) -> None:
        """Tell of the records that were on their way when an earlier process died, and how many Kafka has."""
        told = (
            f"{arrived} had arrived, and are not sent again"
            if arrived is not None
            else "Kafka does not tell: they may come twice"
        )
        say(f"of the spool's records {self._spool.doubtful} were on their way when flyship ended last: {told}")

    def stored(self, lines: int) -> None:
        """Hear that lines were written."""
        self._by_disk += lines

    def look(self, *, full: bool) -> None:
        """Bring the gauges up to date; tell of damage that was met, and of room that is gone or there again."""
        spool, metrics = self._spool, self._metrics
        metrics.spool_bytes.set(spool.bytes)
        metrics.spool_records.set(spool.records)
        records, lines = spool.lost.records - self._lost.records, spool.lost.lines - self._lost.lines
        if records:
            self._lost = spool.lost
            metrics.errors.labels(SOURCE, "damaged").inc()
            metrics.dropped.labels(SOURCE, "damaged").inc(lines)
            say(f"the spool is damaged: {records} records of {lines} lines cannot be read; what is behind them is shipped")
        if full != self._full:
            self._full = full
            room = f"the spool {spool.directory} or its disk is full, {spool.bytes} bytes: no more is taken in"
            say(room if full else f"there is room in the spool {spool.directory} again")
            metrics.errors.labels(SOURCE, "full").inc(int(full))

    def dropped(self, source: str, lines: int) -> None:
        """Count lines of a source that could not wait for room."""
        self._metrics.dropped.labels(source, REASON).inc(lines)

    def read(self) -> None:
        """Tell that all of it was read, if there was anything."""
        if self._by_disk:
            say(f"the spool is read to its end: {self._by_disk} lines went that way")
            self._by_disk = 0

    def left(self) -> None:
        """Tell what is left for the next start."""
        if self._spool.records:
            lines, where = self._spool.lines, self._spool.directory
            say(f"{lines} lines wait in the spool {where}: the next start ships them")
