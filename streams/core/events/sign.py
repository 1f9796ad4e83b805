"""What a sign of an event is. Knows no single sign."""

import re
from collections.abc import Callable

from msgspec import Struct

from streams.core.lazily import Lazily
from streams.core.values import EventKind


class Sign(Struct, frozen=True):
    """One way in which a line tells of an event; the pattern's only group, if any, is what the event is about."""

    event: EventKind
    needle: str  # is in every line of this sign
    search: Callable[[str], re.Match[str] | None]
    why: str  # it stands here, or says this
    of: frozenset[str] = frozenset()  # the providers that can say it; empty: any


class External(Struct, frozen=True):
    """A service that an app asks, as the user names it, and which lines say that it fails."""

    name: str
    match: Callable[[str], bool]


def sign(event: EventKind, needle: str, pattern: str, why: str, *of: str) -> Sign:
    """Take a pattern that is searched for from the line's beginning (``^``) or behind its needle alone: linear time."""
    return Sign(event, needle, Lazily(pattern, most_groups=1).search, why, frozenset(of))
