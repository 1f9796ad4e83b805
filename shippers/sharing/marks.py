"""What a member leaves to whoever has its partitions next, as metadata of the group's offsets. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

MOST_BYTES = 4_000  # a broker takes 4,096 (offset.metadata.max.bytes)


class Mark(Struct, frozen=True, forbid_unknown_fields=True):
    """Every line stamped up to ``heard_ns`` is in the topic, but for those of apps in ``fills``, each from a stamp on.

    ``apps``: of which something may have been said. Stamps are nanoseconds since 1970.
    """

    heard_ns: int
    fills: dict[str, int] = {}
    apps: tuple[str, ...] = ()
    v: int = 1


def written(mark: Mark) -> str:
    """Return a mark as metadata; one that would be too long is made shorter, and asks for more than was missed."""
    shorter = (
        mark,
        Mark(mark.heard_ns, mark.fills),  # apps are found out again: by the Machines API, as they speak
        Mark(min([mark.heard_ns, *mark.fills.values()])),
    )
    texts = (msgspec.json.encode(each).decode() for each in shorter)
    return next(text for text in texts if len(text.encode()) <= MOST_BYTES)


def read(metadata: str) -> Mark | None:
    """Return the mark that metadata tells; None where it is somebody else's, or there is none."""
    try:
        mark = msgspec.json.decode(metadata, type=Mark)
    except msgspec.MsgspecError:
        return None
    return mark if mark.v == 1 else None


def joined(marks: Iterable[Mark]) -> Mark | None:
    """Return what holds for all of several partitions; None where there is no mark."""
    all_of_them = list(marks)
    if not all_of_them:
        return None
    fills: dict[str, int] = {}
    for mark in all_of_them:
        for app, at_ns in mark.fills.items():
            fills[app] = min(at_ns, fills.get(app, at_ns))
    apps = dict.fromkeys(app for mark in all_of_them for app in mark.apps)
    return Mark(min(mark.heard_ns for mark in all_of_them), fills, tuple(apps))
