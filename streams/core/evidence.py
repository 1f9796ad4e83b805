"""Makes the document of an alert's transition: what happened, how bad it is, and what shows it. Decides nothing."""

from collections.abc import Iterator
from typing import Any

from streams.core.alerts import Change, State, Watch, alert_id
from streams.core.gauges import GAUGES
from streams.core.plan import Plan
from streams.core.records import Happened, Published
from streams.core.rules import METRICS, UNRECOGNISED, Rule, Severity
from streams.core.stamps import text
from streams.core.tally import Tally, merged
from streams.core.values import Event, EventKind
from streams.core.windows import AppPanes, by_status, duration_ms, top


def alert(
    rule: Rule,
    app: str,
    change: Change,
    watch: Watch,
    at_ms: int,
    value: float | None,
    width_ms: int,
    panes: AppPanes,
    plan: Plan,
    *,
    incomplete: bool,
) -> Published:
    """Return a transition for ``fly.alerts``; ``value`` and ``threshold`` are in the metric's unit, times in event time."""
    per = ""
    an_id = alert_id(rule.name, app, per, watch.started_ms)
    level = f"-{change.level}" if change.level else ""
    document: dict[str, Any] = {
        "v": 1,
        "id": an_id,
        "transition_id": f"{an_id}-{change.state}{level}",
        "rule": rule.name,
        "severity": str(rule.severity),
        "app": app,
        "environment": plan.app(app).environment,
        "per": per,
        "state": str(change.state),
        "reason": change.reason,
        "at": text(at_ms),
        "started_at": text(watch.started_ms),
        "metric": rule.metric,
        "unit": METRICS[rule.metric].unit,
        "value": None if value is None else round(value, 6),
        "threshold": rule.threshold,
        "window": width(width_ms),
        "incomplete": incomplete,
    }
    return Published(
        "alerts", an_id, document | _for_people(rule, app, change, value, plan) | _shown(rule, panes, at_ms, width_ms, plan)
    )


def data_lost(topic: str, partition: int, wanted: int, beginning: int, at_ms: int) -> Published:
    """Return the alert that records were removed before they were read: offsets [wanted, beginning) of a partition."""
    an_id = alert_id("pipeline-data-lost", topic, f"{partition}/{wanted}", 0)
    at = text(at_ms)
    document = {
        "v": 1,
        "id": an_id,
        "transition_id": f"{an_id}-{State.FIRING}",
        "rule": "pipeline-data-lost",
        "severity": str(Severity.CRITICAL),
        "app": "(pipeline)",
        "environment": "pipeline",
        "per": f"{topic}/{partition}",
        "state": str(State.FIRING),
        "reason": None,
        "at": at,
        "started_at": at,
        "metric": "records_lost",
        "unit": "records",
        "value": float(beginning - wanted),
        "threshold": 0.0,
        "window": None,
        "incomplete": True,
        "summary": f"retention removed offsets {wanted} to {beginning - 1} of {topic}/{partition} before they were read",
        "actions": ["Keep fly.logs longer than the longest outage of the workers", "Add workers"],
        "escalation": None,
        "evidence": None,
        "links": {"logs": None, "app": None, "dashboard": None},
    }
    return Published("alerts", an_id, document)


def summary(rule: Rule, app: str, value: float | None, change: Change) -> str:
    """Return one sentence for people: the rule's own, or why there is no value to put into it."""
    if change.state is State.RESOLVED:
        why = "no data" if change.reason == "no_data" else "clear again"
        return f"{rule.name} of {app} resolved: {why}"
    if value is None:
        return f"{rule.name} of {app}: no data at the moment"
    return rule.summary.format(value=value, app=app, metric=rule.metric, threshold=rule.threshold)


def _for_people(rule: Rule, app: str, change: Change, value: float | None, plan: Plan) -> dict[str, Any]:
    return {
        "summary": summary(rule, app, value, change),
        "actions": list(rule.actions),
        "escalation": _escalation(rule, change),
        "links": {"logs": f"https://fly.io/apps/{app}/monitoring", "app": plan.app(app).url, "dashboard": None},
    }


def _escalation(rule: Rule, change: Change) -> dict[str, Any] | None:
    if not change.level:
        return None
    step = rule.escalate[change.level - 1]
    return {"level": change.level, "after_seconds": step.after_ms // 1000, "to": list(step.to)}


def drift(rule: Rule, app: str, change: Change, at_ms: int, width_ms: int, panes: AppPanes, plan: Plan) -> Iterator[Happened]:
    """Yield the event that an app's lines changed their format, when a rule about that fires."""
    if rule.metric == UNRECOGNISED and change.state is State.FIRING:
        whole = _whole(panes, at_ms, width_ms, plan)
        event = Event(EventKind.LOG_FORMAT_CHANGED, "", whole.example)
        yield Happened(f"{rule.name}/{app}/{text(at_ms)}", app, "", "", at_ms, event)


def _whole(panes: AppPanes, at_ms: int, width_ms: int, plan: Plan) -> Tally:
    starts = panes.between(at_ms - width_ms, at_ms)
    parts = [pane for start in starts if (pane := panes.at(start, plan)) is not None]
    return merged(parts, plan.limits.routes_per_pane, plan.limits.evidence_lines)


def _lines(rule: Rule, whole: Tally) -> list[str]:
    """Return what shows it: a line that nothing recognises, what a probe found wrong, or else the slowest failed requests."""
    if rule.metric == UNRECOGNISED:
        return [whole.example] if whole.example else []
    if rule.metric in GAUGES:
        return [whole.failing] if whole.failing else []
    return [line for _, line in whole.evidence]


def _shown(rule: Rule, panes: AppPanes, at_ms: int, width_ms: int, plan: Plan) -> dict[str, Any]:
    whole = _whole(panes, at_ms, width_ms, plan)
    evidence = {
        "requests": whole.requests,
        "by_status": by_status(whole),
        "duration_ms": duration_ms(whole),
        "top_routes": top(whole, "routes"),
        "top_errors": top(whole, "errors"),
        "lines": [plan.masked(line) for line in _lines(rule, whole)],
        "recent_deploy": None,
    }
    return {"evidence": evidence}


def width(width_ms: int) -> str:
    """Return a width as rules write it: ``90s``, ``5m``."""
    return f"{width_ms // 60_000}m" if width_ms % 60_000 == 0 else f"{width_ms // 1000}s"
