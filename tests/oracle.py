"""The slow, obviously right recount: lines one by one into plain lists, rules over raw requests. Shares no fold with the core.

Only the reading of a single line is the core's own (``reading.parse``, which the format tests hold to fixtures).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from streams.core.gauges import GAUGES
from streams.core.joins import Joins
from streams.core.plan import App, Plan
from streams.core.reading import parse
from streams.core.rules import Rule
from streams.core.stamps import text
from streams.core.traces import Told
from streams.core.values import Line, Reading, Request, Sample, Skipped

TEN_SECONDS = 10_000
MINUTE = 60_000
QUIET_AFTER = 120_000  # rules are judged for so long behind the last pane's start
Judgements = list[tuple[int, str, float | None]]  # when, breached/clear/no data, the value


@dataclass
class Counted:
    """One request as far as windows and rules care."""

    at_ms: int
    status: int | None
    duration_ms: float | None  # None also where it joins no percentile


@dataclass
class Seen:
    """What one app did."""

    requests: list[Counted] = field(default_factory=list)
    health: list[int] = field(default_factory=list)  # when
    lines: list[int] = field(default_factory=list)  # when
    skipped: list[tuple[int, str]] = field(default_factory=list)  # when, why
    events: list[tuple[int, str]] = field(default_factory=list)  # when, what
    queries: list[tuple[int, float]] = field(default_factory=list)  # when, how long
    logged: list[int] = field(default_factory=list)  # when; the lines of probes apart
    gauges: list[tuple[int, str, float]] = field(default_factory=list)  # when, what, how much


def stamp_ms(stamp: str) -> int:
    """Return whole milliseconds since 1970; what is finer is dropped."""
    return (datetime.fromisoformat(stamp) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def read(lines: Iterable[Line], plan: Plan) -> dict[str, Seen]:
    """Read lines one by one; each must have its envelope's stamp, which says where it counts."""
    joins: dict[tuple[str, str], Joins] = defaultdict(Joins)
    apps: dict[str, Seen] = defaultdict(Seen)
    for line in lines:
        at_ms = stamp_ms(line.stamp or "")
        seen, parsed = apps[line.app], parse(line, joins[line.app, line.instance])
        seen.lines.append(at_ms)
        if line.provider != "probe":
            seen.logged.append(at_ms)
        tell(seen, joins[line.app, line.instance].told)
        if isinstance(parsed, Sample):
            seen.queries.append((at_ms, parsed.value_ms))
        elif isinstance(parsed, Reading):
            seen.gauges += [(at_ms, name, millionths / 1_000_000) for name, millionths in parsed.gauges]
        elif isinstance(parsed, Skipped):
            seen.skipped.append((at_ms, str(parsed.reason)))
        elif isinstance(parsed, Request):
            app = plan.apps.get(line.app, App(line.app))
            if parsed.path in app.health_paths:
                seen.health.append(at_ms)
            else:
                untimed = parsed.status == 101 or parsed.path in app.latency_exclude_paths
                seen.requests.append(Counted(at_ms, parsed.status, None if untimed else parsed.duration_ms))
    for (app_name, _), opened in joins.items():
        tell(apps[app_name], opened.end())
    return apps


def tell(seen: Seen, told: Iterable[Told]) -> None:
    """Count events, which stack traces may have held back, where the lines stand that name them."""
    for each in told:
        assert each.place.at_ms is not None
        seen.events.append((each.place.at_ms, str(each.event.event)))


def windows(lines: Iterable[Line], plan: Plan) -> dict[str, dict[str, Any]]:
    """Return each minute in which an app said anything, by the id of its window."""
    found: dict[str, dict[str, Any]] = {}
    for app, seen in read(lines, plan).items():
        for minute in sorted({at_ms // MINUTE * MINUTE for at_ms in seen.lines}):
            inside = [each for each in seen.requests if minute <= each.at_ms < minute + MINUTE]
            kinds = [kind for at_ms, kind in seen.events if minute <= at_ms < minute + MINUTE]
            reasons = [reason for at_ms, reason in seen.skipped if minute <= at_ms < minute + MINUTE]
            took = [ms for at_ms, ms in seen.queries if minute <= at_ms < minute + MINUTE]
            found[f"{app}/{text(minute)}"] = summary(inside) | {
                "query_ms": durations(took),
                "probes": sum(minute <= at_ms < minute + MINUTE for at_ms in seen.lines)
                - sum(minute <= at_ms < minute + MINUTE for at_ms in seen.logged),
                "gauges": gauges(seen, minute, minute + MINUTE),
                "lines": sum(minute <= at_ms < minute + MINUTE for at_ms in seen.lines),
                "health_checks": sum(minute <= at_ms < minute + MINUTE for at_ms in seen.health),
                "events": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
                "skipped": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
            }
    return found


def gauges(seen: Seen, start: int, end: int) -> dict[str, dict[str, Any]]:
    """Count measurements one by one."""
    found: dict[str, list[float]] = {}
    for at_ms, name, value in seen.gauges:
        if start <= at_ms < end:
            found.setdefault(name, []).append(value)
    return {
        name: {"count": len(values), "min": min(values), "avg": round(sum(values) / len(values), 6), "max": max(values)}
        for name, values in sorted(found.items())
    }


def summary(requests: Sequence[Counted]) -> dict[str, Any]:
    """Count requests one by one."""
    by_status: dict[str, int] = {}
    for each in requests:
        if each.status is not None:
            by_status[str(each.status)] = by_status.get(str(each.status), 0) + 1
    known = [each.status for each in requests if each.status is not None]
    took = [each.duration_ms for each in requests if each.duration_ms is not None]
    return {
        "requests": len(requests),
        "by_status": by_status,
        "unknown_status": len(requests) - len(known),
        "error_ratio": sum(status >= 500 for status in known) / len(known) if known else None,
        "duration_ms": durations(took),
    }


def durations(took: Sequence[float]) -> dict[str, Any]:
    """Count durations one by one."""
    return {
        "count": len(took),
        "min": min(took, default=None),
        "avg": sum(took) / len(took) if took else None,
        "max": max(took, default=None),
        "p50": percentile(took, 50),
        "p95": percentile(took, 95),
        "p99": percentile(took, 99),
    }


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the nearest-rank percentile: the smallest value that so many percent of all do not exceed."""
    if not values:
        return None
    rank = (percent * len(values) + 99) // 100
    return sorted(values)[rank - 1]


def alerts(lines: Iterable[Line], plan: Plan) -> list[dict[str, Any]]:
    """Return all transitions of all rules and apps, in order of time."""
    apps = read(lines, plan)
    last = max(at_ms for seen in apps.values() for at_ms in seen.lines) // TEN_SECONDS * TEN_SECONDS
    found: list[dict[str, Any]] = []
    for app in sorted(apps):
        panes: dict[int, list[Counted]] = defaultdict(list)
        for each in apps[app].requests:
            panes[each.at_ms // TEN_SECONDS * TEN_SECONDS].append(each)
        first = min(apps[app].lines) // TEN_SECONDS * TEN_SECONDS
        ends = range(first + TEN_SECONDS, last + QUIET_AFTER + 1, TEN_SECONDS)
        for rule in plan.rules:
            if watches(rule, app, plan):
                other = next((judge for begins, judge in NOT_OF_REQUESTS.items() if rule.metric.startswith(begins)), None)
                found += life(rule, app, [other(rule, apps[app], end) if other else judged(rule, panes, end) for end in ends])
    order = {rule.name: i for i, rule in enumerate(plan.rules)}
    return sorted(found, key=lambda each: (stamp_ms(each["at"]), each["app"], order[each["rule"]]))


def watches(rule: Rule, app: str, plan: Plan) -> bool:
    """Tell whether a rule stands for an app: by name, by level, or for all that are not ignored."""
    level = plan.apps[app].monitoring if app in plan.apps else plan.unlisted.monitoring
    named, levels = list(rule.apps), list(rule.monitoring)
    return app in named if named else level != "ignore" and (level in levels or not levels)


def judged(rule: Rule, panes: dict[int, list[Counted]], end: int) -> tuple[int, str, float | None]:
    """Recompute the trailing window that ends there, widened by ten seconds until there are enough requests."""
    width = rule.window_ms
    while True:
        inside = [each for start in range(end - width, end, TEN_SECONDS) for each in panes.get(start, ())]
        if len(inside) >= rule.min_requests or width >= rule.widen_ms:
            break
        width += TEN_SECONDS
    return held(rule, metric(rule.metric, inside, width) if len(inside) >= rule.min_requests else None, end)


def told(rule: Rule, seen: Seen, end: int) -> tuple[int, str, float | None]:
    """Count the events of the trailing window that ends there; without a line in it there is no data."""
    start, kind = end - rule.window_ms, rule.metric.removeprefix("events.")
    count = sum(start <= at_ms < end and each == kind for at_ms, each in seen.events)
    if not count and not any(start <= at_ms < end for at_ms in seen.logged):
        return held(rule, None, end)
    return held(rule, float(count), end)


def drifted(rule: Rule, seen: Seen, end: int) -> tuple[int, str, float | None]:
    """Judge the share of unknown lines, and hold what it was before against the rule's baseline."""
    value, start = unknown(rule, seen, end - rule.window_ms, end), end - rule.window_ms
    before = unknown(rule, seen, start - rule.baseline_ms, start)
    when, judgement, value = held(rule, value, end)
    if judgement == "breached" and rule.baseline_below is not None and (before is None or before >= rule.baseline_below):
        return when, "clear", value
    return when, judgement, value


def unknown(rule: Rule, seen: Seen, start: int, end: int) -> float | None:
    """Return the share of unknown lines among those that say something; None of too few lines."""
    lines = [at_ms for at_ms in seen.logged if start <= at_ms < end]
    reasons = [reason for at_ms, reason in seen.skipped if start <= at_ms < end and reason != "probe"]
    spoken = len(lines) - sum(reason in {"empty", "part", "late"} for reason in reasons)
    return reasons.count("unrecognised") / spoken if spoken >= max(rule.min_requests, 1) else None


def asked(rule: Rule, seen: Seen, end: int) -> tuple[int, str, float | None]:
    """Recompute a percentile or the count of the queries of the trailing window, widened until there are enough."""
    width = rule.window_ms
    while True:
        took = [ms for at_ms, ms in seen.queries if end - width <= at_ms < end]
        if rule.metric == "query_count":
            return held(rule, float(len(took)), end)
        if len(took) >= rule.min_requests or width >= rule.widen_ms:
            break
        width += TEN_SECONDS
    percent = int(rule.metric.removeprefix("query_p"))
    return held(rule, percentile(took, percent) if len(took) >= rule.min_requests else None, end)


def missed(rule: Rule, seen: Seen, end: int) -> tuple[int, str, float | None]:
    """Recompute the share of cache misses of the trailing window, widened until there are enough lookups."""
    width = rule.window_ms
    while True:
        kinds = [kind for at_ms, kind in seen.events if end - width <= at_ms < end and kind in {"cache_hit", "cache_miss"}]
        if len(kinds) >= rule.min_requests or width >= rule.widen_ms:
            break
        width += TEN_SECONDS
    return held(rule, kinds.count("cache_miss") / len(kinds) if len(kinds) >= max(rule.min_requests, 1) else None, end)


def measured(rule: Rule, seen: Seen, end: int) -> tuple[int, str, float | None]:
    """Recompute what stands for the measurements of the trailing window, widened until there are enough."""
    width, worth = rule.window_ms, GAUGES[rule.metric].worth.name
    while True:
        found = [value for at_ms, name, value in seen.gauges if end - width <= at_ms < end and name == rule.metric]
        if len(found) >= rule.min_requests or width >= rule.widen_ms:
            break
        width += TEN_SECONDS
    if len(found) < max(rule.min_requests, 1):
        return held(rule, None, end)
    return held(rule, {"MOST": max(found), "LEAST": min(found), "MEAN": sum(found) / len(found)}[worth], end)


NOT_OF_REQUESTS = {
    "events.": told, "query_": asked, "cache_": missed, "unrecognised": drifted, **dict.fromkeys(GAUGES, measured),
}  # fmt: skip


def held(rule: Rule, value: float | None, end: int) -> tuple[int, str, float | None]:
    """Hold a value against the rule's bound."""
    if value is None:
        return end, "no data", None
    if rule.above is not None:
        return end, "breached" if value > rule.above else "clear", value
    assert rule.below is not None
    return end, "breached" if value < rule.below else "clear", value


def metric(name: str, requests: Sequence[Counted], width_ms: int) -> float | None:
    """Return a metric of the requests of a window."""
    counted = summary(requests)
    if name == "request_rate":
        return len(requests) / (width_ms / 1000)
    value: float | None = counted["error_ratio"] if name == "error_ratio" else counted["duration_ms"][name]
    return value


def life(rule: Rule, app: str, judgements: Judgements) -> list[dict[str, Any]]:
    """Take one rule and app through all judgements: keep all of a life in a list, and look at the whole list each time."""
    said: list[dict[str, Any]] = []
    seen: Judgements = []
    fired: int | None = None
    told = 0

    def say(at_ms: int, state: str, value: float | None, reason: str | None = None, level: int = 0) -> None:
        started = seen[0][0]
        an_id = sha256(f"{rule.name}\n{app}\n\n{started}".encode()).hexdigest()[:16]
        head = {"at": text(at_ms), "rule": rule.name, "app": app, "state": state, "reason": reason, "level": level}
        said.append(head | {"id": an_id, "started_at": text(started), "value": value})

    for at_ms, judgement, value in judgements:
        if not seen and judgement != "breached":
            continue
        seen.append((at_ms, judgement, value))
        if len(seen) == 1 and rule.for_ms and rule.publish_pending:
            say(at_ms, "pending", value)
        ended = over(rule, seen, fired=fired is not None)
        if fired is None and judgement == "breached" and at_ms - seen[0][0] >= rule.for_ms:
            fired = at_ms
            say(at_ms, "firing", value)
        elif ended and fired is not None:
            say(at_ms, "resolved", value, ended)
        elif fired is not None:
            due = [step for step in rule.escalate if at_ms - fired >= step.after_ms]
            for level in range(told + 1, len(due) + 1):
                say(at_ms, "escalated", value, level=level)
            told = max(told, len(due))
        if ended:
            seen, fired, told = [], None, 0
    return said


def over(rule: Rule, seen: Judgements, *, fired: bool) -> str | None:
    """Tell why a life ends with its last judgement: clear for long enough, or without data for too long; None: it goes on."""
    at_ms, judgement, _ = seen[-1]
    if judgement == "no data":
        with_data = max(when for when, what, _ in seen if what != "no data")
        return "no_data" if at_ms - with_data >= rule.no_data_after_ms else None
    if judgement == "breached":
        return None
    if not fired:
        return "clear"
    breached = max(i for i, (_, what, _) in enumerate(seen) if what == "breached")
    clear_since = next(when for when, what, _ in seen[breached:] if what == "clear")
    return "clear" if at_ms - clear_since >= rule.keep_firing_ms else None
