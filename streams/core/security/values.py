"""What security speaks in: findings of one line, suspects that fill buckets, and who decides. Knows no pattern."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Finding(Struct, frozen=True, gc=False):
    """What one line shows by itself. ``evidence`` is masked; ``client_ip`` None where the line names no address."""

    rule: str
    severity: str  # critical, warning or info
    client_ip: str | None
    evidence: str
    feeds: tuple[str, ...] = ()  # the buckets of its client that it fills, by name


class Suspect(Struct, frozen=True, gc=False):
    """Something that is no finding by itself, but fills a bucket of its client: a 401, a 404, one more user agent."""

    bucket: str
    client_ip: str
    value: str = ""  # of a bucket that counts different values: the path, the agent


class Bucket(Struct, frozen=True):
    """What shows over time: a bucket of each client that leaks one hit every ``leak_ms``.

    More than ``capacity`` hits in it make a security event; one with ``distinct`` counts different values alone.
    """

    name: str
    severity: str
    capacity: int
    leak_ms: int
    distinct: bool = False


class Seen(Struct):
    """What a column of requests shows: findings and suspects, each with its row."""

    findings: list[tuple[int, Finding]]
    suspects: list[tuple[int, Suspect]]


class Guard(Protocol):
    """The catalogue of config/security.toml, ready to be asked. Total, and linear in what it is given."""

    @property
    def buckets(self) -> dict[str, Bucket]:
        """Return the buckets by name."""
        ...

    @property
    def words(self) -> tuple[str, ...]:
        """Return words of which one is in every message that shows anything."""
        ...

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
        ...

    def line(self, text: str) -> Finding | None:
        """Look at a message that is no request: a failed login, a leaked secret."""
        ...
