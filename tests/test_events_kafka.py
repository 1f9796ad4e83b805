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


ATTACKER, GUESSER = "203.0.113.9", "203.0.113.10"


def attacks(stamp: str) -> list[tuple[str, bytes]]:
    """Return records of two machines: a traversal, and a guesser of passwords whose tries are spread over both."""
    clock = "[10/Oct/2025:18:00:00 +0000]"
    traversal = f'{ATTACKER} - - {clock} "GET /../../etc/passwd HTTP/1.1" 400 17 "-" "Mozilla/5.0"'
    guess = f'{GUESSER} - - {clock} "GET /account HTTP/1.1" 401 17 "-" "Mozilla/5.0"'
    of_one, of_two = [[stamp, traversal], *[[stamp, guess]] * 4], [[stamp, guess]] * 5
    return [
        ("shop/m1", codec.encode_batch("shop", "m1", "ord", "app", "info", of_one)),
        ("shop/m2", codec.encode_batch("shop", "m2", "ord", "app", "info", of_two)),
    ]


async def test_attacks_reach_their_topic_through_a_kill(kafka_bootstrap: str, tmp_path: Path) -> None:
    """What a line shows and what a bucket ran over with is on fly.security, also when a worker is killed in between.

    The tries are on two machines, of which neither has enough; the worker that read the first ones is killed with -9.
    """
    stamp = stamps.text(time.time_ns() // 1_000_000)
    first, second = attacks(stamp)
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        worker = pipeline.start_worker()
        await pipeline.ship([first])

        async def named() -> dict[str, dict[str, object]]:
            return {str(document["id"]): document for document in await pipeline.read("security")}

        async def traversal() -> bool:
            return "path-traversal" in {document["rule"] for document in (await named()).values()}

        async def guesser() -> bool:
            return GUESSER in {document["client_ip"] for document in (await named()).values()}

        await until("the traversal is told", traversal, 60)
        worker.kill()
        worker.wait(10)
        pipeline.start_worker()
        await pipeline.ship([second])
        await until("the guesser is told", guesser, 60)
        found = list((await named()).values())
        for document in found:
            TypeAdapter(schemas.Security).validate_json(json_line(document))
        assert {(document["rule"], document["client_ip"]) for document in found} == {
            ("path-traversal", ATTACKER),
            ("http-401-brute-force", GUESSER),
        }
        assert len(found) == 2
