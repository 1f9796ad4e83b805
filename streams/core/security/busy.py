"""Clients with many requests at once: each different path or agent of theirs fills a bucket. Knows no single-line rule."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from streams.core.security.catalogue import Busy, Catalogue
from streams.core.security.known_good import KnownGood
from streams.core.security.values import Suspect

LEAST = 4  # rows of one client in a column, and different values among them, before it is looked at closer: this keeps it cheap
_NOBODY = frozenset((None, "", "-"))
_KEPT_CHARS = 200  # of a path or an agent: what makes it different stands before
Texts = Sequence[str | None]


class Busiest:
    """The buckets that every request of a busy client fills."""

    __slots__ = ("_caps", "_good", "_kinds")

    def __init__(self, catalogue: Catalogue, good: KnownGood) -> None:
        """Keep the buckets that count every request."""
        self._kinds = catalogue.busy
        self._caps = {bucket.name: bucket.capacity + 1 for bucket in catalogue.buckets}
        self._good = good

    def suspects(self, client_ips: Texts, targets: Texts, agents: Texts) -> Iterator[Suspect]:
        """Yield a suspect for each different value of each busy client, as many as its bucket can tell of."""
        if not self._kinds or len(client_ips) < LEAST:
            return
        busy = {ip for ip, n in Counter(client_ips).items() if n >= LEAST and ip not in _NOBODY}
        busy = {ip for ip in busy if not self._good.proxy(ip) and not self._good.address(ip)}
        if not busy:
            return
        for kind in self._kinds:
            column = agents if kind.distinct == "agent" else targets
            pairs = set(zip(client_ips, column, strict=True))
            if len(pairs) - len(busy) < LEAST - 1:
                continue  # most often: each client has one agent
            values: dict[str | None, list[str | None]] = {ip: [] for ip in busy}
            for ip, value in pairs:
                if ip in values:
                    values[ip].append(value)
            many = {ip: set(different) for ip, different in values.items() if len(different) >= LEAST}
            if many and (bots := {agent for agent in set(agents) if self._good.agent(agent)}):
                for ip in {ip for ip, agent in zip(client_ips, agents, strict=True) if agent in bots}:
                    many.pop(ip, None)
            yield from self._of(kind, many)

    def _of(self, kind: Busy, many: dict[str | None, set[str | None]]) -> Iterator[Suspect]:
        for ip, values in sorted((ip, values - _NOBODY) for ip, values in many.items() if ip):
            different = _paths(kind, values) if kind.distinct == "path" else values
            if len(different) >= LEAST:
                told = sorted({value[:_KEPT_CHARS] for value in different if value})[: self._caps[kind.bucket]]
                yield from (Suspect(kind.bucket, ip, value) for value in told)


def _paths(kind: Busy, targets: Iterable[str | None]) -> set[str | None]:
    """Return the paths that count."""
    endings, folders = kind.endings, kind.folders
    counted = [target for target in targets if target and target[1 : target.find("/", 1)] not in folders]
    paths = {target.partition("?")[0] for target in counted}
    return {path for path in paths if path[path.rfind(".") :] not in endings}
