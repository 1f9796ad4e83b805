"""The table [receive] of flyship.toml: where to listen, whose lines those of a token are, how much is taken at once."""

import ipaddress
import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from shippers.secrets import Variable
from streams.config_model import Count, Name, Table, Text, duration, refused, shown

_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})").fullmatch
MIB = 1024 * 1024
Deadline = Annotated[int, duration("100ms", "1h")]


def place(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``; ValueError says how to write it."""
    found = _PLACE(text)
    if found is None or int(found[2]) > 65_535:
        raise ValueError(f"must be HOST:PORT such as 127.0.0.1:8080 or [::]:8080, not {shown(text)}")
    return found[1].strip("[]"), int(found[2])


def _listen(text: str) -> str:
    try:
        place(text)
    except ValueError as error:
        raise refused(str(error)) from None
    return text


Listen = Annotated[Text, AfterValidator(_listen)]


class Receive(Table):
    """The whole table."""

    listen: Listen = "127.0.0.1:8080"
    app: Name | None = None  # of lines that name none, where the request and its token name none either
    tokens: dict[Name, Variable] = Field(default_factory=dict)  # app = the secret that holds its token
    body_bytes: Annotated[Count, Field(ge=1024)] = 16 * MIB  # of one request, as it comes and unpacked
    lines: Count = 100_000  # of one request
    held_bytes: Annotated[Count, Field(ge=2048)] = 64 * MIB  # of all bodies that are not safe yet
    requests: Annotated[Count, Field(le=100_000)] = 256  # that are not answered yet
    connections: Annotated[Count, Field(le=100_000)] = 1_024
    body_ms: Annotated[int, duration("100ms", "1h")] = Field(default=30_000, alias="body_time")  # to send a body in
    idle_ms: Annotated[int, duration("100ms", "1h")] = Field(
        default=75_000, alias="idle_time"
    )  # until a request's head is there
    # Below what senders wait for: 30 s an OpenTelemetry exporter, 60 s Vector.
    answer_ms: Annotated[int, duration("100ms", "1h")] = Field(default=25_000, alias="answer_time")

    @model_validator(mode="after")
    def _room_for_one(self) -> Self:
        if self.held_bytes < 2 * self.body_bytes:  # packed and unpacked: else a lawful body would be refused for ever
            raise refused(f"held_bytes must be at least twice body_bytes, {2 * self.body_bytes}, not {self.held_bytes}")
        return self

    @property
    def is_private(self) -> bool:
        """Whether nobody but this machine can reach it."""
        host, _ = place(self.listen)
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:  # a name: who knows where it leads
            return False
