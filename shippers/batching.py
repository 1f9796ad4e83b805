"""Cuts lines into batches by lines, bytes and age. Knows no Kafka, file or clock: the time is passed in."""

from collections.abc import Iterable

from msgspec import Struct

from shippers.believing import PROBE
from shippers.names import name, named
from streams.core.values import Line

Row = list[str | None]  # [stamp, text] or, where they differ from the head, [stamp, text, provider, level]
ROW_BYTES = 48  # what a row costs beside its text: the stamp, quotes, commas


class Limits(Struct, frozen=True):
    """When a batch is full, and how much may be open at once. An age below 0 means: never by age."""

    lines: int = 200
    bytes: int = 256 * 1024
    age_ms: int = 250
    open_batches: int = 1_000
    line_bytes: int = 64 * 1024  # the rest of a longer line is cut off and counted


class Batch(Struct, frozen=True, gc=False):
    """Lines of one app and instance under one head."""

    app: str
    instance: str
    region: str
    provider: str
    level: str
    rows: list[Row]
    newest_ms: int | None  # the newest time that was passed in with its lines, None where none was
    source: str = ""


class _Open(Struct):
    region: str
    provider: str
    level: str
    opened_ms: float
    rows: list[Row]
    bytes: int = 0
    newest_ms: int | None = None


class Batching:
    """The open batches. Every line that goes in comes out once, in order within its app and instance."""

    def __init__(self, limits: Limits, app: str = "local") -> None:
        """``app`` stands in where a line names none."""
        self.lines = 0
        self.bytes = 0  # of the texts
        self.cut = 0
        self.app = app
        self._limits = limits
        # Ordered by opening: a batch that closes leaves, and its successor enters at the end.
        self._open: dict[tuple[str, str, str], _Open] = {}

    def anew(self) -> "Batching":
        """Return an empty one of the same limits."""
        return Batching(self._limits, self.app)

    def add(self, lines: Iterable[Line], now_ms: float, at_ms: int | None = None, source: str = "") -> list[Batch]:
        """Take lines in, return the batches they fill. ``at_ms``: when they were written; ``source``: has its own batches."""
        full: list[Batch] = []
        limits, opened, app, taken = self._limits, self._open, self.app, 0
        for line in lines:
            self.lines += 1
            text, size = line.text, len(line.text)
            if not text.isascii():
                size = len(text.encode())
            if size > limits.line_bytes:
                text, size = self._shortened(text), limits.line_bytes
            taken += size
            size += ROW_BYTES
            batch = opened.get(key := (line.app or app, line.instance, source))
            if batch is None:  # names are looked at when a batch is opened: one whose names are in order has been before
                line = named(line)  # noqa: PLW2901  # the line as it is batched
                batch = opened.get(key := (line.app or app, line.instance, source))
            # A region is the head's alone, so another one needs another batch; lines keep their order. So do lines of a
            # probe and those of the instance that it measures: only a batch of nothing else is believed to be a probe's.
            if batch is not None and (
                batch.region != line.region
                or batch.bytes + size > limits.bytes
                or (batch.provider != line.provider and PROBE in {batch.provider, line.provider})
            ):
                full.append(self._close(key))
                batch = None
            if batch is None:
                if len(opened) >= limits.open_batches:
                    full.append(self._close(next(iter(opened))))
                batch = opened[key] = _Open(line.region, line.provider, line.level, now_ms, [])
            plain = line.provider == batch.provider and line.level == batch.level
            batch.rows.append([line.stamp, text] if plain else [line.stamp, text, name(line.provider), name(line.level)])
            batch.bytes += size
            if at_ms is not None and (batch.newest_ms is None or at_ms > batch.newest_ms):
                batch.newest_ms = at_ms
            if len(batch.rows) >= limits.lines:
                full.append(self._close(key))
        self.bytes += taken
        return full

    def due(self, now_ms: float) -> list[Batch]:
        """Return the batches whose first line has waited for ``age_ms``, oldest first."""
        old: list[Batch] = []
        while self._limits.age_ms >= 0 and self._open:
            key, batch = next(iter(self._open.items()))
            if batch.opened_ms + self._limits.age_ms > now_ms:
                break
            old.append(self._close(key))
        return old

    def flush(self) -> list[Batch]:
        """Return everything that is open, oldest first."""
        return [self._close(key) for key in list(self._open)]

    def _close(self, key: tuple[str, str, str]) -> Batch:
        batch = self._open.pop(key)
        app, instance, source = key
        return Batch(app, instance, batch.region, batch.provider, batch.level, batch.rows, batch.newest_ms, source)

    def _shortened(self, text: str) -> str:
        self.cut += 1
        return text.encode()[: self._limits.line_bytes].decode(errors="ignore")
