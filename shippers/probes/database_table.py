"""The tables [[probes.database]] and [[probes.supabase]] of flyship.toml. Reads no secret and opens nothing."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from shippers.probes.health_table import Deadline
from shippers.secrets import Variable
from shippers.token_url import token_url
from streams.config_model import Name, Table, Text, duration, refused, shown

_REFERENCE = re.compile(r"[a-z0-9]{4,40}").fullmatch


def _reference(text: str) -> str:
    if not _REFERENCE(text):
        raise refused(f"must be the project's reference, such as abcdefghijklmnopqrst, not {shown(text)}")
    return text


class Database(Table):
    """One PostgreSQL."""

    app: Name  # whose database it is
    name: Name = "database"  # tells several databases of an app apart: the instance of its lines
    secret: Variable = "DATABASE_URL"  # noqa: S105  # the variable (or NAME_FILE) that holds postgres://USER:PASSWORD@HOST/NAME
    every_ms: Annotated[int, duration("5s", "1d")] = Field(default=60_000, alias="every")
    deadline_ms: Deadline = Field(default=10_000, alias="deadline")


class Supabase(Table):
    """One project of Supabase: its metrics endpoint."""

    app: Name  # who uses it
    ref: Annotated[str, AfterValidator(_reference)]
    name: Name = "supabase"  # the instance of its lines
    secret: Variable = "SUPABASE_SERVICE_ROLE_KEY"  # noqa: S105  # the variable (or NAME_FILE) that holds the service_role key
    base: Annotated[Text, token_url("https://supabase.example.com")] | None = None  # else that of the project
    every_ms: Annotated[int, duration("30s", "1d")] = Field(default=60_000, alias="every")  # it is measured once a minute there
    deadline_ms: Deadline = Field(default=20_000, alias="deadline")
