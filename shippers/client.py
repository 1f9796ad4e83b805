"""Makes aiokafka's client as the producer needs it, connects it. With ``producer`` and ``sharing`` the only aiokafka user."""

import asyncio
import contextlib
import logging
import math
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import IllegalStateError, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.produce import ProduceRequest

from shippers.complaints import Complaint, complaint
from shippers.settings import SettingError, Settings
from shippers.sharing.lease import Lease
from streams import codec
from streams.config_access import Access
from streams.config_errors import ConfigError
from streams.kafka_access import options

REQUEST_TIMEOUT_MS = 15_000
LEAST_S = 0.5
POLL_MS = 500
LOOK_S = 30.0  # how long an earlier process's records are looked for
HANG_UP_S = 2.0


class DeliveryError(Exception):
    """Kafka cannot be reached, or refuses a record for good; the message says why and what to do."""


async def connect(settings: Settings, timeout_s: float, lease: Lease | None = None) -> Any | None:
    """Return a connected client, None if there is no answer; DeliveryError if the topic is not there.

    ``lease``: it sends nothing while that does not hold.
    """
    client = patient(settings)
    if lease is not None:
        _hold(client, lease)
    ready = False
    try:
        async with asyncio.timeout(max(timeout_s, LEAST_S)):
            await client.start()
            for _ in range(4):  # a broker that has just come up may not know its topics yet
                topics = (await client.client.fetch_all_metadata()).topics()  # asking for one by name could create it
                if settings.topic in topics:
                    ready = True
                    return client
                await asyncio.sleep(LEAST_S)
    except (KafkaError, OSError):  # OSError: also TimeoutError
        return None
    finally:
        if not ready:
            await hang_up(client)
    raise DeliveryError(f'topic {settings.topic} does not exist: run "flywatch topics"')


def address(settings: Settings) -> dict[str, Any]:
    """Return what every client of ours is told: where Kafka is, and how to get in. ConfigError where a secret is missing."""
    given = {"bootstrap_servers": settings.servers, "client_id": "flyship"}
    return given | options(settings.access, os.environ)


def patient(settings: Settings) -> Any:
    """Make a client that waits for its broker for ever."""
    try:
        client = AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            max_batch_size=512 * 1024,
            max_request_size=1024 * 1024,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            compression_type=None if settings.compression == "none" else settings.compression,
            **address(settings),
        )
    except ConfigError as error:
        raise SettingError(str(error)) from None
    except RuntimeError:
        raise SettingError(f"--compression {settings.compression} needs a package: install aiokafka[all]") from None
    accumulator = client._message_accumulator  # noqa: SLF001  # there is no public way, see producer.py
    if not isinstance(accumulator._batch_ttl, float):  # noqa: SLF001
        raise TypeError("this aiokafka counts the age of batches in another way: see producer.py")
    accumulator._batch_ttl = math.inf  # noqa: SLF001
    return client


def _hold(client: Any, lease: Lease) -> None:
    """Let the lease decide at the last moment before the socket: batches wait in aiokafka as long as it repeats them."""
    send = client.client.send

    async def admitted(node: Any, request: Any, **given: Any) -> Any:
        if isinstance(request, ProduceRequest) and not await lease.admitted():
            raise IllegalStateError("others have the partitions")  # one that aiokafka does not repeat
        return await send(node, request, **given)

    client.client.send = admitted


async def arrived(settings: Settings, ids: frozenset[bytes], since_ms: int) -> frozenset[bytes] | None:
    """Return which records the topic has, by their ids, of those that came to it since a time by its own clock.

    None where it cannot be read, or not within LOOK_S.
    """
    try:
        found = await told(settings, ids.__contains__, since_ms, None, len(ids))
    except PermissionError:
        return None
    return None if found is None else frozenset(id_of_record for _, id_of_record in found)


async def told(
    settings: Settings, wanted: Callable[[bytes], bool], since_ms: int, until_ms: int | None, enough: float = math.inf
) -> set[tuple[bytes, bytes]] | None:
    """Return keys and ids of the records whose ids are wanted, of those that came between two times by the broker's clock.

    None where the topic cannot be read, or not within LOOK_S; PermissionError where somebody must allow it first.
    """
    found: set[tuple[bytes, bytes]] = set()
    consumer = AIOKafkaConsumer(settings.topic, enable_auto_commit=False, **address(settings))
    try:
        async with asyncio.timeout(LOOK_S):
            await consumer.start()
            partitions = sorted(consumer.assignment())  # all: it belongs to no group
            async for records in between(consumer, partitions, since_ms, until_ms):
                ids = ((each.key or b"", codec.decode_id(each.headers)) for each in records)
                found.update(each for each in ids if wanted(each[1]))
                if len(found) >= enough:
                    break
    except TopicAuthorizationFailedError as error:
        raise PermissionError(str(error)) from None
    except (KafkaError, OSError):  # OSError: also TimeoutError
        return None
    finally:
        await hang_up(consumer)
    return found


async def between(consumer: Any, partitions: list[Any], since_ms: int, until_ms: int | None) -> AsyncIterator[list[Any]]:
    """Yield the records that came to partitions between two times, as they are fetched, partition by partition."""
    ends = await consumer.end_offsets(partitions)
    begins = await consumer.offsets_for_times(dict.fromkeys(partitions, max(since_ms, 0)))
    if until_ms is not None:
        later = await consumer.offsets_for_times(dict.fromkeys(partitions, until_ms))
        ends = {each: end if later[each] is None else min(end, later[each].offset) for each, end in ends.items()}
    for partition in partitions:
        if (begin := begins[partition]) is None:
            continue  # nothing came to it since
        consumer.seek(partition, begin.offset)
        while await consumer.position(partition) < ends[partition]:
            batch = await consumer.getmany(partition, timeout_ms=POLL_MS)
            yield batch.get(partition, [])


async def hang_up(client: Any) -> None:
    """Stop a client; what is still under way in it is given up."""
    with contextlib.suppress(KafkaError, OSError):  # OSError: also TimeoutError, when something is still under way
        await asyncio.wait_for(client.stop(), HANG_UP_S)


class LastWords(logging.Handler):
    """Keeps what aiokafka complained about last, instead of letting it write to stderr again and again."""

    def __init__(self, access: Access | None = None) -> None:
        """Take the place of aiokafka's other log handlers; ``access`` is what the client was told."""
        super().__init__(logging.WARNING)
        self.last = Complaint("no answer", final=False)
        self.was_in = False  # whether a broker has let us in
        self._access = access or Access()
        logger = logging.getLogger("aiokafka")
        logger.handlers, logger.propagate = [self], False

    @property
    def text(self) -> str:
        """The last complaint as a sentence."""
        return self.last.text

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the message, unless it only says what follows from the one before."""
        given = record.args if isinstance(record.args, tuple) else ()
        error = next((each for each in given if isinstance(each, BaseException)), None)
        self.last = complaint(record.getMessage(), error, self._access, was_in=self.was_in) or self.last
