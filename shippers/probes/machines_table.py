"""The table [probes.machines] of flyship.toml: whose machines are looked at. Opens nothing."""

from typing import Annotated

from pydantic import Field

from shippers.probes.health_table import Deadline, Url
from streams.config_model import Name, Some, Table, duration


class Machines(Table):
    """The whole table."""

    apps: Some[Name]
    base: Url = "https://api.machines.dev"  # within Fly's network: http://_api.internal:4280
    every_ms: Annotated[int, duration("5s", "1d")] = Field(default=60_000, alias="every")
    deadline_ms: Deadline = Field(default=15_000, alias="deadline")
