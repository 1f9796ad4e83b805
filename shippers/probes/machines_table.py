"""The table [probes.machines] of flyship.toml: whose machines are looked at. Opens nothing."""

from typing import Annotated

from pydantic import Field

from shippers.probes.health_table import Deadline
from shippers.token_url import token_url
from streams.config_model import Name, Some, Table, Text, duration


class Machines(Table):
    """The whole table."""

    apps: Some[Name]
    # Within Fly's network: http://_api.internal:4280
    base: Annotated[Text, token_url("https://api.machines.dev")] = "https://api.machines.dev"
    every_ms: Annotated[int, duration("5s", "1d")] = Field(default=60_000, alias="every")
    deadline_ms: Deadline = Field(default=15_000, alias="deadline")
