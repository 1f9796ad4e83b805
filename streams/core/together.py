"""Parts the stamps of many lines into runs of one pane. Knows no line's text."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import cast

_LAST = itemgetter(-1)
FEW = 4  # lines that are read faster one by one
_BEHIND = "\U0010ffff"  # stands behind all stamps that begin alike


def runs(stamps: Sequence[str | None]) -> Iterator[tuple[int, int]] | None:
    """Return where each run of stamps with the same 18 characters begins and ends.

    None where they are not in order, not all in UTC, or missing: then each is to be looked at.
    """
    known = cast("Sequence[str]", stamps)  # a missing one is an error that is seldom, as is an empty one
    try:
        ordered, zones = sorted(known), "".join(map(_LAST, known))
    except (TypeError, IndexError):
        return None
    if zones != "Z" * len(ordered):
        return None
    if ordered[0][:18] == ordered[-1][:18]:
        return iter(((0, len(ordered)),))
    return _parted(known) if ordered == list(known) else None


def _parted(stamps: Sequence[str]) -> Iterator[tuple[int, int]]:
    begin = 0
    while begin < len(stamps):
        end = bisect_left(stamps, stamps[begin][:18] + _BEHIND, begin)
        yield begin, end
        begin = end
