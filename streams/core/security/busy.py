"""Clients with many requests at once: each different path or agent of theirs fills a bucket. Knows no single-line rule."""

from collections import Counter
from collections.abc import Iterable, Sequence

from streams.core.security.catalogue import Busy, Catalogue, Engine
from streams.core.security.known_good import KnownGood
from streams.core.security.values import Suspect

LEAST = 4  # rows of one client in a column before it is looked at closer: keeps the hot path cheap
_NOBODY = frozenset((None, "", "-"))
_READ_CHARS = 500  # of a path or an agent: what makes it different stands before


class Busiest:
    """The buckets that every request of a busy client fills."""

    __slots__ = ("_caps", "_good", "_kinds", "_unless")

    def __init__(self, catalogue: Catalogue, engine: Engine, good: KnownGood) -> None:
        """Make the searches for paths that do not count."""
        self._kinds = catalogue.busy
        self._unless = {kind: engine.several(kind.unless) for kind in catalogue.busy if kind.unless}
        self._caps = {bucket.name: bucket.capacity + 1 for bucket in catalogue.buckets}
        self._good = good

    def suspects(
        self, client_ips: Sequence[str | None], targets: Sequence[str | None], agents: Sequence[str | None]
    ) -> list[Suspect]:
        """Return a suspect for each different value of each busy client, as many as its bucket can tell of."""
        if not self._kinds or len(client_ips) < LEAST:
            return []
        busy = {ip for ip, n in Counter(client_ips).items() if n >= LEAST and ip not in _NOBODY}
        if not busy:
            return []
        busy = {ip for ip in busy if not self._good.proxy(ip) and not self._good.address(ip)}
        found: list[Suspect] = []
        for kind in self._kinds:
            column = agents if kind.distinct == "agent" else targets
            pairs = {pair for pair in zip(client_ips, column, strict=True) if pair[0] in busy}
            found += self._of(kind, pairs, client_ips, agents)
        return found

    def _of(
        self,
        kind: Busy,
        pairs: set[tuple[str | None, str | None]],
        client_ips: Sequence[str | None],
        agents: Sequence[str | None],
    ) -> Iterable[Suspect]:
        many = {ip for ip, n in Counter(ip for ip, _ in pairs).items() if n >= LEAST}
        if not many:
            return
        bots = {ip for ip, agent in set(zip(client_ips, agents, strict=True)) if ip in many and self._good.agent(agent)}
        unless, cap = self._unless.get(kind), self._caps[kind.bucket]
        told: dict[str, set[str]] = {}
        for ip, value in sorted((ip, value) for ip, value in pairs if ip and value and ip in many and ip not in bots):
            text = value.split("?", 1)[0][:_READ_CHARS] if kind.distinct == "path" else value[:_READ_CHARS]
            values = told.setdefault(ip, set())
            if text in values or len(values) >= cap or (unless and unless(text.encode("utf-8", "replace"))):
                continue
            values.add(text)
            yield Suspect(kind.bucket, ip, text)
