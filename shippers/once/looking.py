"""Which records of an earlier process have arrived? Asked once for all sources of a run, before they are read."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from shippers.checkpoints import Checkpoints
from shippers.metrics import Metrics
from shippers.once.journal import Journal
from shippers.once.naming import read
from shippers.once.tracking import Found, Tracking
from shippers.sources import GivesAgain, Source

PATIENCE_S = 60.0  # how long Kafka may be away before sources begin without its answer
RETRY_S = 1.0
Wanted = Callable[[bytes], bool]
Find = Callable[[Wanted, int, int], Awaitable[Found | None]]  # ids, since and until when (ms) they came; None: no answer


class Once:
    """What a run needs for it."""

    def __init__(self, find: Find, checkpoints: Checkpoints, metrics: Metrics, app: str) -> None:
        """``find``: asks Kafka and the spool; PermissionError where it may not; ``app``: that of lines which name none."""
        self._find, self._checkpoints, self._metrics, self._app = find, checkpoints, metrics, app
        self._all: list[Tracking] = []

    def of(self, source: Source) -> Tracking | None:
        """Return what tracks a source, None where it does not give again."""
        if not isinstance(source, GivesAgain) or not source.kept_as:
            return None
        journal = Journal(self._checkpoints, source.kept_as)
        self._all.append(Tracking(source.name, journal, self._metrics, self._app, resumes=source.resumes))
        return self._all[-1]

    async def look(self) -> None:
        """Learn what has arrived; where nothing was on its way nobody is asked."""
        left = [(each.left, each.until_ms) for each in self._all if each.left is not None]
        found: Found | None = ()
        if left:
            epochs = frozenset(epoch for noted, _ in left for epoch in noted.epochs)
            since_ms = min(noted.began_ms or 0 for noted, _ in left)
            found = await self._ask(epochs, since_ms, max(until_ms for _, until_ms in left))
        for each in self._all:
            each.learn(found, time.time_ns() // 1_000_000)

    async def _ask(self, epochs: frozenset[str], since_ms: int, until_ms: int) -> Found | None:
        def wanted(id_of_record: bytes) -> bool:
            place = read(id_of_record)
            return place is not None and place.epoch in epochs

        with contextlib.suppress(TimeoutError, PermissionError):
            async with asyncio.timeout(PATIENCE_S):
                while (found := await self._find(wanted, since_ms, until_ms)) is None:  # noqa: ASYNC110
                    await asyncio.sleep(RETRY_S)  # the wait is for a broker, not for a task of ours
                return found
        return None
