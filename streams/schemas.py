"""The documents of topics that others read or write, as models; ``python -m streams.schemas`` writes docs/schemas/.

Says what a value looks like, and nothing of where it goes: ``streams.codec`` makes and reads the bytes. The hot path does
not come by here; a test holds what the core makes against these models.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import Field, TypeAdapter, model_validator
from pydantic.json_schema import GenerateJsonSchema

from streams.alert_documents import Alert
from streams.core.batches import Unreadable
from streams.core.rules import Severity
from streams.core.values import EventKind, Reason
from streams.documents import Count, Document, Durations, Gauge, Ms, Stamp, Status, Version


class Window(Document):
    """fly.windows: one minute of one app. The same id with a higher ``revision`` takes its place."""

    v: Version
    id: str
    app: str
    environment: str
    start: Stamp
    end: Stamp
    revision: Count
    incomplete: Annotated[bool, Field(description="a silent source was not waited for")]
    lines: Count
    requests: Annotated[int, Field(ge=0, description="health checks apart")]
    request_rate: Annotated[float, Field(ge=0, description="requests a second")]
    by_status: dict[Status, Count]
    unknown_status: Annotated[int, Field(ge=0, description="requests whose line gives no status")]
    error_ratio: Annotated[Annotated[float, Field(ge=0, le=1)] | None, Field(description="5xx / requests with a known status")]
    duration_ms: Durations
    query_ms: Annotated[Durations, Field(description="of database queries, as far as lines tell of them")]
    health_checks: Annotated[int, Field(ge=0, description="requests to health-check paths, which count as no others")]
    probes: Annotated[int, Field(ge=0, description="lines of probes among the lines")]
    gauges: Annotated[dict[str, Gauge], Field(description="what probes measured; their units: flywatch rules metrics")]
    events: Annotated[dict[EventKind, Count], Field(description="what lines say happened, by kind")]
    security: Annotated[dict[str, Count], Field(description="what lines show to security, by rule")]
    skipped: Annotated[dict[Reason, Count], Field(description="lines that are nothing of these, by reason")]
    cut: Annotated[int, Field(ge=0, description="lines of which the end was cut off")]
    ahead: Annotated[int, Field(ge=0, description="lines whose stamp was ahead of the clock: arrival counted")]
    top_routes: dict[str, Count]
    top_errors: Annotated[dict[str, Count], Field(description="5xx by route")]
    published_at: Annotated[Stamp | None, Field(description="the wall clock's, in a live run only")] = None


class RequestColumns(Document):
    """Columns of equal length: row i of each is request i."""

    at: Annotated[tuple[str | None, ...], Field(description="RFC 3339, as the line's envelope or the line wrote it")]
    method: tuple[str | None, ...]
    target: Annotated[tuple[str | None, ...], Field(description="as logged, query and all")]
    route: Annotated[tuple[str, ...], Field(description="the path with its ids replaced")]
    status: tuple[Annotated[int, Field(ge=100, le=599)] | None, ...]
    duration_ms: Annotated[tuple[Ms | None, ...], Field(description="None: the line does not say, which is not 0")]
    client_ip: tuple[str | None, ...]
    format: tuple[str, ...]

    @model_validator(mode="after")
    def _equal(self) -> Self:
        if len({len(column) for _, column in self}) > 1:
            raise ValueError("columns must be of equal length")
        return self


class Requests(Document):
    """fly.requests: the parsed requests of one instance in some records. Repeats have the same ``id``: keep one."""

    v: Version
    id: Annotated[str, Field(description="of the record they come from: partition/offset/...")]
    app: str
    instance: str
    region: str
    columns: RequestColumns


class Event(Document):
    """fly.events: something that a line says happened. Repeats have the same ``id``: keep one."""

    v: Version
    id: Annotated[str, Field(description="partition/offset/number of the line that says so")]
    at: Stamp
    app: str
    instance: str
    region: str
    event: EventKind
    about: Annotated[str, Field(description="an error's class, an exit code, a service, where the line names one")]
    evidence: Annotated[str, Field(max_length=300, description="the line, with secrets masked")]
    first_frame: Annotated[str | None, Field(description="of a stack trace: the first that is printed")]
    top_frame: Annotated[str | None, Field(description="where the error was raised: in the app's own code, if it shows any")]
    lines: Annotated[int, Field(ge=1, description="how many lines told it")]


class Security(Document):
    """fly.security: an attack, a failed login or a leaked secret. Repeats have the same ``id``: keep one."""

    v: Version
    id: Annotated[str, Field(description="of the records it comes from, or of the bucket, its client and the time")]
    at: Stamp
    app: str
    instance: Annotated[str, Field(description='"": of several, counted together')]
    region: str
    rule: Annotated[str, Field(description="of config/security.toml")]
    severity: Severity
    client_ip: Annotated[str | None, Field(description="None: the line names no address")]
    count: Annotated[int, Field(ge=1, description="hits that a bucket ran over with; 1 of what a line shows by itself")]
    evidence: Annotated[str, Field(max_length=300, description="the line, or one of them, with secrets masked")]


class Dead(Document):
    """fly.dead: a record of fly.logs, or a line of one, that nobody could read, whole."""

    v: Version
    id: Annotated[str, Field(description="partition/offset, and /line where the rest of the record was read")]
    reason: Unreadable
    key: Annotated[str, Field(description="what is not UTF-8 in it is replaced")]
    encoding: Annotated[Literal["utf-8", "base64"], Field(description="how ``value`` tells the bytes")]
    value: str


Row = Annotated[
    tuple[Stamp | None, str] | tuple[Stamp | None, str, str | None, str | None],
    Field(description="[stamp, text], or [stamp, text, provider, level] where they differ from the head"),
]


class Batch(Document):
    """fly.logs: lines of one app and instance; the record's key is ``app/instance``. ``v`` must be the first field.

    Without app or instance the key's count.
    """

    v: Version
    app: str = ""
    instance: str = ""
    region: str = ""
    provider: Annotated[str, Field(description="app, proxy, runner, probe ...")] = "app"
    level: str = ""
    lines: Annotated[tuple[Row, ...], Field(min_length=1)]


class Tick(Document):
    """fly.logs: "the clock of this partition is the time of this record"."""

    v: Version
    tick: Literal[True]


Logs = Batch | Tick  # Fly's own JSON lines are read as well: streams.core.batches

DOCUMENTS: dict[str, Any] = {
    "fly.logs": Logs,
    "fly.requests": Requests,
    "fly.events": Event,
    "fly.security": Security,
    "fly.windows": Window,
    "fly.alerts": Alert,
    "fly.dead": Dead,
}
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "schemas"


class Untitled(GenerateJsonSchema):
    """Leaves out the titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002, D102  # the signature is pydantic's
        return False


def schema(topic: str) -> bytes:
    """Return the JSON Schema of a topic's values."""
    found = TypeAdapter(DOCUMENTS[topic]).json_schema(schema_generator=Untitled)
    document = {"$schema": GenerateJsonSchema.schema_dialect, **found, "title": topic}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main(folder: Path = FOLDER) -> None:
    """Write a file for every topic."""
    folder.mkdir(parents=True, exist_ok=True)
    for topic in DOCUMENTS:
        (folder / f"{topic}.json").write_bytes(schema(topic))


if __name__ == "__main__":
    main()
