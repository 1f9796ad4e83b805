"""What config/flywatch.toml may say: its tables, their defaults and bounds. Reads no file and no environment."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from streams.config_access import Access
from streams.config_model import Count, Flag, Name, Table, Text, duration, refused, shown
from streams.core import plan
from streams.core.events.sign import External
from streams.core.parsing.format import Format
from streams.patterns import Pattern, Replaced, Search, request_format
from streams.rules_file import Level

CORE = plan.Plan()  # the core's defaults are the file's
DAY_MS = 86_400_000

Keep = Annotated[int, duration("1m", "3650d")]
_HOSTS = re.compile(r"[A-Za-z0-9._\-\[\]:]+:[0-9]{1,5}(,[A-Za-z0-9._\-\[\]:]+:[0-9]{1,5})*").fullmatch

_TEMPLATE = re.compile(r"(?:/(?::[A-Za-z_][A-Za-z0-9_]*|[^/:*?#\s]+))*(?:/\*)?/?").fullmatch


def _hosts(value: str) -> str:
    if not _HOSTS(value):
        raise refused(f'must be host:port, or several with commas between, such as "localhost:9092", not {shown(value)}')
    return value


def _url(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise refused(f'must begin with https:// or http://, not {shown(value)}; did you mean "https://{value}"?')
    return value.rstrip("/")


def _path(value: str) -> str:
    if not value.startswith("/") or "?" in value:
        raise refused(f'must be a path such as "/health", without a query, not {shown(value)}')
    return value


def _template(value: str) -> str:
    if not value.startswith("/") or not _TEMPLATE(value):
        raise refused(f'must be a route such as "/shop/:category/:slug" or "/files/*", not {shown(value)}')
    return value


def _longer_than_tick(silent_ms: int, info: ValidationInfo) -> int:
    if silent_ms <= info.data.get("tick_ms", 0):
        raise refused("must be longer than tick: progress comes with ticks, so every source would count as silent")
    return silent_ms


def _compiles(value: str) -> str:
    Pattern(value)
    return value


def _searches(value: str) -> str:
    Search(value)
    return value


class Kafka(Access):
    """Where the broker is, and how to get in."""

    bootstrap: Annotated[str, AfterValidator(_hosts)] = "localhost:9092"


class Retention(Table):
    """How long each topic keeps its records."""

    logs_ms: Keep = Field(default=7 * DAY_MS, alias="logs")
    panes_ms: Keep = Field(default=1 * DAY_MS, alias="panes")
    requests_ms: Keep = Field(default=7 * DAY_MS, alias="requests")
    events_ms: Keep = Field(default=30 * DAY_MS, alias="events")
    security_ms: Keep = Field(default=90 * DAY_MS, alias="security")
    windows_ms: Keep = Field(default=30 * DAY_MS, alias="windows")
    alerts_ms: Keep = Field(default=365 * DAY_MS, alias="alerts")
    dead_ms: Keep = Field(default=30 * DAY_MS, alias="dead")


class Topics(Table):
    """The names of the topics by their roles, and how they are created."""

    logs: Name = "fly.logs"
    panes: Name = "fly.panes"
    requests: Name = "fly.requests"
    events: Name = "fly.events"
    security: Name = "fly.security"
    windows: Name = "fly.windows"
    alerts: Name = "fly.alerts"
    dead: Name = "fly.dead"
    partitions: Annotated[Count, Field(le=1_000)] = 4
    replication: Annotated[Count, Field(le=10)] = 1
    keep: Retention = Retention()

    @property
    def names(self) -> dict[str, str]:
        """Topic names by role."""
        return {role.removesuffix("_ms"): getattr(self, role.removesuffix("_ms")) for role in Retention.model_fields}

    def keep_ms(self, role: str) -> int:
        """Return how long the topic of a role keeps its records."""
        kept: int = getattr(self.keep, f"{role}_ms")
        return kept

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = list(self.names.values())
        if twice := [name for name in names if names.count(name) > 1]:
            raise refused(f"two topics are named {shown(twice[0])}; give each its own name")
        return self


class Time(Table):
    """How live windows treat time; in mode history nothing is ahead and every source is waited for."""

    mode: Literal["live", "history"] = "live"
    lateness_ms: Annotated[int, duration("10s", "36500d")] = Field(default=3_600_000, alias="lateness")
    ahead_ms: Annotated[int, duration("0s", "1d")] = Field(default=60_000, alias="ahead")
    grace_ms: Annotated[int, duration("0s", "10m")] = Field(default=5_000, alias="grace")
    tick_ms: Annotated[int, duration("100ms", "10s")] = Field(default=1_000, alias="tick")
    silent_ms: Annotated[int, duration("5s", "1d"), AfterValidator(_longer_than_tick)] = Field(default=60_000, alias="silent")


class Publish(Table):
    """What is published besides windows and alerts."""

    requests: Flag = True


class Limits(Table):
    """The core's bounds; streams.core.plan.Limits says what happens at each."""

    line_chars: Count = CORE.limits.line_chars
    record_bytes: Count = CORE.limits.record_bytes
    apps: Count = CORE.limits.apps
    instances: Count = CORE.limits.instances
    routes_per_pane: Count = CORE.limits.routes_per_pane
    route_chars: Count = CORE.limits.route_chars
    joins: Count = CORE.limits.joins
    join_age_ms: Annotated[int, duration("1s", "1d")] = Field(default=CORE.limits.join_age_ms, alias="join_age")
    suspects: Count = CORE.limits.suspects
    buckets: Count = CORE.limits.buckets
    evidence_lines: Count = CORE.limits.evidence_lines
    panes: Count = CORE.limits.panes


class Worker(Table):
    """One worker process."""

    data_dir: Annotated[Path, Field(strict=False)] = Path(".flywatch")


class App(Table):
    """One ``[[app]]``: whose lines are expected, and how they are read."""

    name: Name
    environment: Text = "unknown"
    url: Annotated[str, AfterValidator(_url)] | None = None
    critical: Flag = False
    monitoring: Level = "full"
    health_paths: tuple[Annotated[str, AfterValidator(_path)], ...] = ()
    latency_exclude_paths: tuple[Annotated[str, AfterValidator(_path)], ...] = ()

    def app(self) -> plan.App:
        """Return the app as the core knows it."""
        paths = {"health_paths": frozenset(self.health_paths)}
        paths["latency_exclude_paths"] = frozenset(self.latency_exclude_paths)
        return plan.App(self.name, self.environment, self.monitoring, self.url, **paths)


class RequestPattern(Table):
    """One ``[[pattern]]``: lines of the user's own making that tell of a request."""

    name: Name
    match: Annotated[Text, AfterValidator(_compiles)]
    unit: Literal["ns", "us", "ms", "s", "m"] | None = None

    @model_validator(mode="after")
    def _duration_has_a_unit(self) -> Self:
        if Pattern(self.match).has_duration != (self.unit is not None):
            said = "reads a duration, so unit is missing" if self.unit is None else "reads no duration, so unit says nothing"
            raise refused(f'{said}: "ns", "us", "ms", "s" or "m" belongs to a group named duration')
        return self

    def format(self) -> Format:
        """Return the format as the core knows it."""
        return request_format(self.name, Pattern(self.match), self.unit)


class Service(Table):
    """One ``[[external]]``: a service that apps ask, and how lines say that it fails."""

    name: Text
    match: Annotated[Text, AfterValidator(_searches)]

    def external(self) -> External:
        """Return the service as the core knows it."""
        return External(self.name, Search(self.match))


class Mask(Table):
    """One ``[[mask]]``: what must not leave as evidence; its name says what for."""

    name: Text | None = None
    match: Annotated[Text, AfterValidator(_searches)]

    def mask(self) -> Replaced:
        """Return the mask as the core knows it."""
        return Replaced(self.match)


_KINDS: dict[type[Table], str] = {App: "apps", RequestPattern: "patterns", Service: "services", Mask: "masks"}


def _named_once(named: tuple[Any, ...]) -> Any:
    names = [each.name for each in named if each.name is not None]
    if twice := [name for name in names if names.count(name) > 1]:
        raise refused(f"two {_KINDS[type(named[0])]} are named {shown(twice[0])}; keep one of them")
    return named


class Sections(Table):
    """config/flywatch.toml as a whole."""

    unlisted: Literal["full", "basic", "ignore"] = "full"
    routes: tuple[Annotated[str, AfterValidator(_template)], ...] = ()
    kafka: Kafka = Kafka()
    topics: Topics = Topics()
    time: Time = Time()
    publish: Publish = Publish()
    limits: Limits = Limits()
    worker: Worker = Worker()
    apps: Annotated[tuple[App, ...], AfterValidator(_named_once)] = Field(default=(), alias="app")
    patterns: Annotated[tuple[RequestPattern, ...], AfterValidator(_named_once)] = Field(default=(), alias="pattern")
    external: Annotated[tuple[Service, ...], AfterValidator(_named_once)] = ()
    masks: Annotated[tuple[Mask, ...], AfterValidator(_named_once)] = Field(default=(), alias="mask")
