"""The Faust app: the parse agent and the watch agent, made by one host function. Decides nothing."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import faust
from faust.sensors.monitor import Monitor
from faust.types import TP

from streams import codec
from streams.codec import Wire
from streams.core import evidence
from streams.core.stamps import text
from streams.hosts import topics
from streams.hosts.cores import ParseCore, WatchCore
from streams.hosts.credentials import credentials
from streams.hosts.ending import die
from streams.hosts.recovery import ExactTransport, StateTable
from streams.hosts.stage import Stage
from streams.settings import Settings

MIB = 1024 * 1024


class Unmonitored(Monitor):
    """Faust's statistics of every message, left out: nobody reads them, and they cost more than folding a line."""

    def on_message_in(self, *_: Any) -> None:
        """Count nothing."""

    def on_stream_event_in(self, *_: Any) -> None:
        """Time nothing."""

    def on_stream_event_out(self, *_: Any) -> None:
        """Time nothing."""

    def on_message_out(self, *_: Any) -> None:
        """Count nothing."""

    def track_tp_end_offset(self, *_: Any) -> None:
        """Track nothing."""


class FlywatchApp(faust.App):
    """A Faust app whose consumer resumes where the stages' state says."""

    stages: dict[str, Stage]  # by source topic
    settings: Settings

    def _new_transport(self) -> ExactTransport:
        return ExactTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> ExactTransport:
        return ExactTransport(self.conf.broker_producer, self)

    def on_rebalance_start(self) -> None:
        """Drop all parts: records of partitions that are not ready are ignored and come again after the seek."""
        for stage in self.stages.values():
            stage.parts.clear()
        super().on_rebalance_start()

    def wanted_offsets(self, assigned: Iterable[TP]) -> dict[TP, int | None]:
        """Return where to read on, by source partition; None from the beginning."""
        wanted: dict[TP, int | None] = {}
        for tp in assigned:
            stage = self.stages.get(tp.topic)
            part = stage.parts.get(tp.partition) if stage else None
            if part is not None:
                part.fresh = True
                wanted[tp] = part.offset + 1 if part.offset >= 0 else None
        return wanted

    def data_lost(self, tp: TP, wanted: int, beginning: int) -> None:
        """Publish that retention removed records before they were read."""
        self.add_future(self._publish_loss(tp, wanted, beginning))

    async def _publish_loss(self, tp: TP, wanted: int, beginning: int) -> None:
        now_ms = time.time_ns() // 1_000_000
        alert = evidence.data_lost(tp.topic, tp.partition, wanted, beginning, now_ms)
        for wire in codec.encode(alert, self.conf.topic_partitions, published_at=text(now_ms)):
            await (await self.send_wire(wire))

    async def send_wire(self, wire: Wire) -> "asyncio.Future[Any]":
        """Give a record to the producer; the future is done when all replicas have it."""
        topic = self.topic_names[wire.role]
        future = await self.producer.send(topic, wire.key, wire.value, wire.partition, None, None)
        task: asyncio.Future[Any] = asyncio.ensure_future(future)
        task.add_done_callback(_watch)
        return task

    @property
    def topic_names(self) -> dict[str, str]:
        """Return the topics' names by role."""
        return self._topic_names

    @topic_names.setter
    def topic_names(self, names: dict[str, str]) -> None:
        self._topic_names = names


def build_app(settings: Settings) -> FlywatchApp:
    """Make the app of one worker; ``flywatch worker`` runs it."""
    plan, catalogue = settings.plan(), topics.catalogue(settings)
    app = FlywatchApp(
        topics.app_id(settings),
        broker=f"kafka://{settings.kafka.bootstrap}",
        broker_credentials=credentials(settings.kafka),
        **_options(settings, catalogue["logs"].partitions),
    )
    app.settings = settings
    app.topic_names = {role: topic.name for role, topic in catalogue.items()}
    app.stages = {}
    history = settings.time.mode == "history"
    for core in (ParseCore(plan, catalogue["logs"].name, history), WatchCore(plan, catalogue["panes"].name)):
        _host(app, core, plan.partitions)
    if not history:
        app.task(_ticker(app, settings, plan.partitions))
    app.task(_heart(app))
    return app


def _host(app: FlywatchApp, core: ParseCore | WatchCore, partitions: int) -> None:
    """Make an agent and its table of a core: the one host function."""
    stage = app.stages[core.source] = Stage(core, app.send_wire, f"{core.name}-changelog")
    app.tables.add(StateTable(app, name=core.name, partitions=partitions, recovered=stage.recovered))
    source = app.topic(core.source, key_serializer="raw", value_serializer="raw", key_type=bytes, value_type=bytes)

    async def agent(stream: Any) -> None:
        await stage.run(stream)

    app.agent(source, name=core.name)(agent)


def _options(settings: Settings, partitions: int) -> dict[str, Any]:
    """Return Faust's settings; docs/design.md has the reason of each."""
    return {
        "datadir": settings.worker.data_dir,
        "topic_partitions": partitions,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "processing_guarantee": "at_least_once",
        "broker_session_timeout": 6.0,
        "broker_heartbeat_interval": 1.0,
        "broker_request_timeout": 20.0,
        "broker_max_poll_records": 500,
        "producer_request_timeout": 5.0,
        "producer_acks": -1,
        "producer_linger": 0.005,
        "producer_max_batch_size": 262_144,
        "producer_max_request_size": topics.RECORD_BYTES,
        "consumer_max_fetch_size": 4 * MIB,
        "consumer_auto_offset_reset": "earliest",
        "stream_buffer_maxsize": 512,
        "stream_recovery_delay": 0.0,
        "stream_wait_empty": False,
        "Monitor": Unmonitored,
        "web_enabled": False,
    }


def _ticker(app: FlywatchApp, settings: Settings, partitions: int) -> Any:
    async def ticks() -> None:
        """Move the clock of every partition, also of one nobody logs to; the owner of partition 0 does it for all."""
        stage = app.stages[app.topic_names["logs"]]
        while not app.should_stop:
            await app.sleep(settings.time.tick_ms / 1000)
            if 0 in stage.parts and not app.rebalancing:
                for partition in range(partitions):
                    await app.send_wire(Wire("logs", None, codec.TICK, partition))

    return ticks


def _heart(app: FlywatchApp) -> Any:
    async def beats() -> None:
        """End the process when its loop stood still though the process did not: it may be presumed dead all the same."""
        limit = app.conf.broker_session_timeout / 2
        last = time.monotonic()
        while not app.should_stop:
            await asyncio.sleep(0.25)
            now = time.monotonic()
            if now - last > limit:
                die(f"the event loop stood still for {now - last:.1f} s")
            last = now

    return beats


def _watch(sent: "asyncio.Future[Any]") -> None:
    if not sent.cancelled() and (error := sent.exception()) is not None:
        die(f"a record could not be written: {error!r}")
