"""The table [probes] of flyship.toml: what is measured, how often, how many at once. Opens nothing."""

from typing import Annotated

from pydantic import Field

from shippers.probes.database_table import Database, Supabase
from shippers.probes.health_table import Health
from shippers.probes.machines_table import Machines
from shippers.probes.metrics_table import Metrics
from streams.config_model import Count, Table

Share = Annotated[float, Field(ge=0, le=1)]


class Probing(Table):
    """The whole table; a table of a kind turns that kind of probe on."""

    jitter: Share = 0.1  # of its interval, by which a round may begin late
    concurrency: Annotated[Count, Field(le=1_000)] = 16  # rounds at once
    health: tuple[Health, ...] = ()
    machines: Machines | None = None
    metrics: Metrics | None = None
    database: tuple[Database, ...] = ()
    supabase: tuple[Supabase, ...] = ()
