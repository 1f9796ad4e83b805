"""``flywatch alerts``: prints the alerts topic as it fills. Knows no rule; drops repeats by id."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from rich.console import Console

from streams import kafka_access
from streams.codec import json_line
from streams.hosts.terminal import Terminal
from streams.hosts.topics import unreachable
from streams.settings import Settings

REMEMBERED = 10_000  # transition ids, so that a repeat after a crash is not shown twice


async def alerts(settings: Settings, *, from_start: bool, as_json: bool, until_idle: float | None) -> None:
    """Print transitions until interrupted, or until none came for ``until_idle`` seconds.

    ConnectionError when there is no broker, LookupError when the topic does not exist.
    """
    terminal = Terminal(Console(), live=False)
    async for document in documents(settings, settings.topics.alerts, from_start=from_start, until_idle=until_idle):
        if as_json:
            sys.stdout.buffer.write(json_line(document))
            sys.stdout.buffer.flush()
        else:
            terminal.alert(document)


async def documents(
    settings: Settings, topic: str, *, from_start: bool, until_idle: float | None
) -> AsyncIterator[dict[str, Any]]:
    """Yield the documents of a topic, each ``transition_id`` once."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap,
        auto_offset_reset="earliest" if from_start else "latest",
        **kafka_access.options(settings.kafka, os.environ),
    )
    try:
        await consumer.start()
    except (KafkaError, OSError) as error:
        await consumer.stop()
        raise ConnectionError(unreachable(settings, error)) from error
    try:
        if topic not in await consumer.topics():
            raise LookupError(f'topic {topic} does not exist on {settings.kafka.bootstrap}: run "flywatch topics"')
        consumer.subscribe([topic])
        seen: dict[str, None] = {}
        while True:
            try:
                record = await asyncio.wait_for(consumer.getone(), until_idle)
            except TimeoutError:
                return
            document = json.loads(record.value)
            if document.get("transition_id", "") not in seen:
                seen[document.get("transition_id", "")] = None
                if len(seen) > REMEMBERED:
                    del seen[next(iter(seen))]
                yield document
    finally:
        await consumer.stop()
