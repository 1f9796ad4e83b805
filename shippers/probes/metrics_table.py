"""The table [probes.metrics] of flyship.toml: which apps, and what Fly's Prometheus is asked about them. Opens nothing."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from shippers.probes.health_table import Deadline
from shippers.token_url import token_url
from streams.config_model import Flag, Name, Some, Table, Text, duration, refused, shown, unknown

SHIPPED = Path(__file__).with_name("metrics_queries.toml")
APPS = "$apps"
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,59}").fullmatch
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}").fullmatch
RESERVED = ("probe", "ok", "error", "detail")
Unit = Literal["ratio", "ms", "s", "bytes", "bytes_per_s", "per_s", "count"]


def _field(text: str) -> str:
    if not _FIELD(text) or text in RESERVED:
        raise refused(f"must be small letters, digits and _, and none of {', '.join(RESERVED)}, not {shown(text)}")
    return text


def _label(text: str) -> str:
    if not _LABEL(text) or text in ("app", "instance"):
        raise refused(f"must be a label other than app and instance, not {shown(text)}")
    return text


class Query(Table):
    """One question, and the field in which its answer is told."""

    name: Name
    field: Annotated[str, AfterValidator(_field)]
    unit: Unit
    promql: Text
    by: Annotated[str, AfterValidator(_label)] | None = None  # a label whose values are told apart
    of: Literal["max", "sum"] | None = None  # what of them all the field itself tells; else nothing

    @model_validator(mode="after")
    def _unit_is_named(self) -> Self:
        if self.unit != "count" and not self.field.endswith(f"_{self.unit}"):
            raise refused(f'field must end with its unit, "_{self.unit}"; did you mean "{self.field}_{self.unit}"?')
        if self.of is not None and self.by is None:
            raise refused(f'of = "{self.of}" goes with by = LABEL: of what is it the {self.of}?')
        return self


class Metrics(Table):
    """The whole table. A query replaces the shipped one of its name."""

    org: Name  # the organisation's slug: fly orgs list
    apps: Some[Name]
    base: Annotated[Text, token_url("https://api.fly.io")] = "https://api.fly.io"
    every_ms: Annotated[int, duration("15s", "1d")] = Field(default=60_000, alias="every")
    deadline_ms: Deadline = Field(default=20_000, alias="deadline")
    shipped: Flag = True  # whether the shipped queries are asked, too
    without: tuple[Name, ...] = ()  # shipped queries that are not asked
    query: tuple[Query, ...] = ()

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [query.name for query in self.query]
        if again := next((name for name in names if names.count(name) > 1), None):
            raise refused(f"two queries are named {shown(again)}")
        known = [query.name for query in shipped_queries()]
        if strange := next((name for name in self.without if name not in known), None):
            raise refused(f"without: {unknown('query', strange, known)}")
        if not self.queries:
            raise refused("no query is left: write [[probes.metrics.query]], or leave shipped = false out")
        return self

    @property
    def queries(self) -> tuple[Query, ...]:
        """What is asked: the shipped queries as far as they are wanted, then those of the file."""
        own = {query.name for query in self.query}
        kept = (query for query in shipped_queries() if query.name not in own and query.name not in self.without)
        return (*(kept if self.shipped else ()), *self.query)

    @property
    def condition(self) -> str:
        """What stands for ``$apps``: a condition on the label app. Names hold nothing special but dots."""
        return f'app=~"{"|".join(app.replace(".", "[.]") for app in self.apps)}"'


@cache
def shipped_queries() -> tuple[Query, ...]:
    """Return the queries that come with flyship."""
    document = tomllib.loads(SHIPPED.read_text("utf-8"))
    return tuple(Query.model_validate(query) for query in document["query"])
