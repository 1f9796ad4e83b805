"""Events through a real Kafka: from lines in fly.logs to documents on fly.events."""

import time
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from streams import codec, schemas
from streams.codec import json_line
from streams.core import stamps
from tests.pipeline import Pipeline, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
TOLD = (
    ("app", "Error: P1001: Can't reach database server at `db:5432`", "db_connection"),
    ("runner", "Pulling container image registry.fly.io/shop@sha256:00", "deploy"),
    ("app", "TypeError: no token=abcdef0123456789 here", "app_error"),
    ("app", "nothing happens", None),
    ("app", "GET / 500 17 - 12 ms", None),
)


async def test_events_reach_their_topic(kafka_bootstrap: str, tmp_path: Path) -> None:
    """Each event of a batch is on fly.events once, as its schema says, masked, under ids that name its record."""
    stamp = stamps.text(time.time_ns() // 1_000_000)
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        pipeline.start_worker()
        records = [
            (f"shop/{provider}", codec.encode_batch("shop", provider, "ord", provider, "info", [[stamp, text]]))
            for provider, text, _ in TOLD
        ]
        await pipeline.ship(records)

        async def told() -> list[dict[str, object]]:
            found = await pipeline.read("events")
            return found if len(found) >= 3 else []

        found = await until("three events are told", told, 60)
        for document in found:
            TypeAdapter(schemas.Event).validate_json(json_line(document))
        assert sorted(str(document["event"]) for document in found) == ["app_error", "db_connection", "deploy"]
        assert {document["at"] for document in found} == {stamp}
        assert len({str(document["id"]) for document in found}) == 3
        assert "TypeError: no token=*** here" in {document["evidence"] for document in found}
