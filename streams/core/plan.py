"""What the core is told: apps, limits and times, frozen. Reads no file and no environment."""

from collections.abc import Callable

from msgspec import Struct

from streams.core.events.sign import External
from streams.core.first_look import Look
from streams.core.parsing.format import Format
from streams.core.rules import Rule
from streams.core.security.values import Guard

PANE_MS = 10_000
MINUTE_MS = 60_000


class Limits(Struct, frozen=True):
    """Bounds on everything that grows with the input; what lies beyond is cut or counted, as each says."""

    line_chars: int = 16_384  # the rest of a message is cut and counted
    record_bytes: int = 4_194_304  # a longer record is dead-lettered
    apps: int = 500  # of one partition; the lines of further apps go to the app "(other)"
    instances: int = 5_000  # of one partition; with further ones the cache of their formats is emptied
    routes_per_pane: int = 1_000  # the requests of further routes go to "(other)"
    route_chars: int = 200  # the rest of a route is cut
    joins: int = 256  # open requests of one instance; the oldest is dropped and counted
    join_age_ms: int = 600_000  # an open request older than this is dropped and counted
    suspects: int = 1_000  # clients and buckets of one pane; the hits of further ones are counted, and fill none
    buckets: int = 20_000  # that are not empty, of one partition of panes; the hits of further ones fill none
    evidence_lines: int = 5  # of one pane and of one alert
    panes: int = 12_000  # kept open by a replay before the oldest are closed


class App(Struct, frozen=True):
    """One app as config/flywatch.toml has it."""

    name: str
    environment: str = "unknown"
    monitoring: str = "full"
    url: str | None = None
    health_paths: frozenset[str] = frozenset()
    latency_exclude_paths: frozenset[str] = frozenset()


class Plan(Struct, frozen=True):
    """All that ``step`` needs to know besides its state and a record."""

    rules: tuple[Rule, ...] = ()
    apps: dict[str, App] = {}
    unlisted: App = App("")  # stands for an app that the config does not name
    limits: Limits = Limits()
    partitions: int = 1  # sources of panes
    lateness_ms: int = 3_600_000  # what ended longer ago stays out of panes
    ahead_ms: int = 60_000  # a stamp further ahead of the clock is replaced by arrival
    grace_ms: int = 5_000
    silent_ms: int | None = 60_000  # None: every source is waited for (history)
    requests: bool = True  # publish parsed requests
    formats: tuple[Format, ...] = ()  # the user's own, for messages that no other takes
    external: tuple[External, ...] = ()  # the user's own services, asked before any sign of an event
    masks: tuple[Callable[[str], str], ...] = ()  # the user's own, for what leaves as evidence
    templates: tuple[str, ...] = ()  # routes as the user writes them: /shop/:category/:slug, /files/*
    look: Look | None = None  # None: every line is asked for everything
    security: Guard | None = None  # None: nothing is looked for

    @property
    def stamped(self) -> bool:
        """Tell whether the stamp of every request is asked for, not only its pane."""
        return self.requests or self.security is not None

    def masked(self, text: str) -> str:
        """Return evidence without what the user's own masks take out; the built-in ones were applied before."""
        for mask in self.masks:
            text = mask(text)
        return text

    def app(self, name: str) -> App:
        """Return the app's settings, or those of unlisted apps."""
        return self.apps.get(name, self.unlisted)
