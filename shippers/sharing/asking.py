"""How a group is called in Kafka, and a client that asks about it without being in it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from shippers.settings import Settings
from streams.kafka_access import options

REQUEST_MS = 5_000


def group_of(queue: str) -> str:
    """Return the consumer group of those who share a queue."""
    return f"flyship.{queue}"


def for_client(settings: Settings) -> dict[str, Any]:
    """Return what aiokafka's clients are told; ConfigError where a secret is not there."""
    given = {"bootstrap_servers": settings.servers, "client_id": "flyship", "request_timeout_ms": REQUEST_MS}
    return given | options(settings.access, os.environ)


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[Any]:
    """Give a client that is connected; KafkaError where it cannot be."""
    admin = AIOKafkaAdminClient(**for_client(settings))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
