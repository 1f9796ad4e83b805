"""The tables [[probes.health]] of flyship.toml: what is asked, and what must be answered. Opens nothing."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from shippers.probes.patterns import Pattern
from streams.config_model import Count, Flag, Name, Some, Table, Text, duration, refused, shown

Every = Annotated[int, duration("1s", "1d")]
Deadline = Annotated[int, duration("100ms", "5m")]


def http_url(value: str) -> str:
    """Return a URL that can be asked by HTTP; a ``refused`` error says what is wrong with it."""
    try:
        parts = urlsplit(value)
        whole = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    if not whole:
        raise refused(f'must be a URL such as "https://my-app.fly.dev/health", not {shown(value)}')
    if parts.username is not None or parts.password is not None:
        raise refused("must not hold a user or a password: secrets come from the environment")
    return value


Url = Annotated[Text, AfterValidator(http_url)]


class Health(Table):
    """One URL of an app."""

    app: Name
    url: Url
    every_ms: Every = Field(default=30_000, alias="every")
    deadline_ms: Deadline = Field(default=10_000, alias="deadline")  # of the whole answer
    status: Some[Annotated[Count, Field(ge=100, le=599)]] = (200,)  # any of these
    body: Pattern | None = None  # is to be found in the answer's first MiB
    header: dict[Text, Pattern] = Field(default_factory=dict)  # name = what is to be found in it
    follow_redirects: Flag = False
    tls_days: Count = 14  # a certificate that expires sooner is a warning
