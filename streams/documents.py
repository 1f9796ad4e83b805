"""What the documents of topics are made of: stamps, counts, durations. Knows no topic."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Ms = Annotated[float, Field(ge=0)]
Stamp = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$", description="RFC 3339, UTC")
]
Status = Annotated[str, Field(pattern=r"^[1-5][0-9][0-9]$")]
StatusOrUnknown = Annotated[str, Field(pattern=r"^([1-5][0-9][0-9]|-)$")]
Version = Annotated[Literal[1], Field(description="of this document's shape")]


class Document(BaseModel):
    """A JSON object without fields that nobody named."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Gauge(Document):
    """What probes measured of one thing, in its unit."""

    count: Annotated[int, Field(ge=1)]
    min: float
    avg: float
    max: float


class Durations(Document):
    """Of the known durations, in ms: quantiles within 1 %, None where there are no durations."""

    count: Count
    min: Ms | None
    avg: Ms | None
    max: Ms | None
    p50: Ms | None
    p95: Ms | None
    p99: Ms | None
