"""The life of an alert as a table. Knows rules and times passed in; no metric, pane, topic or clock.

As in Prometheus, a watch is pending from its first breach at t0 and fires at the first breach at t >= t0 + for. Unlike
there, missing data neither fires nor clears: it holds, for a bounded time.
"""

from enum import StrEnum
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from streams.core.rules import Judged, Rule


class State(StrEnum):
    """Where a watch is in its life; resolved and escalated are only ever published, never a state to be in."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


class Watch(Struct, frozen=True):
    """One rule standing for one app. All times are ends of panes."""

    state: State = State.INACTIVE
    started_ms: int = 0  # first breach of this life
    fired_ms: int = 0
    clear_ms: int | None = None  # clear since, while firing
    data_ms: int = 0  # last judgement with data
    escalated: int = 0  # how many escalations were published


class Change(Struct, frozen=True):
    """Something to publish about an alert; ``level`` counts escalations from 1, ``reason`` says why it resolved."""

    state: State
    level: int = 0
    reason: str | None = None


IDLE = Watch()
_INACTIVE, _PENDING, _FIRING = State.INACTIVE, State.PENDING, State.FIRING


def turn(  # noqa: C901, PLR0911, PLR0912  # this is the table: a row a case
    rule: Rule, watch: Watch, judged: Judged, at_ms: int
) -> tuple[Watch, tuple[Change, ...]]:
    """Take a watch through one judgement; return what it becomes and what is to be published, in order."""
    if judged is not Judged.NO_DATA:
        watch = replace(watch, data_ms=at_ms) if watch.state is not _INACTIVE else watch
    starved = at_ms - watch.data_ms >= rule.no_data_after_ms
    match watch.state, judged:
        case State.INACTIVE, Judged.BREACHED if rule.for_ms == 0:
            return _fire(replace(IDLE, started_ms=at_ms, data_ms=at_ms), at_ms)
        case State.INACTIVE, Judged.BREACHED:
            said = (Change(_PENDING),) if rule.publish_pending else ()
            return Watch(_PENDING, started_ms=at_ms, data_ms=at_ms), said
        case State.INACTIVE, _:
            return watch, ()
        case State.PENDING, Judged.BREACHED if at_ms >= watch.started_ms + rule.for_ms:
            return _fire(watch, at_ms)
        case State.PENDING, Judged.CLEAR:
            return IDLE, ()
        case State.PENDING, Judged.NO_DATA if starved:
            return IDLE, ()
        case State.PENDING, _:
            return watch, ()
        case State.FIRING, Judged.NO_DATA if starved:
            return IDLE, (Change(State.RESOLVED, reason="no_data"),)
        case State.FIRING, Judged.CLEAR if at_ms - _clear(watch, at_ms) >= rule.keep_firing_ms:
            return IDLE, (Change(State.RESOLVED, reason="clear"),)
        case State.FIRING, Judged.CLEAR:
            return _escalated(rule, replace(watch, clear_ms=_clear(watch, at_ms)), at_ms)
        case State.FIRING, Judged.BREACHED:
            return _escalated(rule, replace(watch, clear_ms=None), at_ms)
        case State.FIRING, Judged.NO_DATA:
            return _escalated(rule, watch, at_ms)
    raise AssertionError(f"no row for {watch.state}, {judged}")


def alert_id(rule: str, app: str, per: str, started_ms: int) -> str:
    """Return the id of one life of an alert: the same in a live run, after a crash and in a replay."""
    return sha256(f"{rule}\n{app}\n{per}\n{started_ms}".encode()).hexdigest()[:16]


def _fire(watch: Watch, at_ms: int) -> tuple[Watch, tuple[Change, ...]]:
    return replace(watch, state=_FIRING, fired_ms=at_ms, clear_ms=None), (Change(_FIRING),)


def _clear(watch: Watch, at_ms: int) -> int:
    return at_ms if watch.clear_ms is None else watch.clear_ms


def _escalated(rule: Rule, watch: Watch, at_ms: int) -> tuple[Watch, tuple[Change, ...]]:
    due = sum(at_ms - watch.fired_ms >= step.after_ms for step in rule.escalate)
    said = tuple(Change(State.ESCALATED, level) for level in range(watch.escalated + 1, due + 1))
    return replace(watch, escalated=max(due, watch.escalated)) if said else watch, said
