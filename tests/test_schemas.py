"""What the product writes, held against docs/schemas/, and those against the models they are generated from."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator, ValidationError
from pydantic import TypeAdapter

from streams import codec, schemas
from streams.core import panes, watching
from streams.core.batches import Unreadable
from streams.core.plan import App, Plan
from streams.core.records import Dead, Progress, Record, Snapshot
from streams.core.rules import Escalation, Rule, Severity
from streams.settings import load

T0_MS = 1_760_121_360_000  # 2025-10-10T18:36:00Z
PLAN = Plan(
    rules=(
        Rule(
            "errors",
            Severity.CRITICAL,
            "error_ratio",
            10_000,
            above=0.05,
            for_ms=10_000,
            escalate=(Escalation(20_000, ("manager",)),),
            publish_pending=True,
        ),
    ),
    security=load(environ={}).security,
    apps={"web": App("web", environment="staging", url="https://web.fly.dev", health_paths=frozenset({"/health"}))},
)


def rows(second: int, status: int) -> list[list[str | None]]:
    """Return a request, a health check, a line that is nothing known, and one with its own provider, at a second."""
    stamp = f"2025-10-10T18:{36 + second // 60:02}:{second % 60:02}Z"
    return [
        [stamp, f"GET /orders/17?token=x {status} - - 12.5 ms"],
        [stamp, "GET /health 200 - - 1.0 ms"],
        [None, "something else"],
        [stamp, "Failed password for root from 203.0.113.9 port 4711 ssh2"],
        [stamp, f'203.0.113.9 - - [{second}] "GET /../../etc/passwd HTTP/1.1" 404 1'],
        [stamp, "Error: P1001: Can't reach database server at `db:5432`"],
        [stamp, "GET / - - - ms", "proxy", "error"],
    ]


def written() -> Iterator[codec.Wire]:
    """Run two minutes of an app that fails and recovers through both steps; yield all that goes to topics."""
    partition, board = panes.Partition(0), watching.Board()
    for offset, second in enumerate(range(0, 150, 5)):
        value = codec.encode_batch("web", "m1", "ord", "app", "info", rows(second, 503 if second < 60 else 200))
        at_ms = T0_MS + second * 1000
        ticked = Record(3 * offset + 2, at_ms + 2, codec.encode_tick())
        broken = Record(3 * offset + 1, at_ms + 1, b"\xff" if offset % 2 else b"broken", b"web/m1")
        for record in (Record(3 * offset, at_ms, value, b"web/m1"), broken, ticked):
            yield codec.Wire("logs", record.key, record.value)
            for output in panes.step(partition, record, PLAN).outputs:
                yield from codec.encode(output, 1)
                if isinstance(output, Snapshot | Progress):
                    for document in watching.step(board, output, PLAN).outputs:
                        yield from codec.encode(document, 1, "2025-10-10T18:40:00.000Z")


def documents(role: str) -> list[Any]:
    """Return the values that went to the topic of a role."""
    return [orjson.loads(wire.value) for wire in written() if wire.role == role and wire.value and wire.value[:1] == b"{"]


@pytest.mark.parametrize("topic", sorted(schemas.DOCUMENTS))
def test_schema_files_are_current(topic: str) -> None:
    """docs/schemas/ is what ``python -m streams.schemas`` would write now."""
    assert (schemas.FOLDER / f"{topic}.json").read_bytes() == schemas.schema(topic)


def test_no_other_schema_files_lie_about() -> None:
    """docs/schemas/ has the files of the documents that there are, and no more."""
    assert {file.stem for file in schemas.FOLDER.iterdir()} == set(schemas.DOCUMENTS)


@pytest.mark.parametrize("topic", sorted(schemas.DOCUMENTS))
def test_what_is_written_is_as_the_schema_says(topic: str) -> None:
    """Every record that both steps publish is valid by the file and by the model, and there are some."""
    validator = Draft202012Validator(orjson.loads((schemas.FOLDER / f"{topic}.json").read_bytes()))
    found = documents(topic.removeprefix("fly."))
    assert found
    for document in found:
        validator.validate(document)
        TypeAdapter(schemas.DOCUMENTS[topic]).validate_json(orjson.dumps(document))


def test_the_run_shows_every_kind_of_document() -> None:
    """The run that schemas are held against has ticks and batches, all transitions, both encodings, all columns."""
    assert {"tick" in document for document in documents("logs")} == {True, False}
    states = [document["state"] for document in documents("alerts")]
    assert set(states) == {"pending", "firing", "escalated", "resolved"}
    assert {document["encoding"] for document in documents("dead")} == {"utf-8", "base64"}
    assert all(document["top_errors"] for document in documents("windows")[:1])
    columns = documents("requests")[0]["columns"]
    assert set(columns) == set(schemas.RequestColumns.model_fields)


@pytest.mark.parametrize("topic", ["fly.alerts", "fly.dead", "fly.events", "fly.requests", "fly.windows"])
def test_a_document_with_a_field_more_or_less_is_refused(topic: str) -> None:
    """Schemas are closed: neither a field that nobody named nor a missing one passes."""
    validator = Draft202012Validator(orjson.loads(schemas.schema(topic)))
    document = documents(topic.removeprefix("fly."))[0]
    for wrong in ({**document, "more": 1}, {name: value for name, value in document.items() if name != "id"}):
        with pytest.raises(ValidationError):
            validator.validate(wrong)


def test_columns_of_different_lengths_are_refused() -> None:
    """Columns of requests are rows only while they are equally long, which JSON Schema alone cannot say."""
    document = documents("requests")[0]
    document["columns"]["status"].append(200)
    with pytest.raises(ValueError, match="columns must be of equal length"):
        schemas.Requests.model_validate_json(orjson.dumps(document))


@pytest.mark.parametrize("why", list(Unreadable))
def test_every_reason_of_death_has_its_place(why: Unreadable) -> None:
    """A record that is dead for whatever reason is a valid document of fly.dead."""
    (wire,) = codec.encode(Dead("0/1", str(why), b"\x00\xff", b"k\xff"), 1)
    assert schemas.Dead.model_validate_json(wire.value or b"").reason is why
