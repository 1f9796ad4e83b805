"""Lines that were given up because there was no room for them: counted, and told by a line of their app. Pure.

A line of provider ``probe`` says how many of an app's lines are missing, and between which times, so that it can alert.
"""

from collections.abc import Sequence

from msgspec import Struct

from shippers.gap_lines import gap_line
from streams.core.stamps import text
from streams.core.values import Line

APPS = 1_000  # the lines of further apps are told together, under no name
REASON = "spool_full"


class _Gap(Struct):
    from_ms: int
    to_ms: int
    lines: int = 0


class Dropping:
    """What was dropped of one source and not told yet."""

    def __init__(self, source: str) -> None:
        """``source``: its name."""
        self.source = source
        self._gaps: dict[str, _Gap] = {}

    def __bool__(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._gaps)

    def drop(self, lines: Sequence[Line], at_ms: int) -> None:
        """Give lines up at a time."""
        for line in lines:
            app = line.app if line.app in self._gaps or len(self._gaps) < APPS else ""
            gap = self._gaps.setdefault(app, _Gap(at_ms, at_ms))
            gap.lines += 1
            gap.to_ms = at_ms

    def told(self) -> list[Line]:
        """Return a line for each app, and begin anew."""
        gaps, self._gaps = self._gaps, {}
        return [self._line(app, gap) for app, gap in gaps.items()]

    def _line(self, app: str, gap: _Gap) -> Line:
        told = {"lines": gap.lines, "from_ms": gap.from_ms, "to_ms": gap.to_ms, "reason": REASON}
        return gap_line(app, self.source, text(gap.to_ms), told)
