"""Folds columns of recognised requests into tallies. Knows no envelope, state or topic.

Rows of texts are transposed once and every step runs over a whole column: two to three times faster than row by row
(docs/design.md has the measurements).
"""

from collections import _count_elements  # type: ignore[attr-defined]  # a Counter without its checks
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import compress, count
from math import isfinite
from typing import Any

from streams.core import numbers
from streams.core.parsing.format import UNKNOWN as UNSAID
from streams.core.parsing.format import Format, Table
from streams.core.plan import App, Limits
from streams.core.routes import routes
from streams.core.sketch import measured
from streams.core.tally import UNKNOWN, Requests, slowest

SWITCHING = "101"  # a WebSocket's duration is how long somebody stayed, not a latency
_STATUS: dict[str | None, int | None] = {str(code): code for code in range(100, 600)}
_FAILING = frozenset(str(code) for code in range(500, 600))
_UNSAID: frozenset[str | None] = frozenset(UNSAID)
_EVIDENCE_CHARS = 300


class Columns:
    """Requests of one app, format and pane as columns, ready to fold or to publish."""

    __slots__ = (
        "_templates", "agents", "client_ips", "complete", "durations_ms", "methods", "routes", "stamps", "statuses", "targets",
    )  # fmt: skip

    def __init__(self, fmt: Format, table: Table, limits: Limits, templates: tuple[str, ...] = ()) -> None:
        """Read the columns of a format; ``stamps`` are those of the lines themselves."""
        self.client_ips, self.methods, self.targets, self.statuses, self.agents, durations, self.stamps = table
        self.routes = routes(self.targets, limits.route_chars, templates)
        self._templates = templates
        self.durations_ms: Sequence[float | None] = []  # empty: the format has no duration
        self.complete = True  # no duration is None
        if fmt.unit_ms:
            self.durations_ms, self.complete = durations_ms(durations, fmt.unit_ms)

    def published(self, stamps: Sequence[str | None], fmt: Format) -> dict[str, list[Any]]:
        """Return the columns of ``records.Requests``."""
        n = len(self.targets)
        return {
            "at": list(stamps),
            "method": _known(self.methods),
            "target": _known(self.targets),
            "route": self.routes,
            "status": list(map(_STATUS.get, self.statuses)),
            "duration_ms": list(self.durations_ms) or [None] * n,
            "client_ip": _known(self.client_ips),
            "format": [fmt.name] * n,
        }

    def counted(self, app: App, limits: Limits) -> Requests:
        """Return what a tally counts of these requests: health checks are apart, a WebSocket's stay is no latency."""
        statuses = _counts(self.statuses)
        apart = SWITCHING in statuses or not _routes_apart(app, limits.route_chars, self._templates).isdisjoint(self.routes)
        kept, timed = self._apart(app) if apart else (None, self._timed())
        if kept is not None:
            statuses = _counts([self.statuses[i] for i in kept])
        by_status: dict[str, int] = {}
        for text, n in statuses.items():
            known = text if text is not None and text in _STATUS else UNKNOWN
            by_status[known] = by_status.get(known, 0) + n
        failing = [status for status in statuses if status in _FAILING]
        errors = self._errors(kept, failing, limits) if failing else ([], [])
        return Requests(
            lines=len(self.targets),
            health=0 if kept is None else len(self.targets) - len(kept),
            status=by_status,
            routes=self.routes if kept is None else [self.routes[i] for i in kept],
            latency=measured(timed),
            errors=errors[0],
            evidence=errors[1],
        )

    def _apart(self, app: App) -> tuple[list[int], list[float]]:
        """Return the rows that are no health checks, and the durations of those that have a latency."""
        paths = [(target or "").split("?", 1)[0] for target in self.targets]
        kept = [i for i, path in enumerate(paths) if path not in app.health_paths]
        silent, statuses = app.latency_exclude_paths, self.statuses
        timed = (
            [self.durations_ms[i] for i in kept if statuses[i] != SWITCHING and paths[i] not in silent]
            if self.durations_ms
            else []
        )
        return kept, [took for took in timed if took is not None]

    def _timed(self) -> list[float]:
        if self.complete:
            return self.durations_ms  # type: ignore[return-value]  # complete: no None is in it
        return [took for took in self.durations_ms if took is not None]

    def _errors(
        self, kept: list[int] | None, failing: Sequence[str | None], limits: Limits
    ) -> tuple[list[str], list[tuple[float, str]]]:
        """Return the routes of all 5xx, and lines of the slowest."""
        failed = list(compress(count(), map(frozenset(failing).__contains__, self.statuses)))
        if kept is not None:
            failed = sorted(set(kept).intersection(failed))
        if not failed:
            return [], []
        took_ms = [self.durations_ms[i] or 0.0 for i in failed] if self.durations_ms else [0.0] * len(failed)
        least_ms = sorted(took_ms)[-limits.evidence_lines :][0]
        told = [
            (took, self.line(i, self.durations_ms[i] if self.durations_ms else None))
            for i, took in zip(failed, took_ms, strict=True)
            if took >= least_ms
        ]
        return [self.routes[i] for i in failed], slowest(told, limits.evidence_lines)

    def line(self, i: int, took: float | None) -> str:
        """Return a row for people, without its query: that may hold a secret."""
        path = (self.targets[i] or "-").split("?", 1)[0]
        return (f"{self.methods[i] or '-'} {path} {self.statuses[i]}" + ("" if took is None else f" {took:.0f} ms"))[
            :_EVIDENCE_CHARS
        ]


def _counts(statuses: Sequence[str | None]) -> dict[str | None, int]:
    counts: dict[str | None, int] = {}
    _count_elements(counts, statuses)
    return counts


@lru_cache(maxsize=1_000)
def _routes_apart(app: App, chars: int, templates: tuple[str, ...]) -> frozenset[str]:
    """Return the routes among which an app's health checks and paths without latency are: a cheap first look."""
    return frozenset(routes([*app.health_paths, *app.latency_exclude_paths], chars, templates))


def durations_ms(column: Sequence[Any], unit_ms: float) -> tuple[Sequence[float | None], bool]:
    """Read a column of duration texts or numbers, and tell whether all are known.

    None stands for what is missing, negative or not finite.
    """
    try:
        values = _floats(column)
        if unit_ms != 1.0:
            values = [value * unit_ms for value in values]
        if isfinite(sum(values)) and min(values) >= 0:
            return values, True
    except (ValueError, TypeError):
        pass  # an empty or missing value in the column: one by one
    return [duration_ms(text, unit_ms) for text in column], False


def _floats(column: Sequence[Any]) -> list[float]:
    """Read texts or numbers, texts together if each is a number as JSON writes it."""
    if column and type(column[0]) is str:
        with suppress(TypeError):  # not all are texts
            if (values := numbers.read(",".join(column), len(column))) is not None:
                return values
    return list(map(float, column))


def duration_ms(text: Any, unit_ms: float) -> float | None:
    """Read one duration; None for what is missing, negative or not finite."""
    try:
        value = float(text) * unit_ms
    except (ValueError, TypeError):
        return None
    return value if isfinite(value) and value >= 0 else None


def _known(column: Sequence[str | None]) -> list[str | None]:
    """Return a column with None for what the line does not say."""
    return list(column) if _UNSAID.isdisjoint(column) else [None if text in _UNSAID else text for text in column]
