"""Clients with many requests at once: each different path or agent of theirs fills a bucket. Knows no single-line rule."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import compress, count

from streams.core.plan import PANE_MS
from streams.core.security.catalogue import Busy, Catalogue
from streams.core.security.known_good import KnownGood
from streams.core.security.suspects import MOST_VALUES
from streams.core.security.values import Suspect

SAMPLE = 256  # rows of a column by which busy clients are known
SHARE = 32  # of a column: who has less of it is not busy
PARTS = 8  # of what a bucket holds: a client that does less at once does not fill it
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
        # Enough of one pane to run over, though the bucket leaks meanwhile.
        self._caps = {each.name: min(each.capacity + 1 + PANE_MS // each.leak_ms, MOST_VALUES) for each in catalogue.buckets}
        self._good = good

    def suspects(self, client_ips: Texts, targets: Texts, agents: Texts, panes: int = 1) -> Iterator[tuple[int, Suspect]]:
        """Yield a suspect for each different value of each busy client, with its first row, up to what its bucket can tell.

        ``panes`` is of how many the rows are: so many times as much is told.
        """
        rows = self._rows(client_ips)
        for kind in self._kinds if rows else ():
            column = agents if kind.distinct == "agent" else targets
            values: dict[str | None, dict[str | None, int]] = {}
            for row in rows:
                values.setdefault(client_ips[row], {}).setdefault(column[row], row)
            least = max(LEAST, self._caps[kind.bucket] // PARTS)
            many = {ip: different for ip, different in values.items() if len(different) >= least}
            if many and (bots := {agent for agent in set(agents) if self._good.agent(agent)}):
                for ip in {ip for ip, agent in zip(client_ips, agents, strict=True) if agent in bots}:
                    many.pop(ip, None)
            yield from self._of(kind, many, least, self._caps[kind.bucket] * panes)

    def _rows(self, client_ips: Texts) -> list[int]:
        """Return the rows of clients that come often; of a long column a sample tells who does."""
        if not self._kinds or len(client_ips) < LEAST:
            return []
        sample = client_ips[:: max(1, len(client_ips) // SAMPLE)]
        least = max(LEAST, len(sample) // SHARE)
        often = [ip for ip, n in Counter(sample).items() if n >= least and ip not in _NOBODY]
        busy = {ip for ip in often if not self._good.proxy(ip) and not self._good.address(ip)}
        return list(compress(count(), map(busy.__contains__, client_ips))) if busy else []

    def _of(
        self, kind: Busy, many: dict[str | None, dict[str | None, int]], least: int, most: int
    ) -> Iterator[tuple[int, Suspect]]:  # fmt: skip
        for ip in sorted(ip for ip in many if ip):
            different = {value: row for value, row in many[ip].items() if value and value not in _NOBODY}
            if kind.distinct == "path":
                different = _paths(kind, different)
            if len(different) >= least:
                told = {value[:_KEPT_CHARS]: row for value, row in reversed(different.items())}
                yield from ((told[value], Suspect(kind.bucket, ip, value)) for value in sorted(told)[:most])


def _paths(kind: Busy, targets: dict[str, int]) -> dict[str, int]:
    """Return the paths that count, each with the row of its first target."""
    endings, folders = kind.endings, kind.folders
    paths: dict[str, int] = {}
    for target, row in targets.items():
        path = target.partition("?")[0]
        if path[path.rfind(".") :] not in endings and path[1 : path.find("/", 1)] not in folders:
            paths.setdefault(path, row)
    return paths
