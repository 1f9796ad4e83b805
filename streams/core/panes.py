"""Stage 1: lines fold into panes. Decides everything about one source partition; knows no Kafka, file or clock."""

from typing import Any

from msgspec.structs import replace

from streams.core.batches import Batch, Lines, Unreadable, read
from streams.core.deltas import Deltas
from streams.core.folding import Folding
from streams.core.joins import Joins
from streams.core.plan import PANE_MS, Plan
from streams.core.records import Dead, Output, Progress, Record, Requests, Security, Snapshot, Step
from streams.core.sources import Source
from streams.core.tally import Tally
from streams.core.values import Reason
from streams.core.waiting import Arrived, Waiting, take


class Partition:
    """What stage 1 remembers of one source partition: its clock, its open panes, what instances have open.

    Keys of the state: ``pane/<start>/<app>`` -> tally, ``join/<app>/<instance>`` -> open requests and trace.

    Records are read into columns as they come, and the columns wait to be folded together, as one costs little more than a
    line, until a tick, or until there are enough lines or bytes. All are facts of the log, so that the same records give the
    same documents wherever a run was cut. A checkpoint may only be made while nothing waits: what waits is no part of the
    state.
    """

    __slots__ = ("apps", "clock_ms", "joins", "number", "panes", "sources", "unsent", "waiting")

    def __init__(self, number: int, clock_ms: int = 0) -> None:
        """Make the empty state of partition ``number``."""
        self.number = number
        self.clock_ms = clock_ms
        self.panes: dict[tuple[int, str], Tally] = {}
        self.joins: dict[tuple[str, str], Joins] = {}
        self.unsent: set[tuple[int, str]] = set()
        self.waiting = Waiting()
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

    Batches change panes and joins and publish parsed requests, once there are enough of them. A tick publishes the
    snapshots of all panes that changed since the last one, then the progress. A record whose reading raises is dead,
    and changes nothing; whatever else raises is a broken state.
    """
    try:
        content = read(record.value, record.key, plan.limits.record_bytes)
    except Exception:  # noqa: BLE001  # our bug in one record must not stop a partition
        content = Unreadable.BUG
    state.clock_ms = max(state.clock_ms, record.at_ms)
    if isinstance(content, Unreadable):
        return Step({}, [dead(state, record, content)])
    if isinstance(content, Batch) and content.tick:
        return _tick(state, record, plan)
    told = [] if isinstance(content, Batch) else _dead_lines(state, record, content)
    try:
        state.waiting.add(Arrived(record, state.clock_ms), content, state.waiting.folding or _folding(state, plan))
    except Exception:  # noqa: BLE001  # as above; the columns are broken, and no state is
        return _behind(told, _fold_each(state, _begun(state).arrived, plan))
    del content  # its memory serves again while it is in the cache
    return _behind(told, settle(state, plan)) if state.waiting.enough else Step({}, told)


def _behind(told: list[Output], done: Step) -> Step:
    return Step(done.writes, told + done.outputs)


def _folding(state: Partition, plan: Plan) -> Folding:
    return Folding(state.sources, state.joins, state.apps, plan, partition=state.number)


def _begun(state: Partition) -> Waiting:
    """Let nothing wait any more; return what did."""
    waiting, state.waiting = state.waiting, Waiting()
    return waiting


def settle(state: Partition, plan: Plan) -> Step:
    """Fold all that waits; afterwards the state is settled."""
    waiting = _begun(state)
    if waiting.folding is None:
        return Step({}, [])
    try:
        return _fold(state, waiting.arrived, waiting.folding, plan)
    except Exception:  # noqa: BLE001  # as above; folding changes nothing before it can no longer raise
        return _fold_each(state, waiting.arrived, plan)


def _fold_each(state: Partition, arrived: list[Arrived], plan: Plan) -> Step:
    """Fold record by record, each read again, so that only the one that raises is dead."""
    done = Step({}, [])
    for one in arrived:
        try:
            folding = _folding(state, plan)
            content = read(one.record.value, one.record.key, plan.limits.record_bytes)
            if not isinstance(content, Unreadable):  # which it was not before
                take(folding, one, content)
            step = _fold(state, [one], folding, plan)
        except Exception:  # noqa: BLE001  # as above
            step = Step({}, [dead(state, one.record, Unreadable.BUG)])
        done.writes |= step.writes
        done.outputs += step.outputs
    return done


def _fold(state: Partition, arrived: list[Arrived], folding: Folding, plan: Plan) -> Step:
    folding.finish()  # the last call that may raise
    name = f"{state.number}/{arrived[0].record.offset}-{arrived[-1].record.offset}"
    outputs: list[Output] = [
        Requests(f"{name}/{app}/{instance}/{region}", app, instance, region, columns)
        for app, instance, region, columns in folding.published
    ]
    outputs += folding.deltas.happened
    outputs += numbered(folding.deltas.found, name)
    return Step(absorb(state, folding, plan), outputs)


def numbered(found: list[Security], name: str) -> list[Security]:
    """Give findings their ids: by their content's order, as the order of columns depends on caches."""
    found.sort(key=_place)
    return [replace(each, id=f"{name}/{number}") for number, each in enumerate(found)]


def _place(each: Security) -> tuple[int | str, ...]:
    finding = each.finding
    return each.at_ms, each.app, each.instance, finding.rule, finding.client_ip or "", finding.evidence


def dead(state: Partition, record: Record, why: Unreadable, line: bytes | None = None, part: str = "") -> Dead:
    """Return what goes to ``fly.dead`` for a record, or for one line of it."""
    value = record.value if line is None else line
    return Dead(f"{state.number}/{record.offset}{part}", str(why), value, record.key)


def _dead_lines(state: Partition, record: Record, content: Lines) -> list[Output]:
    return [dead(state, record, why, line, f"/{i}") for i, (why, line) in enumerate(content.bad)]


def absorb(state: Partition, folding: Folding, plan: Plan) -> dict[str, Any]:
    """Merge what was folded into the panes it belongs to; return what changed. Nothing here can raise."""
    writes: dict[str, Any] = {}
    routes, evidence, suspects = plan.limits.routes_per_pane, plan.limits.evidence_lines, plan.limits.suspects
    for start_ms, app, counted in folding.counted:
        _pane(state, (start_ms, app), writes).count(counted, routes, evidence)
    for key, delta in folding.deltas.tallies.items():
        _pane(state, key, writes).merge(delta, routes, evidence, suspects)
    for (app, instance), joins in folding.opened.changed.items():
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
    settled = settle(state, plan)
    writes, outputs = settled.writes, settled.outputs
    outputs += end_traces(state, plan, writes, state.clock_ms)
    for start, app in sorted(state.unsent):
        tally = state.panes[start, app].copy()
        outputs.append(Snapshot(app, start, state.number, record.offset, tally))
    state.unsent.clear()
    outputs.append(Progress(state.number, state.clock_ms, record.offset))
    for start, app in [key for key in state.panes if is_late(key[0], state.clock_ms, plan)]:
        del state.panes[start, app]
        writes[f"pane/{start}/{app}"] = None
    state.apps = {app for _, app in state.panes}
    _expire(state, plan, writes)
    return Step(writes, outputs)


def end_traces(state: Partition, plan: Plan, writes: dict[str, Any], clock_ms: int | None) -> list[Output]:
    """Tell the stack traces to which nothing was added for a while; without a clock, all."""
    deltas = Deltas(state.clock_ms, plan, state.number)
    for (app, instance), joins in state.joins.items():
        for told in joins.end(clock_ms):
            deltas.tell(app, instance, told)
            writes[f"join/{app}/{instance}"] = joins
    for key, delta in deltas.tallies.items():
        _pane(state, key, writes).merge(delta)
    return list(deltas.happened)


def _expire(state: Partition, plan: Plan, writes: dict[str, Any]) -> None:
    """Drop open requests that grew too old, counted where they would have ended: in the pane of now."""
    for (app, instance), joins in list(state.joins.items()):
        before = joins.heading, joins.block
        dropped = joins.expire(state.clock_ms - plan.limits.join_age_ms)
        key = f"join/{app}/{instance}"
        if dropped:
            start = state.clock_ms - state.clock_ms % PANE_MS
            pane = state.panes.setdefault((start, app), Tally())
            pane.skipped[Reason.DROPPED] += dropped
            state.unsent.add((start, app))
            writes[f"pane/{start}/{app}"], writes[key] = pane, joins
        if (joins.heading, joins.block) != before:
            writes[key] = joins
        if joins.idle:
            del state.joins[app, instance]
            writes[key] = None


def is_late(start_ms: int, clock_ms: int, plan: Plan) -> bool:
    """Tell whether a pane ended longer ago than the lateness: it takes no more lines and is forgotten."""
    return start_ms + PANE_MS + plan.lateness_ms < clock_ms
