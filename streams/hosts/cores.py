"""The two steps as stages of the pipeline: what the host function needs to know of each. Decides nothing."""

import time
from typing import Any

from faust.types import EventT
from msgspec import Struct

from streams import codec
from streams.codec import Wire
from streams.core import panes, watching
from streams.core.plan import Plan
from streams.core.records import Output, Progress, Record, Step
from streams.core.stamps import text


class ParseCore(Struct, frozen=True):
    """fly.logs -> panes: ``streams.core.panes``."""

    plan: Plan
    source: str
    history: bool  # records say themselves which time they speak of
    name: str = "parse"

    def fresh(self, partition: int, clock_ms: int, /) -> panes.Partition:
        """Return an empty partition with a recovered clock."""
        return panes.Partition(partition, clock_ms)

    def restore(self, state: panes.Partition, key: str, plain: Any) -> None:
        """Put a recovered key back."""
        state.restore(key, plain)

    def step(self, state: panes.Partition, event: EventT[Any]) -> tuple[Step, bool]:
        """Take a record in; checkpoints come with progress."""
        message = event.message
        at_ms = codec.decode_at(message.headers) if self.history else None
        if at_ms is None:
            at_ms = int(message.timestamp * 1000 + 0.5)
        record = Record(message.offset, at_ms, message.value or b"", message.key or b"")
        step = panes.step(state, record, self.plan)
        return step, bool(step.outputs) and isinstance(step.outputs[-1], Progress)

    def plain(self, value: Any) -> Any:
        """Return a value of the state as plain JSON values."""
        return panes.plain(value)

    def settled(self, state: panes.Partition, /) -> bool:
        """Tell whether no record waits to be folded."""
        return not state.waiting

    def settle(self, state: panes.Partition, /) -> Step:
        """Fold the records that wait."""
        return panes.settle(state, self.plan)

    def clock_ms(self, state: panes.Partition, /) -> int:
        """Return the partition's clock."""
        return state.clock_ms

    def encode(self, outputs: list[Output]) -> list[Wire]:
        """Encode what a step published."""
        return [wire for output in outputs for wire in codec.encode(output, self.plan.partitions)]


class WatchCore(Struct, frozen=True):
    """fly.panes -> windows and alerts: ``streams.core.watching``."""

    plan: Plan
    source: str
    name: str = "watch"

    def fresh(self, _partition: int, _clock_ms: int, /) -> watching.Board:
        """Return an empty board; its clocks are in its state."""
        return watching.Board()

    def restore(self, state: watching.Board, key: str, plain: Any) -> None:
        """Put a recovered key back."""
        state.restore(key, plain)

    def step(self, state: watching.Board, event: EventT[Any]) -> tuple[Step, bool]:
        """Take a snapshot or progress in; checkpoints come with progress."""
        message = codec.decode_panes(event.message.value or b"")
        at_ms = int(event.message.timestamp * 1000 + 0.5)
        return watching.step(state, message, self.plan, at_ms), isinstance(message, Progress)

    def plain(self, value: Any) -> Any:
        """Return a value of the state as plain JSON values."""
        return watching.plain(value)

    def settled(self, _state: watching.Board, /) -> bool:
        """Return True: a board publishes everything at once."""
        return True

    def settle(self, _state: watching.Board, /) -> Step:
        """Return nothing: nothing waits."""
        return Step({}, [])

    def clock_ms(self, _state: watching.Board, /) -> int:
        """Return 0: a board's clocks are a key of its state."""
        return 0

    def encode(self, outputs: list[Output]) -> list[Wire]:
        """Encode what a step published, with the wall clock's time of publishing."""
        now = text(time.time_ns() // 1_000_000)
        return [wire for output in outputs for wire in codec.encode(output, self.plan.partitions, published_at=now)]
