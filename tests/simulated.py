"""An event loop whose clock jumps to whatever is waited for next: hours pass at once, and always in the same way."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class SimulatedLoop(asyncio.SelectorEventLoop):
    """A loop that begins at 0 s. Real sockets cannot be waited for on it."""

    def __init__(self) -> None:
        """Let the selector's waiting move the clock."""
        self.now_s = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Return the simulated time."""
        return self.now_s


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits, and nothing will come"
        self._loop.now_s += max(0.0, timeout)
        return super().select(0)


def simulated(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)
