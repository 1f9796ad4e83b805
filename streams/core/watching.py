"""Stage 2: panes become windows and alerts. Decides everything about one partition of panes; knows no Kafka or clock."""

from collections.abc import Callable
from typing import Any

from streams.core import evidence
from streams.core.alerts import IDLE, State, turn
from streams.core.board import Board, plain
from streams.core.plan import MINUTE_MS, PANE_MS, Plan
from streams.core.records import Output, Progress, Published, Snapshot, Step
from streams.core.rules import METRICS, Judged, Rule, Totals
from streams.core.security.suspects import since
from streams.core.windows import AppPanes, minutes, window

__all__ = ["Board", "plain", "step", "waited_for"]

NOBODY = -1  # stands for sources never heard of
GAP_MS = 5_000  # how long nobody may be heard before it is an outage of all, not the silence of one
KEEP_MS = 3_600_000  # panes behind the closed ones that are kept at least: the past that alerts show


def step(state: Board, message: Snapshot | Progress, plan: Plan, at_ms: int | None = None) -> Step:
    """Take one message of ``fly.panes`` in; progress may close panes: windows and alerts come out, in order of time.

    ``at_ms`` is the record's own timestamp, by which silence is measured; without it, the source's clock.
    """
    if isinstance(message, Snapshot):
        return _put(state, message, plan)
    done = Step({}, [])
    _heard(state, message, message.clock_ms if at_ms is None else at_ms)
    done.writes["progress"] = state
    least_ms, incomplete = waited_for(state, plan)
    if least_ms is None:
        return done
    to_ms = (least_ms - plan.grace_ms) // PANE_MS * PANE_MS
    if state.closed_ms is None:
        state.closed_ms = min([to_ms, *(panes.starts[0] for panes in state.panes.values() if panes.starts)])
    if to_ms > state.closed_ms:
        _close(state, to_ms, plan, done, incomplete=incomplete)
        _forget(state, to_ms, plan, done)
    return done


def waited_for(state: Board, plan: Plan) -> tuple[int | None, bool]:
    """Return the least progress of all sources that are not silent, and whether one was not waited for.

    None while a source that was never heard of is waited for. Silence is how long others were heard since a source was:
    not how far their clocks are ahead (a source may be reading a backlog), nor while nobody was heard (an outage).
    """
    quiet = {source: state.silence.get(source, state.silence.get(NOBODY, 0)) for source in range(plan.partitions)}
    awake = [source for source, ms in quiet.items() if plan.silent_ms is None or ms <= plan.silent_ms]
    clocks = [state.clocks.get(source) for source in awake]
    known = [clock for clock in clocks if clock is not None]
    return (min(known) if known and len(known) == len(clocks) else None), len(awake) < plan.partitions


def _heard(state: Board, message: Progress, at_ms: int) -> None:
    """Note that a source was heard: all others were silent since anybody was heard last, a gap of all not counted."""
    passed_ms = 0 if state.heard_ms is None else min(max(at_ms - state.heard_ms, 0), GAP_MS)
    for source in {NOBODY, *state.clocks}:
        state.silence[source] = state.silence.get(source, 0) + passed_ms
    state.silence[message.source] = 0
    state.heard_ms = at_ms if state.heard_ms is None else max(at_ms, state.heard_ms)
    state.clocks[message.source] = max(message.clock_ms, state.clocks.get(message.source, message.clock_ms))


def _put(state: Board, snapshot: Snapshot, plan: Plan) -> Step:
    closed = state.closed_ms
    if closed is not None and snapshot.start_ms < _edge_ms(state, closed, plan):
        return Step({}, [])  # the panes it would have to be merged with are gone; its source counted it as late
    panes = state.panes.setdefault(snapshot.app, AppPanes())
    before = panes.said(snapshot)
    changed = panes.put(snapshot)
    writes: dict[str, Any] = {f"pane/{snapshot.start_ms}/{snapshot.app}": panes.by_start[snapshot.start_ms]}
    if changed and closed is not None and snapshot.start_ms + PANE_MS <= closed:
        panes.version += 1
    minute = snapshot.start_ms - snapshot.start_ms % MINUTE_MS
    if changed and closed is not None and minute + MINUTE_MS <= closed:
        revision, _ = state.minutes.get((minute, snapshot.app), (-1, False))
        state.minutes[minute, snapshot.app] = (revision, True)
        writes[f"minute/{minute}/{snapshot.app}"] = [revision, True]
    if not changed or plan.security is None or not snapshot.tally.suspects:
        return Step(writes, [])
    hits = since(snapshot.tally.suspects, None if before is None else before.suspects)
    return state.buckets.pour(plan.security.buckets, snapshot.app, hits, writes, plan.limits.buckets)


def _close(state: Board, to_ms: int, plan: Plan, done: Step, *, incomplete: bool) -> None:
    """Judge every pane end in (closed, to], publish the minutes that ended, then revisions of earlier ones."""
    from_ms = state.closed_ms or 0
    stale = [key for key, (_, is_stale) in state.minutes.items() if is_stale]
    found: list[tuple[int, int, str, Output]] = []
    for app in sorted(state.panes):
        for minute in minutes(state.panes[app], from_ms - from_ms % MINUTE_MS, to_ms - to_ms % MINUTE_MS):
            document = _publish(state, minute, app, plan, done, incomplete=incomplete)
            found.append((minute + MINUTE_MS, 0, app, document))
        for at_ms, alert in _judge_app(state, app, from_ms, to_ms, plan, done, incomplete=incomplete):
            found.append((at_ms, 1, app, alert))
    for minute, app in sorted(stale):
        found.append((minute, 2, app, _publish(state, minute, app, plan, done, incomplete=incomplete)))
    done.outputs += [output for *_, output in sorted(found, key=lambda item: item[:3])]
    state.closed_ms = to_ms


def _publish(state: Board, minute: int, app: str, plan: Plan, done: Step, *, incomplete: bool) -> Published:
    revision = state.minutes.get((minute, app), (-1, False))[0] + 1
    state.minutes[minute, app] = (revision, False)
    done.writes[f"minute/{minute}/{app}"] = [revision, False]
    document = window(app, minute, state.panes[app], plan, revision=revision, incomplete=incomplete)
    return Published("windows", str(document["id"]), document)


def _judge_app(
    state: Board, app: str, from_ms: int, to_ms: int, plan: Plan, done: Step, *, incomplete: bool
) -> list[tuple[int, Output]]:
    """Judge all rules of an app at each pane end, skipping times at which nothing can change."""
    rules, span_ms = state.rules(app, plan)
    answered = state.answered(rules, app)  # of the others there is no data, however far they look
    found: list[tuple[int, Output]] = []
    end_ms = from_ms + PANE_MS
    while rules and end_ms <= to_ms:
        panes = state.panes[app]
        if not panes.between(end_ms - span_ms, end_ms) and not any((rule.name, app) in state.watches for rule in rules):
            coming = panes.between(end_ms, to_ms)
            if not coming:
                break
            end_ms = coming[0] + PANE_MS
        for rule in answered:
            judged = _judge(state, rule, app, end_ms, plan, done, incomplete=incomplete)
            found.extend((end_ms, alert) for alert in judged)
        end_ms += PANE_MS
    return found


def _judge(state: Board, rule: Rule, app: str, end_ms: int, plan: Plan, done: Step, *, incomplete: bool) -> list[Output]:
    value, width_ms = _value(state, rule, app, end_ms, plan)
    before = state.watches.get((rule.name, app), IDLE)
    judged = rule.judge(value)
    if judged is Judged.BREACHED and rule.baseline_ms and not _rises(state, rule, app, end_ms, plan):
        judged = Judged.CLEAR
    if before is IDLE and judged is not Judged.BREACHED:
        return []
    after, changes = turn(rule, before, judged, end_ms)
    if after is not before:
        key = f"watch/{rule.name}/{app}"
        if after.state is State.INACTIVE:
            state.watches.pop((rule.name, app), None)
            done.writes[key] = None
        else:
            done.writes[key] = state.watches[rule.name, app] = after
    life = after if after.state is not State.INACTIVE else before
    panes, found = state.panes[app], list[Output]()
    for change in changes:
        found.append(evidence.alert(rule, app, change, life, end_ms, value, width_ms, panes, plan, incomplete=incomplete))
        found += evidence.drift(rule, app, change, end_ms, width_ms, panes, plan)
    return found


def _rises(state: Board, rule: Rule, app: str, end_ms: int, plan: Plan) -> bool:
    """Tell whether a value was below the rule's baseline before its window."""
    totals = state.totals(app, rule.baseline_ms, end_ms, plan, rule.window_ms)
    metric = METRICS[rule.metric]
    enough = metric.counted is None or metric.counted(totals) >= rule.min_requests
    return rule.rises(metric.read(totals, rule.baseline_ms) if enough else None)


def _value(state: Board, rule: Rule, app: str, end_ms: int, plan: Plan) -> tuple[float | None, int]:
    """Return a rule's value and the width it was read over: widened, pane by pane, until there are enough requests."""
    metric, width_ms = METRICS[rule.metric], rule.window_ms
    totals = state.totals(app, width_ms, end_ms, plan)
    counted = metric.counted
    if counted is None:
        return metric.read(totals, width_ms), width_ms
    if counted(totals) < rule.min_requests and rule.widen_ms > width_ms:
        if counted(state.totals(app, rule.widen_ms, end_ms, plan)) < rule.min_requests:
            return None, width_ms
        totals, width_ms = _widened(state.panes[app], rule, counted, end_ms, plan)
    if counted(totals) < rule.min_requests:
        return None, width_ms
    return metric.read(totals, width_ms), width_ms


def _widened(panes: AppPanes, rule: Rule, counted: Callable[[Totals], int], end_ms: int, plan: Plan) -> tuple[Totals, int]:
    totals, width_ms = Totals(), rule.window_ms
    for start in reversed(panes.between(end_ms - rule.widen_ms, end_ms)):
        if counted(totals) >= rule.min_requests and start < end_ms - width_ms:
            break
        width_ms = max(width_ms, end_ms - start)
        if (pane := panes.at(start, plan)) is not None:
            totals.add(pane)
    return totals, width_ms


def _forget(state: Board, to_ms: int, plan: Plan, done: Step) -> None:
    """Drop panes and minutes that neither a rule nor a revision can need."""
    before_ms = _edge_ms(state, to_ms, plan)
    for app in list(state.panes):
        for start in state.panes[app].forget(before_ms):
            done.writes[f"pane/{start}/{app}"] = None
        if not state.panes[app].starts and not any(watched == app for _, watched in state.watches):
            del state.panes[app]
    state.buckets.forget(to_ms, done.writes)
    for minute, app in [key for key in state.minutes if key[0] + MINUTE_MS < before_ms]:
        del state.minutes[minute, app]
        done.writes[f"minute/{minute}/{app}"] = None


def _edge_ms(state: Board, closed_ms: int, plan: Plan) -> int:
    """Return where memory begins: whole minutes, as far back as a rule or a late line may need them."""
    edge_ms = closed_ms - max(plan.lateness_ms + MINUTE_MS, state.span_ms(plan), KEEP_MS)
    return edge_ms - edge_ms % MINUTE_MS
