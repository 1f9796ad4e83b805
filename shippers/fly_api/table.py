"""The table [api] of flyship.toml: which apps to ask for, from when on, where. Opens nothing."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from shippers.moments import moment_ms
from shippers.nanoseconds import at_ns
from shippers.token_url import token_url
from streams.config_model import Flag, Name, Some, Table, Text, duration, refused, shown


def moment_ns(text: str, now_ns: int) -> int:
    """Return the nanoseconds of ``24h`` (so long before now) or of an RFC 3339 stamp; ValueError says how to write it."""
    exact_ns = at_ns(text)
    if exact_ns is not None:
        return max(exact_ns, 1)
    try:
        return max(moment_ms(text, now_ns // 1_000_000) * 1_000_000, 1)  # there is nothing before 1970
    except PydanticCustomError as error:
        raise ValueError(str(error)) from None
    except OverflowError:
        raise ValueError(f"is out of range: {shown(text)}") from None


def _moment(text: str) -> str:
    try:
        moment_ns(text, 0)
    except ValueError as error:
        raise refused(str(error)) from None
    return text


Moment = Annotated[Text, AfterValidator(_moment)]


class FlyApiTable(Table):
    """The whole table."""

    apps: Some[Name]
    base: Annotated[Text, token_url("https://api.fly.io")] = "https://api.fly.io"
    since: Moment = "1h"  # where an app begins that was never read; later it goes on where it was
    until: Moment | None = None
    follow: Flag = True
    region: Name | None = None
    instance: Name | None = None
    # The longest pause while nothing comes.
    poll_ms: Annotated[int, duration("1s", "5m")] = Field(default=10_000, alias="poll")
    # How much later than others a line may reach the API.
    late_ms: Annotated[int, duration("0s", "10m")] = Field(default=10_000, alias="late")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.follow and self.until is not None:
            raise refused("until ends what follow goes on with: leave one of them out")
        if doubles := {app for app in self.apps if self.apps.count(app) > 1}:
            raise refused(f"apps names {shown(min(doubles))} twice")
        return self
