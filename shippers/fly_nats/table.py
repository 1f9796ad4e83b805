"""The table [nats] of flyship.toml: where Fly's stream is, which lines of it, how gaps are filled."""

import re
from itertools import combinations
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from shippers.fly_nats import subjects
from shippers.token_url import token_url
from streams.config_model import Count, Flag, Name, Some, Table, Text, duration, duration_text, refused, shown

MIB = 1024 * 1024
_SERVER = re.compile(r"(?:nats|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?/?").fullmatch


def _server(text: str) -> str:
    found = _SERVER(text)
    if found is None or int(found[2] or 0) > 65_535:
        raise refused(f'must be "nats://HOST:PORT" such as "nats://[fdaa::3]:4223", without a user, not {shown(text)}')
    return text


def _subject(text: str) -> str:
    if wrong := subjects.fault(text):
        raise refused(f"{wrong}, not {shown(text)}")
    return text


Server = Annotated[Text, AfterValidator(_server)]
Subject = Annotated[Text, AfterValidator(_subject)]


class Nats(Table):
    """The whole table."""

    server: Server = "nats://[fdaa::3]:4223"
    org: Name = "personal"  # the organisation's slug; the user's name to the server
    subjects: Some[Subject] = ("logs.>",)
    queue: Name | None = None  # shippers side by side that share the lines name the same
    apps: tuple[Name, ...] = ()  # whose gaps are filled, besides those that were heard or listed
    list_apps: Flag = True  # ask the Machines API which apps there are: gaps of those that were never heard are filled, too
    machines_api: Annotated[Text, token_url("https://api.machines.dev")] = "https://api.machines.dev"
    api: Annotated[Text, token_url("https://api.fly.io")] = "https://api.fly.io"
    overlap_ms: Annotated[int, duration("1s", "10m")] = Field(default=30_000, alias="overlap")
    late_ms: Annotated[int, duration("0s", "10m")] = Field(default=10_000, alias="late")  # how late a line may reach the API
    fill_ms: Annotated[int, duration("1s", "1d")] = Field(default=600_000, alias="fill_time")
    waiting_bytes: Annotated[Count, Field(ge=MIB)] = 64 * MIB  # of lines that wait: for Kafka, or for a gap before them
    remembered: Annotated[Count, Field(ge=1_000)] = 400_000  # lines of the last minute, to tell repeats
    most_apps: Annotated[Count, Field(le=100_000)] = 1_000

    @model_validator(mode="after")
    def _late_lines_within(self) -> Self:
        if self.late_ms > self.overlap_ms:
            raise refused(f"late must be at most overlap, {duration_text(self.overlap_ms)}, not {duration_text(self.late_ms)}")
        return self

    @model_validator(mode="after")
    def _each_line_once(self) -> Self:
        for one, other in combinations(self.subjects, 2):
            if subjects.overlap(one, other):
                raise refused(f"subjects: {shown(one)} and {shown(other)} ask for the same lines, which would come twice")
        return self
