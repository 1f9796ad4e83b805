"""How a group is called in Kafka, and a client that asks about it without being in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from shippers.client import address
from shippers.settings import Settings

REQUEST_MS = 5_000


def group_of(queue: str) -> str:
    """Return the consumer group of those who share a queue."""
    return f"flyship.{queue}"


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[Any]:
    """Give a client that is connected; KafkaError where it cannot be."""
    admin = AIOKafkaAdminClient(request_timeout_ms=REQUEST_MS, **address(settings))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
