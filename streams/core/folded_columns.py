"""Folds a column of requests, pane by pane, into what panes add up. Knows no record and no state."""

from collections.abc import Iterator

from streams.core.columns import Columns
from streams.core.deltas import Deltas
from streams.core.guarding import Guarded
from streams.core.placing import by_pane
from streams.core.plan import Plan
from streams.core.sources import Column, Source
from streams.core.tally import Requests as Counted

Published = dict[str, list[object]]


def folded(
    source: Source, column: Column, plan: Plan, guarded: Guarded, deltas: Deltas, published: Published
) -> Iterator[tuple[int, str, Counted]]:  # fmt: skip
    """Yield (start of the pane, app, requests); what is late, ahead, looked at or published goes where it belongs."""
    app, limits = plan.app(source.app), plan.limits
    for part in by_pane(column, plan) if column.start_ms is None else (column,):
        start_ms = part.start_ms or 0
        columns = Columns(part.fmt, part.table(), limits, plan.templates)
        guarded.add(source, part, columns)
        if part.late:
            deltas.late(start_ms, source.app, len(columns.targets))
        else:
            yield start_ms, source.app, columns.counted(app, limits)
        if part.ahead:
            deltas.tally(start_ms, source.app).ahead += len(columns.targets)
        if plan.requests:
            for name, values in columns.published(part.stamps, part.fmt).items():
                published.setdefault(name, []).extend(values)
