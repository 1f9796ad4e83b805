"""Sends records to Kafka, each exactly once and in order, however long the broker is away.

How a broker that is away loses and repeats nothing:

- Idempotence: each partition's batches are numbered, so the broker drops what aiokafka repeats. aiokafka repeats an
  idempotent batch without end, under its first number, for every error that may pass.
- One hole in that: a batch that has not been sent yet and is older than the request timeout is thrown away while its
  partition has no leader, which is so for a moment after every restart of a broker; its numbers are spent, and
  everything behind it is refused as out of order. ``client.patient`` closes the hole: batches never grow old.
- A broker that comes back keeps the numbers only of producers whose newest record is younger than
  ``producer.id.expiration.ms``, by the records' timestamps. So none of ours is old: the time of old lines is a header.
- We never send a record again by ourselves, with one exception: what the broker refused for its number
  (REFUSED) is surely not in its log (had it been, the answer would be "duplicate, fine"). That happens when a broker
  lost what it had acknowledged, as by a power cut. Then a new producer, with new numbers, sends all of it again.
- Any other refusal is final; the process ends and says how many lines were not acknowledged.
"""

import asyncio
import math
import time
from collections import deque
from enum import Enum
from functools import partial
from typing import Any

from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    KafkaTimeoutError,
    OutOfOrderSequenceNumber,
    UnknownProducerId,
    UnknownTopicOrPartitionError,
)
from msgspec import Struct

from shippers.client import DeliveryError, LastWords, connect, hang_up
from shippers.console import say
from shippers.metrics import Metrics
from shippers.records import Record
from shippers.settings import Settings
from shippers.sharing.lease import Lease
from streams import codec

AWAY_S = 5.0  # so long without an acknowledgement is worth a line on stderr
RETRY_S = 0.5
TELL_S = 3.0
REFUSED = (OutOfOrderSequenceNumber, UnknownProducerId, CorruptRecordException)
NOT_TAKEN = (KafkaTimeoutError, UnknownTopicOrPartitionError)  # raised by send(): the record is in no batch yet


class _State(Enum):
    WAITING = 0  # in no producer
    UNDER_WAY = 1  # in a producer, which will settle it
    REFUSED = 2  # surely not in the log
    SAFE = 3  # acknowledged


class _Sent(Struct):
    record: Record
    partition: int | None  # None: by the key
    state: _State = _State.WAITING


class Producer:
    """A sink: the records under way, in order, and what has been acknowledged."""

    def __init__(
        self, settings: Settings, metrics: Metrics | None = None, meanwhile: str = "reading waits", lease: Lease | None = None
    ) -> None:
        """Prepare; ``start`` connects. ``meanwhile``: what goes on while Kafka is away; ``lease``: as in ``connect``."""
        self.lines = self.records = self.bytes = 0  # acknowledged
        self._settings, self._lease = settings, lease
        self._sent_lines = (metrics or Metrics()).sent
        self._meanwhile = meanwhile
        self._where = ",".join(settings.servers)
        self._client: Any = None
        self._client_turn = asyncio.Lock()  # one record enters one client at a time
        self._turn = asyncio.Lock()  # records enter _sent in the order of send()
        self._sent: deque[_Sent] = deque()
        self._sent_bytes = 0
        self._put_in = self._taken_out = 0  # records that ever entered and left _sent
        self._moved = asyncio.Event()
        self._moved_at_s = time.monotonic()
        self._away = self._refused = False  # whether it was told that Kafka does not answer; that it has lost records
        self._failure: Exception | None = None
        self._watching: asyncio.Task[None] | None = None
        self._last_words = LastWords(settings.access)

    @property
    def acknowledged(self) -> int:
        """How many of the records that were sent are acknowledged, with all before them."""
        return self._taken_out

    async def start(self, *, for_ever: bool = False) -> None:
        """Connect and make sure that the topic is there; DeliveryError if not within the settings' timeout.

        ``for_ever``: wait as long as it takes. What only somebody can mend is an error at once.
        """
        deadline_s = math.inf if for_ever else time.monotonic() + self._settings.timeout_s
        told_s, told = 0.0, ""
        while not await self._connected(min(deadline_s - time.monotonic(), self._settings.timeout_s)):
            now_s, last = time.monotonic(), self._last_words.last
            if last.final:
                raise DeliveryError(f"cannot get into Kafka at {self._where}: {last.text}")
            if now_s + RETRY_S >= deadline_s:
                raise DeliveryError(f"cannot reach Kafka at {self._where}: {last.text}; set FLYWATCH_KAFKA__BOOTSTRAP")
            if now_s - told_s >= TELL_S and last.text != told:
                say(f"waiting for Kafka at {self._where}: {last.text}{f'; {self._meanwhile} until it answers' * for_ever}")
                told_s, told = now_s, last.text
            await asyncio.sleep(RETRY_S)
        self._watching = asyncio.create_task(self._watch())

    async def send(self, record: Record) -> None:
        """Hand a record to Kafka; waits while ``in_flight_bytes`` are under way."""
        async with self._turn:
            await self._put(_Sent(record, None))

    async def tick(self, at_ms: int) -> None:
        """Send a tick to every partition."""
        async with self._turn:
            async with self._client_turn:
                partitions = sorted(await self._client.partitions_for(self._settings.topic))
            for partition in partitions:
                await self._put(_Sent(Record(b"", codec.encode_tick(), 0, at_ms), partition))

    async def drain(self) -> None:
        """Wait until every record that was sent before this call is acknowledged."""
        last = self._put_in
        while self._taken_out < last:
            await self.moved()
        self.check()

    def check(self) -> None:
        """Raise if Kafka has refused a record for good."""
        if self._failure:
            raise self._failure
        if self._watching and self._watching.done():
            self._watching.result()

    async def moved(self) -> None:
        """Wait for the next acknowledgement or refusal."""
        self.check()
        self._moved.clear()
        await self._moved.wait()
        self.check()

    async def close(self) -> None:
        """Hang up. What was not drained is given up."""
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._client:
            await hang_up(self._client)

    async def _put(self, sent: _Sent) -> None:
        while self._sent and self._sent_bytes + len(sent.record.value) > self._settings.in_flight_bytes:
            await self.moved()
        if not self._sent:
            self._moved_at_s = time.monotonic()
        self._sent.append(sent)
        self._put_in += 1
        self._sent_bytes += len(sent.record.value)
        async with self._client_turn:
            if sent.state is _State.WAITING:  # else a new client has taken it with the others
                await self._hand_over(sent)

    async def _hand_over(self, sent: _Sent) -> None:
        """Put a record into the client, unless something before it was refused: then the next client takes it."""
        record, topic = sent.record, self._settings.topic
        while not self._refused:
            self.check()
            headers = codec.encode_at(record.at_ms) + codec.encode_id(record.id)
            try:
                future = await self._client.send(topic, record.value, record.key or None, sent.partition, headers=headers)
            except NOT_TAKEN:
                continue
            except REFUSED:  # a batch before it in the same partition
                self._refused = True
            except KafkaError as error:
                self._fail(error)
            else:
                sent.state = _State.UNDER_WAY
                future.add_done_callback(partial(self._settle, sent))
                return

    def _settle(self, sent: _Sent, future: asyncio.Future[Any]) -> None:
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if isinstance(error, REFUSED):
            sent.state, self._refused = _State.REFUSED, True
        elif error is not None:
            self._fail(error)
        else:
            sent.state = _State.SAFE
            self.lines += sent.record.lines
            self._sent_lines.inc(sent.record.lines)
            self.records += 1
            self.bytes += len(sent.record.value)
            self._answered()
        while self._sent and self._sent[0].state is _State.SAFE:
            self._sent_bytes -= len(self._sent.popleft().record.value)
            self._taken_out += 1
        self._moved.set()

    def _fail(self, why: BaseException | str) -> None:
        self._failure = self._failure or DeliveryError(f"Kafka refuses a record for {self._settings.topic}: {why}")
        self._moved.set()

    def _answered(self) -> None:
        now_s = time.monotonic()
        if self._away:
            say(f"Kafka answers again after {now_s - self._moved_at_s:.0f} s; nothing was lost")
            self._away = False
        self._moved_at_s = now_s

    async def _watch(self) -> None:
        """Tell when Kafka stops answering, and replace a client whose numbers are refused."""
        while True:
            await asyncio.sleep(RETRY_S)
            if self._refused:
                try:
                    await self._renew()
                except DeliveryError as error:
                    self._failure = error
                    self._moved.set()
                    return
            if not self._away and self._sent and time.monotonic() - self._moved_at_s > AWAY_S:
                self._away = True
                say(f"Kafka at {self._where} does not answer: {self._last_words.text}; {self._meanwhile} until it does")

    async def _renew(self) -> None:
        """Send everything that was refused, and all behind it, through a new client: new numbers, the same order."""
        async with self._client_turn:
            while any(sent.state is _State.UNDER_WAY for sent in self._sent):
                await self.moved()
            say(f"Kafka has lost records it had acknowledged; sending the {len(self._sent)} behind them again")
            await hang_up(self._client)
            while not await self._connected(self._settings.timeout_s):  # noqa: ASYNC110  # no task of ours to wait for
                await asyncio.sleep(RETRY_S)  # the wait is for a broker, not for a task of ours
            self._refused = False
            for sent in list(self._sent):
                if sent.state is not _State.SAFE:
                    sent.state = _State.WAITING
                    await self._hand_over(sent)

    async def _connected(self, timeout_s: float) -> bool:
        client = await connect(self._settings, timeout_s, self._lease)
        if client is not None:
            self._client = client
            self._last_words.was_in = True
        return client is not None
