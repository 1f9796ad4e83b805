"""Keeps the routes of a pane few. Knows no target, app or pane.

Ids without a digit (``/products/blue-shirt``) are learnt from their number: once a pane has more routes than its cap, what
has many children becomes one route, ``/products/:any``; what is still too much goes to OTHER.
"""

from collections import Counter, _count_elements  # type: ignore[attr-defined]  # Counter.update without its checks
from collections.abc import Mapping

from streams.core.routes import OTHER

MANY = 50  # children of one route, from which they are taken for ids
ANY = "/:any"


class Routes(Counter[str]):
    """Counts by route; ``learnt`` are those whose children are one route."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        """Begin with counts, of which some may be learnt already."""
        super().__init__(counts)
        self.learnt = {route.removesuffix(ANY) for route in self if route.endswith(ANY)}

    def count(self, column: list[str], cap: int) -> None:
        """Count a column of routes."""
        if len(self) + len(column) <= cap and not self.learnt:
            _count_elements(self, column)
        else:
            self.add(Counter(column), cap)

    def add(self, more: Counter[str], cap: int) -> None:
        """Add counts by route; none is lost, and no more than ``cap`` routes and OTHER come of it."""
        learnt = more.learnt if isinstance(more, Routes) else set[str]()
        if len(self) + len(more) <= cap and not self.learnt and not learnt:
            self.update(more)
            return
        for parent in learnt - self.learnt:
            self._fold(parent)
        if left := self._placed(more, cap):
            for parent in self._crowded():
                self._fold(parent)
            if left := self._placed(left, cap):
                self[OTHER] += left.total()

    def _placed(self, more: Counter[str], cap: int) -> Counter[str]:
        """Add what has a place, and return the rest."""
        left: Counter[str] = Counter()
        for route, n in more.items():
            parent = route.rpartition("/")[0]
            if parent in self.learnt:
                self[parent + ANY] += n
            elif route in self or len(self) < cap:
                self[route] += n
            else:
                left[route] = n
        return left

    def _crowded(self) -> list[str]:
        parents = Counter(route.rpartition("/")[0] for route in self if route != OTHER)
        return [parent for parent, n in parents.items() if n >= MANY]

    def _fold(self, parent: str) -> None:
        """Make one route of all children of one."""
        self.learnt.add(parent)
        children = [route for route in self if route.rpartition("/")[0] == parent and route != OTHER]
        self[parent + ANY] = sum(self.pop(route) for route in children)
