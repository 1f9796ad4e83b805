"""How long what had a bug is left alone: longer each time, and shortly again once it ran well. Pure: the time is passed in."""

FIRST_S, MOST_S = 1.0, 60.0  # who runs for the latter is well


class Pauses:
    """Those of one thing that is begun anew again and again."""

    def __init__(self, now_s: float) -> None:
        """It begins for the first time."""
        self._began_s, self._next_s = now_s, FIRST_S

    def begun(self, now_s: float) -> None:
        """Hear that it begins anew."""
        self._began_s = now_s

    def is_well(self, now_s: float) -> bool:
        """Whether it ran for long enough."""
        return now_s - self._began_s >= MOST_S

    def take(self, now_s: float) -> float:
        """Return how long it is to be left alone that fails now."""
        pause_s = FIRST_S if self.is_well(now_s) else self._next_s
        self._next_s = min(2 * pause_s, MOST_S)
        return pause_s
