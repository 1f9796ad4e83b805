"""What came since the last round, of what is counted for ever. Knows no single probe and no clock."""

from collections.abc import Mapping


class Totals:
    """Remembers the totals of the last round that told them."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._before: dict[str, float] = {}

    def since(self, totals: Mapping[str, float | None]) -> dict[str, float | None]:
        """Return by name what came since; None in the first round, and where a total fell, as it was reset meanwhile."""
        return {name: self._since(name, total) for name, total in totals.items()}

    def _since(self, name: str, total: float | None) -> float | None:
        before = self._before.get(name)
        if total is None:
            return None
        self._before[name] = total
        return total - before if before is not None and before <= total else None
