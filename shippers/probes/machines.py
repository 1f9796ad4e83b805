"""The probe ``machines``: asks Fly's Machines API how the machines of an app are, and what ended since. Knows no schedule."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import SecretStr

from shippers.findings import Finding
from shippers.fly_api.tokens import VARIABLES, authorization, fly_token
from shippers.probes.asking import Unanswered, asked
from shippers.probes.failures import Failure
from shippers.probes.lines import failed_line
from shippers.probes.machine_answers import Event, Machine, machines_of
from shippers.probes.machine_lines import KIND, app_line, event_lines, machine_line
from shippers.probes.machines_table import Machines
from shippers.probes.trying import tried
from shippers.secrets import SecretError
from streams.core.values import Line

MOST_MACHINES = 1_000  # of one app
RECENT_MS = 300_000  # what happened before the first round is told if it is not older than this
_MENDING = {
    Failure.AUTH: "set FLY_API_TOKEN to what `fly tokens create readonly` prints",
    Failure.NOT_FOUND: "there is no such app, or the token may not see it: fly apps list",
    Failure.DNS: "_api.internal is known within Fly's network alone: elsewhere leave [probes.machines] base out",
    Failure.RATE_LIMITED: "ask less often: [probes.machines] every",
    Failure.BAD_ANSWER: "check [probes.machines] base",
    Failure.STATE: "look at it: fly machine status",
    Failure.CHECK: "look at it: fly checks list",
}
Key = tuple[int | None, str | None, str | None]


def probes(table: Machines, environ: Mapping[str, str]) -> Iterator["MachinesProbe"]:
    """Yield a probe for each app; SecretError without a token."""
    token = fly_token(environ)
    if token is None:
        raise SecretError(f"{VARIABLES[0]}: is not set, and [probes.machines] needs it: fly tokens create readonly")
    for app in table.apps:
        yield MachinesProbe(app, table, token)


class MachinesProbe:
    """Looks at the machines of one app."""

    kind = KIND

    def __init__(self, app: str, table: Machines, token: SecretStr) -> None:
        """Begin with no round made."""
        self.name, self.apps = f"{KIND} {app}", (app,)
        self.every_s, self.deadline_s = table.every_ms / 1000, table.deadline_ms / 1000
        self._app, self._token = app, token
        self._url = f"{table.base.rstrip('/')}/v1/apps/{app}/machines"
        self._asked_ms: int | None = None  # when the last round that was answered began
        self._seen: dict[str, frozenset[Key]] = {}  # by machine: the events of that round

    async def measure(self, at_ms: int) -> Sequence[Line]:
        """Ask once."""
        try:
            body = await asked(self._url, {"Authorization": authorization(self._token), "Accept": "application/json"})
            machines = machines_of(body)
        except Unanswered as error:
            return [failed_line(self._app, KIND, at_ms, KIND, error.failure, str(error))]
        except ValueError as error:
            return [failed_line(self._app, KIND, at_ms, KIND, Failure.BAD_ANSWER, str(error))]
        kept, left_out = machines[:MOST_MACHINES], len(machines[MOST_MACHINES:])
        lines = [app_line(self._app, at_ms, kept, left_out)]
        since_ms = (at_ms if self._asked_ms is None else self._asked_ms) - RECENT_MS
        seen: dict[str, frozenset[Key]] = {}
        for machine in kept:
            if not isinstance(machine, Machine):
                continue
            lines.append(machine_line(self._app, at_ms, machine))
            lines += event_lines(self._app, machine, self._new(machine, since_ms))
            seen[machine.id] = frozenset(map(_key, machine.events or ()))
        self._asked_ms, self._seen = at_ms, seen
        return lines

    async def try_out(self) -> list[Finding]:
        """Ask once."""
        return await tried(self, _MENDING)

    def _new(self, machine: Machine, since_ms: int) -> list[Event]:
        """Return the events that no round has told, the oldest first; none that is old news for all that."""
        seen = self._seen.get(machine.id, frozenset())
        found = [event for event in machine.events or () if (event.timestamp or 0) >= since_ms and _key(event) not in seen]
        return sorted(found, key=lambda event: event.timestamp or 0)


def _key(event: Event) -> Key:
    return event.timestamp, event.type, event.status
