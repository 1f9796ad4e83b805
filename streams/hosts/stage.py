"""One stage of the pipeline on Kafka: the host function both agents are made of. Decides nothing, counts nothing.

Read, step, send, and at ticks a checkpoint: outputs are durable before the state that contains them, changed keys before
the commit that covers them. Anything unexpected ends the process: starting again from the commit is always right.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from faust.types import EventT, StreamT

from streams import codec
from streams.codec import Wire
from streams.core.records import Step
from streams.hosts.ending import die, say
from streams.hosts.recovery import COMMIT, Recovered

MAX_IN_FLIGHT = 2_000
MAX_UNCHECKED = 20_000  # records between two checkpoints, when no tick comes
CHECKPOINT_SECONDS = 0.9  # ticks come once a second; the progress of many sources must not checkpoint more often


class Core(Protocol):
    """What a stage does with the pure core; ``streams.hosts.kafka`` has the two that exist."""

    @property
    def name(self) -> str:
        """Name the agent, its table and its changelog."""

    @property
    def source(self) -> str:
        """Name the topic it reads."""

    def fresh(self, partition: int, clock_ms: int, /) -> Any:
        """Return the empty state of a partition."""

    def restore(self, state: Any, key: str, plain: Any) -> None:
        """Put a recovered key back."""

    def step(self, state: Any, event: EventT[Any]) -> tuple[Step, bool]:
        """Take a record in; also tell whether the outputs so far should be made durable now."""

    def plain(self, value: Any) -> Any:
        """Return a value of the state as plain JSON values."""

    def settled(self, state: Any, /) -> bool:
        """Tell whether the state holds all that was read: only then a checkpoint may be made."""

    def settle(self, state: Any, /) -> Step:
        """Take in what waits, so that the state is settled."""

    def clock_ms(self, state: Any, /) -> int:
        """Return the state's clock for the commit."""

    def encode(self, outputs: list[Any]) -> list[Wire]:
        """Encode what a step published."""


Send = Callable[[Wire], Awaitable["asyncio.Future[Any]"]]


class Part:
    """One partition of a stage: its state, how far it has been read, what has changed and what is on its way."""

    __slots__ = ("changed", "checked", "fresh", "offset", "sent", "state", "unchecked")

    def __init__(self, state: Any, offset: int) -> None:
        """Start behind ``offset``."""
        self.state = state
        self.offset = offset
        self.changed: dict[str, tuple[int, Any]] = {}
        self.sent: list[asyncio.Future[Any]] = []
        self.unchecked = 0
        self.checked = 0.0  # on the monotonic clock: how often to checkpoint is the host's affair
        self.fresh = True  # nothing read since the seek


class Stage:
    """A core on its source topic, with the parts that this worker owns."""

    def __init__(self, core: Core, send: Send, changelog: str) -> None:
        """Bind a core to a way to send and to the name of its changelog's role."""
        self.core = core
        self.parts: dict[int, Part] = {}
        self._send = send
        self._changelog = changelog

    async def recovered(self, parts: dict[int, Recovered]) -> None:
        """Take over what was recovered; from here on the records of these partitions count."""
        self.parts.clear()
        for partition, recovered in parts.items():
            state = self.core.fresh(partition, recovered.clock_ms)
            for key, plain in recovered.state().items():
                self.core.restore(state, key, plain)
            self.parts[partition] = Part(state, recovered.offset)
        say(f"{self.core.name}: ready with partitions {', '.join(map(str, sorted(parts))) or 'none'}")

    async def run(self, stream: StreamT[Any]) -> None:
        """Process records until the stream ends."""
        async for _ in stream:
            event = stream.current_event
            if event is None:
                continue
            message = event.message
            part = self.parts.get(message.partition)
            if part is None or message.offset <= part.offset:
                continue  # not ours (it comes again after the seek), or seen
            try:
                await self._process(part, event)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is: Faust would take the record for done
                die(f"{self.core.name}: {message.topic}/{message.partition}/{message.offset}: {error!r}")

    async def _process(self, part: Part, event: EventT[Any]) -> None:
        message = event.message
        if message.offset != part.offset + 1 and not part.fresh:
            await self._take(part, self.core.settle(part.state))
            await self._checkpoint(part, message.partition)
            await self._settle(part)
            die(f"{self.core.name}: offsets {part.offset + 1}..{message.offset - 1} did not come; reading them again")
        step, durable = self.core.step(part.state, event)
        part.offset, part.fresh = message.offset, False
        part.unchecked += 1
        await self._take(part, step)
        due = durable and time.monotonic() - part.checked >= CHECKPOINT_SECONDS
        if (due or part.unchecked >= MAX_UNCHECKED) and self.core.settled(part.state):
            await self._checkpoint(part, message.partition)
        elif len(part.sent) > MAX_IN_FLIGHT:
            await self._settle(part)

    async def _take(self, part: Part, step: Step) -> None:
        """Note what the records up to the part's offset changed, and send what they publish."""
        for key, value in step.writes.items():
            part.changed[key] = (part.offset, value)
        for wire in self.core.encode(step.outputs):
            part.sent.append(await self._send(wire))

    async def _settle(self, part: Part) -> None:
        """Wait until everything sent so far is durable."""
        sent, part.sent = part.sent, []
        if sent:
            await asyncio.gather(*sent)

    async def _checkpoint(self, part: Part, partition: int) -> None:
        """Write the changed keys (a forgotten one as null), then the commit that covers them."""
        changed, part.changed, part.unchecked, part.checked = part.changed, {}, 0, time.monotonic()
        wires = []
        for key, (offset, value) in changed.items():
            plain = None if value is None else self.core.plain(value)
            wires.append(Wire(self._changelog, key.encode(), codec.encode_state(offset, plain), partition))
        commit = codec.encode_state(part.offset, self.core.clock_ms(part.state))
        wires.append(Wire(self._changelog, COMMIT.encode(), commit, partition))
        await self._settle(part)
        for wire in wires:
            part.sent.append(await self._send(wire))
