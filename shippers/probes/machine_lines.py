"""What an answer of the Machines API becomes: a line of the app, one of each machine, one of each exit. Knows no socket."""

from collections import Counter
from collections.abc import Iterator, Sequence

from shippers.probes.failures import Failure
from shippers.probes.lines import failed_line, probe_line
from shippers.probes.machine_answers import Check, Config, Event, Exit, Machine, OddMachine, State, state_of
from streams.core.values import Line

KIND = "machines"
TOLD = ("exit", "restart")  # the types of events that are told
_FAILED = (State.FAILED, State.LAUNCH_FAILED)
_HOST_IS_WELL = (None, "", "ok")
_COMPAT = "bg_deployments_compat"  # checks that the API makes up for old clients
_PROCESSES = ("fly_process_group", "process_group")
Wrong = tuple[Failure, str]


def app_line(app: str, at_ms: int, machines: Sequence[Machine | OddMachine], left_out: int) -> Line:
    """Return the line of a whole app: how many machines are in which state."""
    states = Counter(str(state_of(machine)) for machine in machines if isinstance(machine, Machine))
    fields: dict[str, object] = {"machines": len(machines) + left_out, "states": dict(sorted(states.items()))}
    odd = [machine.why for machine in machines if isinstance(machine, OddMachine)]
    if odd:
        return failed_line(app, KIND, at_ms, KIND, Failure.BAD_ANSWER, f"{len(odd)} cannot be read: {odd[0]}", fields)
    if left_out:
        fields["detail"] = f"{left_out} machines are left out"
    return probe_line(app, KIND, at_ms, KIND, True, fields)


def machine_line(app: str, at_ms: int, machine: Machine) -> Line:
    """Return what a machine is and how it is."""
    config = machine.config or machine.incomplete_config or Config()
    guest, state = config.guest, state_of(machine)
    checks = [check for check in machine.checks or () if not (check.name or "").startswith(_COMPAT)]
    found = Counter(check.status for check in checks)
    fields: dict[str, object] = {"state": state}
    if checks:
        fields |= {f"checks_{status}": found[status] for status in ("passing", "warning", "critical")}
    fields |= {
        "process": next((name for key in _PROCESSES if (name := (config.metadata or {}).get(key))), None),
        "image": config.image,
        "cpu_kind": guest and guest.cpu_kind,
        "cpus": guest and guest.cpus,
        "memory_mb": guest and guest.memory_mb,
    }
    region = machine.region or ""
    if wrong := _wrong(machine, state, checks):
        return failed_line(app, machine.id, at_ms, KIND, *wrong, fields, region=region)
    if state is State.UNKNOWN:
        fields["detail"] = f"Fly calls the state {machine.state!r}"
    warns = state is State.STARTED and found["warning"] > 0
    return probe_line(app, machine.id, at_ms, KIND, True, fields, region=region, level="warning" if warns else None)


def _wrong(machine: Machine, state: State, checks: Sequence[Check]) -> Wrong | None:
    """Return the first thing that is wrong with a machine. Checks of one that does not run say nothing."""
    if state in _FAILED:
        return Failure.STATE, f"the machine is {state}"
    if machine.host_status not in _HOST_IS_WELL:
        return Failure.UNAVAILABLE, f"the machine's host is {machine.host_status}"
    failing = [check for check in checks if check.status == "critical"]
    if failing and state is State.STARTED:
        return Failure.CHECK, "; ".join(f"{check.name}: {check.output or 'critical'}" for check in failing)
    return None


def event_lines(app: str, machine: Machine, events: Sequence[Event]) -> Iterator[Line]:
    """Yield a line for each exit and restart, stamped with its own time."""
    for event in events:
        if event.type not in TOLD or event.timestamp is None:
            continue
        ended = event.exit
        fields: dict[str, object] = {"event": event.type, "source": event.source}
        if ended is not None:
            fields |= {
                "exit_code": ended.exit_code,
                "signal": ended.killed_by,
                "oom_killed": ended.oom_killed,
                "requested_stop": ended.requested_stop,
                "restarting": ended.restarting,
            }
        region, at_ms = machine.region or "", event.timestamp
        if wrong := _ended_wrongly(ended):
            yield failed_line(app, machine.id, at_ms, KIND, *wrong, fields, region=region)
        else:
            yield probe_line(app, machine.id, at_ms, KIND, True, fields, region=region)


def _ended_wrongly(ended: Exit | None) -> Wrong | None:
    """Return why an exit is no good one: nobody asked for it, and it says of itself that it failed."""
    if ended is None:
        return None
    if ended.oom_killed:
        return Failure.OOM, "the machine was killed for want of memory"
    if ended.requested_stop or not (ended.exit_code or ended.killed_by):
        return None
    how = f"by signal {ended.killed_by}" if ended.killed_by else f"with code {ended.exit_code}"
    return Failure.EXIT, f"the machine exited {how}"
