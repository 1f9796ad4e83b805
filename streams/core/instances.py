"""What the instances remember between lines, while records are folded: copied before it changes. Knows no format."""

from streams.core.joins import Joins

Key = tuple[str, str]  # app, instance


class Instances:
    """The joins of all instances as they were, and as they are now where they changed."""

    __slots__ = ("_before", "_cap", "changed")

    def __init__(self, before: dict[Key, Joins], cap: int) -> None:
        """Begin with what there was; ``cap`` bounds the open requests of one instance."""
        self._before, self._cap = before, cap
        self.changed: dict[Key, Joins] = {}

    def own(self, key: Key) -> Joins:
        """Return the joins of an instance as they may change."""
        joins = self.changed.get(key)
        if joins is None:
            old = self._before.get(key)
            joins = self.changed[key] = old.copy() if old is not None else Joins()
            joins.cap = self._cap
        return joins

    def heading(self, key: Key, at_ms: int) -> tuple[str, str]:
        """Return the names of columns and the date that an instance told; while they are asked for they are kept."""
        joins = self.changed.get(key, self._before.get(key))
        if joins is None:
            return "", ""
        if joins.ages(at_ms):
            self.own(key).keep(at_ms)
        return joins.heading
