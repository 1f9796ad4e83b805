"""Until when a member of a group may send: no longer than nobody else can have its partitions. Knows no Kafka.

A process that was stopped, or cut off, does not know that others have gone on without it. So it sends only for as long as
Kafka cannot have thrown it out since it last said that this is a member: SESSION_S, less what a request may take.
"""

import asyncio
import math
import time

SESSION_S = 10.0  # without a sign of life for so long, a member is none any more
MARGIN_S = 2.0  # what is sent may be on its way for so long
REBALANCE_S = 60.0  # in which every member must have let go, and come again
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # it goes on while the machine sleeps


def now_s() -> float:
    """Return the time by the clock that leases go by."""
    return time.clock_gettime(_CLOCK)


class Lease:
    """Held by a member for one share."""

    def __init__(self) -> None:
        """Nothing may be sent yet."""
        self.is_over = False  # nothing will be sent any more
        self._until_s = -math.inf
        self._last_s = math.inf
        self._changed = asyncio.Event()

    def renew(self, asked_s: float) -> None:
        """Hear that Kafka called us a member, in the answer to what was asked at a time."""
        self._until_s = max(self._until_s, asked_s + SESSION_S - MARGIN_S)
        self._changed.set()

    def let_go(self, at_s: float) -> None:
        """Hear that the group shares out anew: there is half the time left that all members have for it."""
        self._last_s = min(self._last_s, at_s + REBALANCE_S / 2)

    def end(self) -> None:
        """Send no more."""
        self.is_over = True
        self._changed.set()

    def holds(self, at_s: float) -> bool:
        """Say whether something may be sent at a time."""
        return not self.is_over and at_s < min(self._until_s, self._last_s)

    def is_late(self, at_s: float) -> bool:
        """Say whether the time to let go has passed."""
        return at_s >= self._last_s

    async def admitted(self) -> bool:
        """Wait until something may be sent; False where it may not any more."""
        while not self.holds(now_s()) and not self.is_over:
            self._changed.clear()
            await self._changed.wait()
        return not self.is_over
