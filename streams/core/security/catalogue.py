"""What config/security.toml says, as the core knows it: rules, buckets, who is known to be good. Knows no file.

Patterns are texts in RE2's words; an ``Engine`` that the caller brings makes searches of them, since the core has none that
takes linear time whatever a user writes.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from streams.core.security.values import Bucket

NO_METHOD = "-"  # stands in a rule's methods for a request line that is none


class RequestRule(Struct, frozen=True):
    """What a request shows. Without ``severity`` it is no finding, but fills the buckets in ``feeds``."""

    name: str
    severity: str | None = None
    at: str = "target"  # what the patterns see: target (decoded), path (decoded, before ?) or agent
    words: tuple[str, ...] = ()  # one of them is in every text that the rule sees, in small letters; none: all rows
    match: tuple[str, ...] = ()  # any of them; none: the words themselves
    unless: tuple[str, ...] = ()  # paths that are left alone
    spared: tuple[str, ...] = ()  # parameters, decoded, as name=value: what is in them alone is no finding
    typed: tuple[str, ...] = ()  # such that people type into: what is in them alone is a warning at most
    methods: frozenset[str] = frozenset()  # none: all
    statuses: frozenset[str] = frozenset()  # none: all
    served: str | None = None  # the severity if the server answered with 2xx
    feeds: tuple[str, ...] = ()


class LineRule(Struct, frozen=True):
    """What a message that is no request says: a failed login, by the words of the software that refused it."""

    name: str
    severity: str
    words: tuple[str, ...]  # as written; one of them is in every line that the rule sees
    match: tuple[str, ...]  # with a group client_ip where the line names the client
    unless: tuple[str, ...] = ()  # lines that are left alone
    feeds: tuple[str, ...] = ()


class SecretRule(Struct, frozen=True):
    """A secret that should not be in a log; the group ``secret`` (or all that is found) is never shown."""

    name: str
    severity: str
    words: tuple[str, ...]
    match: tuple[str, ...]


class Busy(Struct, frozen=True):
    """A bucket that every request of a client with many requests fills, with each different path or agent.

    A page asks for its pictures and styles itself: paths with such an ending, or in such a folder, do not count.
    """

    bucket: str
    distinct: str  # path or agent
    endings: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()


class Allow(Struct, frozen=True):
    """Known good."""

    addresses: tuple[str, ...] = ()  # networks from which nothing is told
    proxies: tuple[str, ...] = ()  # networks that stand for many clients: they fill no bucket
    agents: tuple[str, ...] = ()  # words of agents that no rule of agents and no bucket minds
    paths: tuple[str, ...] = ()  # patterns of paths of which nothing is told


class Catalogue(Struct, frozen=True):
    """All of it; where several rules see the same in a line, the first one is told."""

    requests: tuple[RequestRule, ...] = ()
    lines: tuple[LineRule, ...] = ()
    secrets: tuple[SecretRule, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    busy: tuple[Busy, ...] = ()
    allow: Allow = Allow()


Found = tuple[int, int]  # where a match begins and ends, in bytes


class Engine(Protocol):
    """Makes searches in bytes; capitals and small letters are the same to them unless a pattern says ``(?-i)``."""

    def several(self, patterns: Sequence[str]) -> Callable[[bytes], Sequence[int] | None]:
        """Return a search for many patterns in one pass: the numbers of those that are in a text, None or none for no one."""
        ...

    def lines(self, pattern: str) -> Callable[[bytes], list[int]]:
        """Return a search for the lines of a text that a pattern is in: their numbers, from 0."""
        ...

    def group(self, pattern: str, name: str) -> Callable[[bytes], Found | None]:
        """Return a search for the place of a group: (-1, -1) when the pattern is there without it, None when it is not."""
        ...
