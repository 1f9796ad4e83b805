"""Parts the stamps of many lines into runs of one pane. Knows no line's text."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

FEW = 4  # lines that are read faster one by one
_BEHIND = "\U0010ffff"  # stands behind all stamps that begin alike


def runs(stamps: Sequence[str | None]) -> Iterator[tuple[int, int]] | None:
    """Return where each run of stamps with the same 18 characters begins and ends.

    None where they are not in order, not all in UTC, or missing: then each is to be looked at.
    """
    try:
        ordered = sorted(stamps)  # type: ignore[type-var]  # None in it is an error that is seldom
        joined = "\n".join((*stamps, ""))  # type: ignore[arg-type]  # as above
    except TypeError:
        return None
    count = len(ordered)
    if joined.count("Z\n") != count or "\n" in "".join(stamps):  # type: ignore[arg-type]  # as above
        return None
    if ordered[0][:18] == ordered[-1][:18]:  # type: ignore[index]  # as above
        return iter(((0, count),))
    return _parted(stamps) if ordered == list(stamps) else None  # type: ignore[arg-type]  # as above


def _parted(stamps: Sequence[str]) -> Iterator[tuple[int, int]]:
    begin = 0
    while begin < len(stamps):
        end = bisect_left(stamps, stamps[begin][:18] + _BEHIND, begin)
        yield begin, end
        begin = end
