"""The guard: a catalogue ready to be asked, of columns of requests and of single messages. Knows no file and no topic."""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

from msgspec.structs import replace

from streams.core.security.busy import Busiest
from streams.core.security.catalogue import Catalogue, Engine
from streams.core.security.columns import Columns
from streams.core.security.known_good import KnownGood
from streams.core.security.messages import Messages
from streams.core.security.secrets import Secrets
from streams.core.security.values import Bucket, Finding, Seen

REPEATED_CHARS = 300  # messages up to here are remembered: many repeat word for word
REMEMBERED = 4_096


class CatalogueGuard:
    """Asks the rules of a catalogue. Travels to other processes as the catalogue, and is made anew there.

    Searches are made when the guard is first asked: most commands load the catalogue and never do.
    """

    def __init__(self, catalogue: Catalogue, engine: Engine) -> None:
        """Keep the catalogue, and what makes searches of its patterns."""
        self._catalogue, self._engine = catalogue, engine
        self.buckets: dict[str, Bucket] = {bucket.name: bucket for bucket in catalogue.buckets}

    @cached_property
    def _good(self) -> KnownGood:
        return KnownGood(self._catalogue.allow, self._engine)

    @cached_property
    def _secrets(self) -> Secrets:
        return Secrets(self._catalogue.secrets, self._engine)

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self._catalogue, self._engine, self._good, self._secrets)

    @cached_property
    def _busiest(self) -> Busiest:
        return Busiest(self._catalogue, self._good)

    @cached_property
    def _remembered(self) -> Callable[[str], Finding | None]:
        return lru_cache(REMEMBERED)(self._messages.finding)

    @cached_property
    def _messages(self) -> Messages:
        return Messages(self._catalogue, self._engine, self._secrets)

    def __reduce__(self) -> tuple[Any, tuple[Catalogue, Engine]]:
        """Travel as the catalogue: searches cannot. A process makes them once, however often it comes."""
        return _arrived, (self._catalogue, self._engine)

    def __eq__(self, other: object) -> bool:
        """Guards of the same catalogue are the same."""
        return isinstance(other, CatalogueGuard) and self._catalogue == other._catalogue

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(tuple(self.buckets))

    @property
    def words(self) -> tuple[str, ...]:
        """Return words of which one is in every message that shows anything."""
        words = {word for rule in self._catalogue.lines for word in rule.words}
        return tuple(sorted(words | {word for rule in self._catalogue.secrets for word in rule.words}))

    def requests(
        self,
        client_ips: Sequence[str | None],
        methods: Sequence[str | None],
        targets: Sequence[str | None],
        statuses: Sequence[str | None],
        agents: Sequence[str | None],
        *,
        panes: int = 1,
    ) -> Seen:
        """Look at columns of requests, of so many panes; one request is a column of one row."""
        seen = self._columns.seen(client_ips, methods, targets, statuses, agents)
        seen.suspects += self._busiest.suspects(client_ips, targets, agents, panes)
        return seen

    def line(self, text: str) -> Finding | None:
        """Look at a message that is no request."""
        found = self._remembered(text) if len(text) <= REPEATED_CHARS else self._messages.finding(text)
        if found is None or self._good.address(found.client_ip):
            return None
        return replace(found, feeds=()) if found.feeds and self._good.proxy(found.client_ip) else found


@lru_cache(maxsize=8)
def _arrived(catalogue: Catalogue, engine: Engine) -> CatalogueGuard:
    return CatalogueGuard(catalogue, engine)
