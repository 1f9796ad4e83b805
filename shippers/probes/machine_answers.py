"""What Fly's Machines API answers, as far as it is read. Knows no socket.

Every field but the id may be missing or null: an API grows, and an odd machine must not hide the others.
"""

from enum import StrEnum

import msgspec
from msgspec import Raw, Struct


class State(StrEnum):
    """What a machine can be in; those of Fly's documentation, and one for what Fly may add."""

    CREATED = "created"
    STARTED = "started"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    FAILED = "failed"
    CREATING = "creating"
    STARTING = "starting"
    STOPPING = "stopping"
    RESTARTING = "restarting"
    SUSPENDING = "suspending"
    UPDATING = "updating"
    REPLACING = "replacing"
    REPLACED = "replaced"
    MIGRATED = "migrated"
    LAUNCH_FAILED = "launch_failed"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"
    UNKNOWN = "unknown"


class Check(Struct, frozen=True):
    """A check of Fly's on a machine."""

    name: str | None = None
    status: str | None = None  # passing, warning, critical
    output: str | None = None


class Exit(Struct, frozen=True):
    """How a machine ended."""

    exit_code: int | None = None
    signal: int | None = None
    oom_killed: bool | None = None
    requested_stop: bool | None = None
    restarting: bool | None = None

    @property
    def killed_by(self) -> int | None:
        """The signal that ended it; the API writes -1 where there was none."""
        return self.signal if self.signal is not None and self.signal > 0 else None


class Monitor(Struct, frozen=True):
    """Where some events hold their exit."""

    exit_event: Exit | None = None


class Request(Struct, frozen=True):
    """What an event was about."""

    exit_event: Exit | None = None
    monitor: Monitor | None = msgspec.field(default=None, name="MonitorEvent")
    restart_count: int | None = None


class Event(Struct, frozen=True):
    """Something that happened to a machine."""

    type: str | None = None
    status: str | None = None
    source: str | None = None
    timestamp: int | None = None  # epoch milliseconds
    request: Request | None = None

    @property
    def exit(self) -> Exit | None:
        """How the machine ended, if it did."""
        if self.request is None:
            return None
        return self.request.exit_event or (self.request.monitor.exit_event if self.request.monitor else None)


class Guest(Struct, frozen=True):
    """How big a machine is."""

    cpu_kind: str | None = None
    cpus: int | None = None
    memory_mb: int | None = None


class Config(Struct, frozen=True):
    """What a machine shall be."""

    guest: Guest | None = None
    image: str | None = None
    metadata: dict[str, str] | None = None


class Machine(Struct, frozen=True):
    """One machine of an app."""

    id: str
    state: str | None = None
    region: str | None = None
    host_status: str | None = None  # ok, unknown, unreachable
    config: Config | None = None
    incomplete_config: Config | None = None  # where the host cannot be asked
    checks: list[Check] | None = None
    events: list[Event] | None = None


class OddMachine(Struct, frozen=True):
    """One that cannot be read, and why."""

    why: str


def machines_of(body: bytes) -> list[Machine | OddMachine]:
    """Return the machines of an answer. ValueError where it is no list."""
    try:
        return [_machine(raw) for raw in msgspec.json.decode(body, type=list[Raw])]
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _machine(raw: Raw) -> Machine | OddMachine:
    try:
        return msgspec.json.decode(raw, type=Machine)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return OddMachine(str(error))


def state_of(machine: Machine) -> State:
    """Return the state, UNKNOWN for one that nobody told us of."""
    try:
        return State(machine.state or "")
    except ValueError:
        return State.UNKNOWN
