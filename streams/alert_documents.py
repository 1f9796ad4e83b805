"""The document of fly.alerts as a model. Says what it looks like, and nothing of where it goes."""

from typing import Annotated, Literal

from pydantic import Field

from streams.core.rules import Severity
from streams.documents import Count, Document, Durations, Stamp, StatusOrUnknown, Version


class EscalationStep(Document):
    """Whom an escalated alert is for."""

    level: Annotated[int, Field(ge=1)]
    after_seconds: Count
    to: tuple[str, ...]


class Evidence(Document):
    """What the rule saw in its window."""

    requests: Count
    by_status: Annotated[dict[StatusOrUnknown, Count], Field(description='"-": no known status')]
    duration_ms: Durations
    top_routes: dict[str, Count]
    top_errors: Annotated[dict[str, Count], Field(description="5xx by route")]
    lines: Annotated[tuple[str, ...], Field(description="some failing requests, without their queries")]
    recent_deploy: None


class Links(Document):
    """Where to look next."""

    logs: str
    app: str | None
    dashboard: str | None


class Alert(Document):
    """fly.alerts: one transition of one alert. Repeats have the same ``transition_id``: keep one."""

    v: Version
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$", description="of one life of an alert: a live run's and a replay's")]
    transition_id: str
    rule: str
    severity: Severity
    app: str
    environment: str
    per: Annotated[str, Field(description='"": the app as a whole')]
    state: Literal["pending", "firing", "escalated", "resolved"]
    reason: Annotated[Literal["clear", "no_data"] | None, Field(description="why it resolved")]
    at: Annotated[Stamp, Field(description="event time: the end of a pane")]
    started_at: Stamp
    metric: str
    unit: str
    value: Annotated[float | None, Field(description="in ``unit``; None: no data")]
    threshold: float
    window: Annotated[str, Field(pattern=r"^[0-9]+[sm]$", description="how far back the rule looked")]
    incomplete: bool
    summary: str
    actions: tuple[str, ...]
    escalation: EscalationStep | None
    evidence: Evidence
    links: Links
    published_at: Annotated[Stamp | None, Field(description="the wall clock's, in a live run only")] = None
