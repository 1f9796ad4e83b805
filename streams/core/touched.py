"""The sources that the records at hand speak of, bounded by the plan's limits. Knows no format, envelope or topic."""

from collections.abc import Iterable, Iterator

from streams.core.joins import Joins
from streams.core.plan import Plan
from streams.core.routes import OTHER
from streams.core.sources import Source, named


class Touched:
    """Takes sources out of the cache of all, and lets no more apps in than a partition may have."""

    __slots__ = ("_apps", "_here", "_joins", "_known", "_new_apps", "_plan")

    def __init__(
        self, known: dict[tuple[str, str], Source], joins: dict[tuple[str, str], Joins], apps: set[str], plan: Plan
    ) -> None:
        """Begin with the cache (which changes), what instances have open, and the apps that have panes."""
        self._joins = joins
        self._known, self._apps, self._plan = known, apps, plan
        self._new_apps: set[str] = set()
        self._here: dict[tuple[str, str], Source] = {}

    def sources(self) -> Iterable[Source]:
        """Return those that were asked for."""
        return self._here.values()

    def waiting(self) -> Iterator[tuple[Source, list[int]]]:
        """Yield the sources of which lines wait, and the numbers of these lines."""
        for source in self._here.values():
            if numbers := source.rest():
                yield source, numbers

    def source(self, app: str, instance: str, region: str) -> Source:
        """Return the source of this name; of one app too many, that of all others."""
        app, instance = named(app, instance)
        if app not in self._apps and app not in self._plan.apps and app not in self._new_apps:
            if len(self._apps) + len(self._new_apps) >= self._plan.limits.apps:
                app = OTHER
            else:
                self._new_apps.add(app)
        key = (app, instance)
        source = self._here.get(key) or self._known.get(key)
        if source is None:
            if len(self._known) >= self._plan.limits.instances:
                self._known.clear()
            source = self._known[key] = Source(app, instance, region)
        if key not in self._here:
            source.begin()
            source.opened = self._joins.get(key)
            self._here[key] = source
        source.prefix = None  # the clock may have moved since the record before
        return source
