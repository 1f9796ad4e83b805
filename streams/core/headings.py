"""The names of columns that an instance told for the lines behind them (W3C's ``#Fields``). Knows no format and no clock."""

from msgspec import Struct, structs

DAY_MS = 86_400_000
FORGOTTEN_MS = 7 * DAY_MS  # so long after the last line that was read by them


class Heading(Struct, frozen=True, gc=False):
    """What was told last: the names with blanks between them, and the date of lines that tell none."""

    names: str = ""
    date: str = ""
    at_ms: int | None = None  # when it was told, or kept

    def told(self, names: str | None, date: str, at_ms: int | None) -> "Heading":
        """Return what holds when names or a date were told anew."""
        return Heading(self.names if names is None else names, date or self.date, at_ms)

    def kept(self, at_ms: int) -> "Heading":
        """Return what holds when a line was read by it: the same, but once a day the time of it is noted."""
        fresh = not self.names or (self.at_ms is not None and self.at_ms + DAY_MS >= at_ms)
        return self if fresh else structs.replace(self, at_ms=at_ms)

    def left(self, before_ms: int) -> "Heading":
        """Return what is still to be remembered; what came without a time ages from now on."""
        if self.at_ms is None:
            return self if self == NONE else structs.replace(self, at_ms=before_ms)
        return NONE if self.at_ms + FORGOTTEN_MS < before_ms else self


NONE = Heading()
