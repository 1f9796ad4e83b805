"""Stage 1: lines fold into panes. Decides everything about one source partition; knows no Kafka, file or clock."""

from typing import Any

from streams.core.batches import Batch, Unreadable, read
from streams.core.folding import Folding
from streams.core.joins import Joins
from streams.core.plan import PANE_MS, Plan
from streams.core.records import Dead, Output, Progress, Record, Requests, Snapshot, Step
from streams.core.sources import Source
from streams.core.tally import Tally
from streams.core.values import Reason

PUBLISHED_TOGETHER = 1_000  # requests


class Pending:
    """Parsed requests that wait to be published together: until a tick, or until there are enough.

    Both are facts of the log, so that the same records give the same documents wherever a run was cut; a checkpoint may
    only be made while nothing waits.
    """

    __slots__ = ("_columns", "_count", "_first", "_last", "_number")

    def __init__(self, number: int) -> None:
        """Wait for requests of partition ``number``."""
        self._number = number
        self._columns: dict[tuple[str, str, str], dict[str, list[Any]]] = {}
        self._count = 0
        self._first = self._last = -1

    def __len__(self) -> int:
        """Return how many requests wait."""
        return self._count

    def take(self, folding: Folding, offset: int) -> list[Requests]:
        """Add what a record brought; return all that waits when it is enough."""
        for app, instance, region, columns in folding.published:
            held = self._columns.setdefault((app, instance, region), columns)
            if held is not columns:
                for name, column in columns.items():
                    held[name] += column
            self._count += len(columns["at"])
            self._first, self._last = (offset if self._first < 0 else self._first), offset
        return self.flushed() if self._count >= PUBLISHED_TOGETHER else []

    def flushed(self) -> list[Requests]:
        """Return all that waits, by instance; afterwards nothing does."""
        name = f"{self._number}/{self._first}-{self._last}"
        found = [
            Requests(f"{name}/{app}/{instance}/{region}", app, instance, region, columns)
            for (app, instance, region), columns in self._columns.items()
        ]
        self._columns, self._count, self._first = {}, 0, -1
        return found


class Partition:
    """What stage 1 remembers of one source partition: its clock, its open panes, its open joins.

    Keys of the state: ``pane/<start>/<app>`` -> tally, ``join/<app>/<instance>`` -> open requests.
    """

    __slots__ = ("apps", "clock_ms", "joins", "number", "panes", "pending", "sources", "unsent")

    def __init__(self, number: int, clock_ms: int = 0) -> None:
        """Make the empty state of partition ``number``."""
        self.number = number
        self.clock_ms = clock_ms
        self.panes: dict[tuple[int, str], Tally] = {}
        self.joins: dict[tuple[str, str], Joins] = {}
        self.unsent: set[tuple[int, str]] = set()
        self.pending = Pending(number)  # empty at every checkpoint: no part of the state
        self.apps: set[str] = set()  # whose panes these are
        self.sources: dict[tuple[str, str], Source] = {}  # a cache: the format each instance wrote last; changes no result

    def restore(self, key: str, value: Any) -> None:
        """Put back one key of the state as ``Step.writes`` gave it, after ``plain`` and JSON."""
        kind, first, second = key.split("/", 2)
        if kind == "pane":
            self.panes[int(first), second] = Tally.load(value)
            self.unsent.add((int(first), second))
            self.apps.add(second)
        else:
            self.joins[first, second] = Joins.load(value)


def plain(value: Tally | Joins) -> Any:
    """Return a value of the state as plain JSON values."""
    return value.dump()


def step(state: Partition, record: Record, plan: Plan) -> Step:
    """Take one record in.

    A batch changes panes and joins and publishes parsed requests. A tick publishes the snapshots of all panes that
    changed since the last one, then the progress. Nothing in the state changes if reading the record raises.
    """
    content = read(record.value, record.key, plan.limits.record_bytes)
    clock_ms = max(state.clock_ms, record.at_ms)
    if isinstance(content, Unreadable):
        state.clock_ms = clock_ms
        return Step({}, [dead(state, record, content)])
    if isinstance(content, Batch) and content.tick:
        state.clock_ms = clock_ms
        return _tick(state, record, plan)
    folding = Folding(state.sources, state.joins, state.apps, plan, clock_ms)
    outputs: list[Output] = []
    if isinstance(content, Batch):
        app, _, instance = record.key.decode("utf-8", "replace").partition("/")
        folding.batch(content, app, instance)
    else:
        folding.lines(content.good)
        outputs += [dead(state, record, why, line, f"/{i}") for i, (why, line) in enumerate(content.bad)]
    folding.finish()  # the last call that may raise
    state.clock_ms = clock_ms
    outputs += state.pending.take(folding, record.offset)
    return Step(absorb(state, folding, plan), outputs)


def dead(state: Partition, record: Record, why: Unreadable, line: bytes | None = None, part: str = "") -> Dead:
    """Return what goes to ``fly.dead`` for a record, or for one line of it."""
    value = record.value if line is None else line
    return Dead(f"{state.number}/{record.offset}{part}", str(why), value, record.key)


def absorb(state: Partition, folding: Folding, plan: Plan) -> dict[str, Any]:
    """Merge what a record brought into the panes it belongs to; return what changed. Nothing here can raise."""
    writes: dict[str, Any] = {}
    routes, evidence = plan.limits.routes_per_pane, plan.limits.evidence_lines
    for start_ms, app, counted in folding.counted:
        _pane(state, (start_ms, app), writes).count(counted, routes, evidence)
    for key, delta in folding.deltas.items():
        _pane(state, key, writes).merge(delta, routes, evidence)
    for (app, instance), joins in folding.joined.items():
        state.joins[app, instance] = joins
        writes[f"join/{app}/{instance}"] = joins
    return writes


def _pane(state: Partition, key: tuple[int, str], writes: dict[str, Any]) -> Tally:
    """Return the pane to count into, and note that it changes."""
    pane = state.panes.get(key)
    if pane is None:
        pane = state.panes[key] = Tally()
    state.unsent.add(key)
    state.apps.add(key[1])
    writes[f"pane/{key[0]}/{key[1]}"] = pane
    return pane


def _tick(state: Partition, record: Record, plan: Plan) -> Step:
    outputs: list[Output] = [*state.pending.flushed()]
    for start, app in sorted(state.unsent):
        tally = state.panes[start, app].copy()
        outputs.append(Snapshot(app, start, state.number, record.offset, tally))
    state.unsent.clear()
    outputs.append(Progress(state.number, state.clock_ms, record.offset))
    writes: dict[str, Any] = {}
    for start, app in [key for key in state.panes if is_late(key[0], state.clock_ms, plan)]:
        del state.panes[start, app]
        writes[f"pane/{start}/{app}"] = None
    state.apps = {app for _, app in state.panes}
    _expire(state, plan, writes)
    return Step(writes, outputs)


def _expire(state: Partition, plan: Plan, writes: dict[str, Any]) -> None:
    """Drop open requests that grew too old, counted where they would have ended: in the pane of now."""
    for (app, instance), joins in list(state.joins.items()):
        dropped = joins.expire(state.clock_ms - plan.limits.join_age_ms)
        key = f"join/{app}/{instance}"
        if dropped:
            start = state.clock_ms - state.clock_ms % PANE_MS
            pane = state.panes.setdefault((start, app), Tally())
            pane.skipped[Reason.DROPPED] += dropped
            state.unsent.add((start, app))
            writes[f"pane/{start}/{app}"], writes[key] = pane, joins
        if not len(joins):
            del state.joins[app, instance]
            writes[key] = None


def is_late(start_ms: int, clock_ms: int, plan: Plan) -> bool:
    """Tell whether a pane ended longer ago than the lateness: it takes no more lines and is forgotten."""
    return start_ms + PANE_MS + plan.lateness_ms < clock_ms
