"""When each probe's next round begins. Knows no probe and no clock: the time and the dice are passed in."""

from collections.abc import Callable, Sequence

from msgspec import Struct


class _Turn(Struct):
    every_s: float
    planned_s: float  # the next round's place on the grid of its interval
    begins_s: float  # that and its jitter
    under_way: bool = False


class Schedule:
    """Each round has a place on its probe's grid, moved by jitter, so that many probes do not measure at once.

    A probe's rounds never overlap. A round that cannot begin before the next one's time is left out, not made up for.
    """

    def __init__(self, every_s: Sequence[float], jitter: float, room: int, dice: Callable[[], float], now_s: float) -> None:
        """``jitter`` is the share of its interval by which a round may begin late, ``room`` how many may be at once."""
        self.skipped = 0  # rounds left out
        self._jitter, self._dice = jitter, dice
        self._room = room
        self._turns = [_Turn(every, now_s, now_s + self._late_s(every)) for every in every_s]

    def begin(self, now_s: float) -> list[int]:
        """Return the numbers of the probes whose round begins now: as many as there is room for, the longest due first."""
        waiting = [(turn.begins_s, number) for number, turn in enumerate(self._turns) if not turn.under_way]
        begun = [number for begins_s, number in sorted(waiting) if begins_s <= now_s][: self._room]
        for number in begun:
            turn = self._turns[number]
            self._leave_out(turn, int((now_s - turn.planned_s) // turn.every_s))
            self._plan(turn)
            turn.under_way = True
        self._room -= len(begun)
        return begun

    def ended(self, number: int, now_s: float) -> None:
        """Hear that a probe's round has ended; rounds whose time came meanwhile are left out."""
        turn = self._turns[number]
        turn.under_way = False
        self._room += 1
        if turn.begins_s <= now_s:
            self._leave_out(turn, int((now_s - turn.planned_s) // turn.every_s))
            self._leave_out(turn, 1)
            self._plan(turn, rounds=0)

    @property
    def next_s(self) -> float | None:
        """When to ask again; None: only when a round has ended."""
        if not self._room:
            return None
        return min((turn.begins_s for turn in self._turns if not turn.under_way), default=None)

    def _leave_out(self, turn: _Turn, rounds: int) -> None:
        turn.planned_s += rounds * turn.every_s
        self.skipped += rounds

    def _plan(self, turn: _Turn, rounds: int = 1) -> None:
        turn.planned_s += rounds * turn.every_s
        turn.begins_s = turn.planned_s + self._late_s(turn.every_s)

    def _late_s(self, every_s: float) -> float:
        return self._jitter * every_s * self._dice()
