"""The frozen values the core speaks in. Knows no format, topic or clock.

Every stamp is epoch milliseconds UTC (``*_ms``), every duration milliseconds. ``None`` means "the line does not say",
which is not zero: an unknown duration joins no percentile, an unknown status no ratio.
"""

from enum import StrEnum

from msgspec import Struct


class Reason(StrEnum):
    """Why a line became nothing: closed, and every member is counted."""

    EMPTY = "empty"
    UNRECOGNISED = "unrecognised"
    PART = "part"  # a line of a request or a stack trace told over several lines: the one that completes or names it counts
    ORPHAN = "orphan"  # completes a request whose start was not seen and that says too little by itself
    DROPPED = "dropped"  # an open request pushed out by the cap or by age before it completed
    SECURITY = "security"  # shows something to security alone: a failed login, a secret
    PROBE = "probe"  # a probe's line that neither measures anything known nor tells an event
    LATE = "late"  # older than the lateness: stays out of live windows


class EventKind(StrEnum):
    """What can happen, as far as a line tells: closed, and every member is counted."""

    DEPLOY = "deploy"  # a step of one: image, machine, release command
    MACHINE_STARTED = "machine_started"
    MACHINE_STOPPED = "machine_stopped"
    MACHINE_DESTROYED = "machine_destroyed"
    AUTOSTOP = "autostop"
    AUTOSTART = "autostart"
    OOM = "oom"
    HEALTH_CHECK_FAILED = "health_check_failed"
    HEALTH_CHECK_PASSING = "health_check_passing"
    INSTANCE_REFUSED = "instance_refused"
    NO_CANDIDATE = "no_candidate"
    PROXY_ERROR = "proxy_error"
    VOLUME = "volume"
    DB_CONNECTION = "db_connection"
    TIMEOUT = "timeout"
    EXTERNAL_API = "external_api"
    CACHE_HIT = "cache_hit"
    CACHE_MISS = "cache_miss"
    APP_ERROR = "app_error"
    LOG_GAP = "log_gap"  # lines that could not be fetched: for a while nobody heard the app
    LOG_FORMAT_CHANGED = "log_format_changed"  # told by a rule, of many lines together


class Line(Struct, frozen=True, gc=False):
    """One log line with its envelope. ``stamp`` is RFC 3339 with ``Z``, as the envelope wrote it; None for a bare line."""

    text: str
    stamp: str | None = None
    app: str = ""
    instance: str = ""
    region: str = ""
    provider: str = "app"  # app, proxy, runner or probe
    level: str = ""


class Request(Struct, frozen=True, gc=False):
    """A parsed HTTP request.

    ``at_ms`` is when it was logged (None: neither the line nor its envelope says), ``started_ms`` when it began if a
    line told so; ``target`` is raw, ``path`` the target before ``?``; ``duration_ms`` of the whole request.
    """

    at_ms: int | None
    method: str | None
    target: str | None
    path: str | None
    status: int | None
    duration_ms: float | None
    client_ip: str | None
    format: str
    started_ms: int | None = None
    agent: str | None = None  # as the client calls itself
    started_line: int | None = None  # where a joined request began, in the caller's own numbering


class Event(Struct, frozen=True, gc=False):
    """Something that a line says happened. ``about``: an error's class, a code, a service; ``evidence``: the line, masked.

    Of a stack trace ``first_frame`` is the first that is printed, ``top_frame`` the one where the error was raised: of the
    app's own code, if there is any. ``lines`` is how many lines told it.
    """

    event: EventKind
    about: str
    evidence: str
    first_frame: str | None = None
    top_frame: str | None = None
    lines: int = 1


class Sample(Struct, frozen=True, gc=False):
    """Something that a line measured: how long a query took. ``about``: what was asked, masked."""

    name: str
    value_ms: float
    about: str


class Reading(Struct, frozen=True, gc=False):
    """What a probe's line says: measurements in millionths of each gauge's unit, and what happened. ``text`` is masked."""

    probe: str
    ok: bool
    gauges: tuple[tuple[str, int], ...]
    event: Event | None
    text: str


class Skipped(Struct, frozen=True, gc=False):
    """A line that is neither request, event, sample nor reading."""

    reason: Reason


Parsed = Request | Event | Sample | Reading | Skipped
