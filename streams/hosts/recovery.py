"""Resumes a stage from its changelog, exactly. Knows Faust's hooks and offsets; nothing of what the state means.

A checkpoint is a series of changed keys, each with the offset of the record that changed it last, and behind them a commit
key with the offset up to which all of it holds. What is recovered is the state at the highest commit: of each key the
newest value whose offset that commit covers. Later values (a crash between keys and commit) are void, older writes of a
process that was presumed dead lose, and reading resumes behind the commit. docs/design.md tells why Faust's own is not enough.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol, cast

from faust import App, Table
from faust.stores.memory import Store
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Producer, Transport
from faust.types import TP, EventT
from yarl import URL

from streams.codec import decode_state
from streams.hosts.ending import die

COMMIT = "commit"
FETCH_WAIT_MS = 50
FULL_WAIT_S = 0.005


class Recovered:
    """One partition of a changelog as far as it was read: candidates of each key, and the highest commit."""

    __slots__ = ("candidates", "clock_ms", "offset")

    def __init__(self) -> None:
        """Make the state of a partition that was never committed."""
        self.candidates: dict[str, list[tuple[int, Any]]] = {}  # ordered by offset
        self.offset = -1
        self.clock_ms = 0

    def take(self, key: str, value: bytes | None) -> None:
        """Apply one changelog record, in the order of the log."""
        if key == COMMIT:
            self._commit(*decode_state(value or b"[-1, 0]"))
            return
        if value is None:
            return  # not ours: a key is forgotten by a null with an offset, which only a covering commit makes true
        offset, plain = decode_state(value)
        candidates = [candidate for candidate in self.candidates.get(key, []) if candidate[0] != offset]
        candidates.append((offset, plain))
        candidates.sort(key=lambda candidate: candidate[0])
        covered = sum(candidate[0] <= self.offset for candidate in candidates)
        self.candidates[key] = candidates[max(0, covered - 1) :]

    def state(self) -> dict[str, Any]:
        """Return the value of each key at the highest commit."""
        found: dict[str, Any] = {}
        for key, candidates in self.candidates.items():
            covered = [plain for offset, plain in candidates if offset <= self.offset]
            if covered and covered[-1] is not None:
                found[key] = covered[-1]
        return found

    def _commit(self, offset: int, clock_ms: int) -> None:
        if offset < self.offset:
            return
        self.offset, self.clock_ms = offset, clock_ms


class StateStore(Store[bytes, bytes]):
    """A table's store that only recovers: the live state belongs to the stage."""

    def __post_init__(self) -> None:
        """Start with nothing recovered."""
        self.recovered: dict[int, Recovered] = {}

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]], *_: Any, **_more: Any) -> None:
        """Apply records read from the changelog; Faust would go on without one that cannot be, so that ends the process."""
        for event in batch:
            message = event.message
            part = self.recovered.setdefault(message.partition, Recovered())
            try:
                part.take((message.key or b"").decode(), message.value)
            except (ValueError, TypeError) as error:
                die(f"{message.topic}/{message.partition}/{message.offset} is no record of a state: {error!r}")

    async def on_rebalance(self, _: set[TP], revoked: set[TP], newly_assigned: set[TP], *_more: Any) -> None:
        """Forget partitions that go or come: Faust reads those that come from the beginning."""
        for tp in self._own(revoked | newly_assigned):
            self.recovered.pop(tp.partition, None)

    def _own(self, tps: Iterable[TP]) -> set[TP]:
        changelog = self.table.changelog_topic.get_topic_name()
        return {tp for tp in tps if tp.topic == changelog}

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Do nothing: the table hands over."""


class StateTable(Table[bytes, bytes]):
    """A table that hands what it recovered to its stage before any record flows."""

    def __init__(self, app: App, *, recovered: Callable[[dict[int, Recovered]], Awaitable[None]], **options: Any) -> None:
        """Take the stage's callback, which gets every active partition (an empty one for a new partition)."""
        super().__init__(app, key_type=bytes, value_type=bytes, **options)
        self._recovered = recovered

    def _new_store(self) -> StateStore:
        return StateStore(URL("memory://"), self.app, self, table_name=self.name, loop=self.loop)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Stop the flow until the seek is done (else what Faust fetched meanwhile is taken for read), then hand over."""
        self.app.consumer.stop_flow()
        store = cast("StateStore", self.data)
        await self._recovered({tp.partition: store.recovered.setdefault(tp.partition, Recovered()) for tp in active_tps})
        await super().on_recovery_completed(active_tps, standby_tps)


class Resuming(Protocol):
    """What an exact consumer asks of its app."""

    def wanted_offsets(self, assigned: Iterable[TP]) -> dict[TP, int | None]:
        """Return where to read on, by source partition; None from the beginning."""

    def data_lost(self, tp: TP, wanted: int, beginning: int) -> None:
        """Take note that retention removed records before they were read."""


class PromptThread(AIOKafkaConsumerThread):
    """Faust's thread around aiokafka, in which partitions without news do not hold up the others.

    aiokafka asks a broker one thing at a time. While it waits for partitions that have been read to their end, for as
    long as 1.5 s by Faust's choice, one with a backlog whose buffer has run dry waits with them.
    """

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        if not isinstance(consumer._fetch_max_wait_ms, int):  # noqa: SLF001  # Faust leaves no other way
            raise TypeError("this aiokafka keeps its longest wait elsewhere")
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001  # as above
        return consumer


class ExactConsumer(Consumer):
    """Faust's consumer, which resumes where the state says and not where the group committed."""

    def _new_consumer_thread(self) -> PromptThread:
        return PromptThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every source partition behind its state's commit; tell the app where retention was faster."""
        app = cast("Resuming", self.app)
        wanted = app.wanted_offsets(self.assignment())
        if not wanted:
            return {}
        beginnings = await self.earliest_offsets(*wanted)
        found: dict[TP, int] = {}
        for tp, offset in wanted.items():
            beginning = beginnings.get(tp) or 0
            if offset is not None and offset < beginning:
                app.data_lost(tp, offset, beginning)
            found[tp] = max(offset or 0, beginning)
        await self.seek_wait(found)
        return found

    def getmany(self, timeout: float) -> Any:  # Faust's signature
        """Ask for the next messages, again soon when a stream's buffer is full.

        Faust leaves that partition out and waits for the others, up to a second, while the buffer has long run dry.
        """
        return super().getmany(min(timeout, FULL_WAIT_S) if self._buffered_partitions else timeout)

    async def wait_first(self, *coros: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109  # mode's signature
        """Deliver a message straight through while the flow is on; Faust makes four tasks for each otherwise.

        The second coroutine would interrupt a delivery that waits for room when a rebalance begins. Ours cannot wait
        long: agents drop the records of partitions that are not theirs any more.
        """
        if len(coros) == 2 and self.flow_active and getattr(coros[1], "__qualname__", "") == "Event.wait":
            coros[1].close()
            return await coros[0]
        return await super().wait_first(*coros, timeout=timeout)


class ExactProducer(Producer):
    """Faust's producer, idempotent: what it retries is written once and in order."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class ExactTransport(Transport):
    """The transport that makes exact consumers and an idempotent producer."""

    Consumer = ExactConsumer
    Producer = ExactProducer
