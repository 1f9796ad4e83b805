"""Makes the probes that [probes] turns on, and the source that runs them. Knows each probe by its table alone."""

from collections.abc import Callable, Collection, Iterable
from itertools import chain

from shippers.context import Context
from shippers.probes import Probe, machines
from shippers.probes.database import DatabaseProbe
from shippers.probes.health import HealthProbe
from shippers.probes.metrics import MetricsProbe
from shippers.probes.rounds import Probes
from shippers.probes.supabase import SupabaseProbe
from shippers.probes.table import Probing

Make = Callable[[Probing, Context], Iterable[Probe]]  # a probe for each table that is there; SecretError without a secret

MAKES: dict[str, Make] = {
    "health": lambda table, _: map(HealthProbe, table.health),
    "machines": lambda table, context: machines.probes(table.machines, context.environ) if table.machines else (),
    "metrics": lambda table, context: (MetricsProbe(table.metrics, context.environ),) if table.metrics else (),
    "database": lambda table, context: chain(
        (DatabaseProbe(one, context.environ) for one in table.database),
        (SupabaseProbe(one, context.environ) for one in table.supabase),
    ),
}
KINDS = tuple(MAKES)  # in the order of the help


def source(table: Probing, context: Context, kinds: Collection[str] = KINDS, *, once: bool = False) -> Probes:
    """Return the source that runs the probes of some kinds, whose secrets alone are needed; ``once``: a round of each."""
    found = [probe for kind, make in MAKES.items() if kind in kinds for probe in make(table, context)]
    return Probes(found, context.metrics, jitter=table.jitter, concurrency=table.concurrency, once=once)
