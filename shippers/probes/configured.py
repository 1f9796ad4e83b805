"""Makes the probes that [probes] turns on, and the source that runs them. Knows each probe by its table alone."""

from collections.abc import Collection, Iterator

from shippers.context import Context
from shippers.probes import Probe, machines
from shippers.probes.database import DatabaseProbe
from shippers.probes.health import HealthProbe
from shippers.probes.metrics import MetricsProbe
from shippers.probes.rounds import Probes
from shippers.probes.supabase import SupabaseProbe
from shippers.probes.table import Probing

KINDS = ("health", "machines", "metrics", "database")  # in the order of the help


def probes(table: Probing, context: Context) -> Iterator[Probe]:
    """Yield a probe for each table that is there; SecretError if one needs a secret that is not."""
    yield from map(HealthProbe, table.health)
    if table.machines is not None:
        yield from machines.probes(table.machines, context.environ)
    if table.metrics is not None:
        yield MetricsProbe(table.metrics, context.environ)
    yield from (DatabaseProbe(one, context.environ) for one in table.database)
    yield from (SupabaseProbe(one, context.environ) for one in table.supabase)


def source(table: Probing, context: Context, kinds: Collection[str] = KINDS, *, once: bool = False) -> Probes:
    """Return the source that runs the probes of some kinds; with ``once`` for a round of each."""
    found = [probe for probe in probes(table, context) if probe.kind in kinds]
    return Probes(found, context.metrics, jitter=table.jitter, concurrency=table.concurrency, once=once)
