"""Counts what the pipeline takes from each source, and how old the newest of its lines is. Knows no single source."""

import time
from collections.abc import Sequence
from datetime import datetime

from shippers.metrics import Metrics
from streams.core.values import Line


class Counting:
    """One source's counters."""

    def __init__(self, metrics: Metrics, source: str) -> None:
        """Begin them, so that a source that says nothing is seen to say nothing."""
        self._lines = metrics.lines.labels(source)
        self._bytes = metrics.bytes.labels(source)
        self._lag_s = metrics.lag_s
        self._source = source
        self._newest_s: float | None = None

    def take(self, lines: Sequence[Line], size: int) -> None:
        """Count lines and the bytes of their texts; the last one's stamp stands for all of them."""
        if not lines:
            return
        self._lines.inc(len(lines))
        self._bytes.inc(size)
        at_s = _at_s(lines[-1].stamp)
        if at_s is None:
            return
        if self._newest_s is None:
            self._lag_s.labels(self._source).set_function(self._age_s)
        self._newest_s = at_s if self._newest_s is None else max(self._newest_s, at_s)

    def _age_s(self) -> float:
        return time.time() - (self._newest_s or 0)


def _at_s(stamp: str | None) -> float | None:
    try:
        at = None if stamp is None else datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return None if at is None or at.tzinfo is None else at.timestamp()
