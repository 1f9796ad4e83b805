"""Decides in which pane a line counts. Knows no format, topic or clock but the one it is given."""

from collections.abc import Iterable
from itertools import groupby

from streams.core import stamps
from streams.core.parsing.format import Number
from streams.core.plan import PANE_MS, Plan
from streams.core.sources import Column, Source

BARE = "bare"  # the prefix of lines without an envelope's stamp: no stamp begins so


def move(source: Source, stamp: str | None, clock_ms: int, plan: Plan) -> None:
    """Move a source to the pane of a line's stamp, if it is not there."""
    if stamp is None:
        if source.prefix != BARE:
            _turn(source, None, clock_ms, plan)
    elif stamp[:18] != source.prefix or stamp[-1:] != "Z":
        _turn(source, stamp, clock_ms, plan)


def _turn(source: Source, stamp: str | None, clock_ms: int, plan: Plan) -> None:
    """Move a source to the pane of this stamp; without a readable one, to the stamps of the lines themselves."""
    at_ms: int | None
    if stamp is not None and stamp.endswith("Z"):
        source.prefix, at_ms = stamp[:18], stamps.pane_ms(stamp[:18])
    else:
        source.prefix, at_ms = (None, stamps.ms(stamp)) if stamp else (BARE, None)
    place = (None, False, False) if at_ms is None else placed(at_ms - at_ms % PANE_MS, clock_ms, plan)
    source.turn(place[0], clock_ms, late=place[1], ahead=place[2])


def placed(start_ms: int | None, clock_ms: int, plan: Plan) -> tuple[int, bool, bool]:
    """Return the pane that counts, whether the line is too late to count as what it says, whether its stamp was ahead.

    ``start_ms`` is the pane of the line's stamp, None when it has none; it then counts when it arrives.
    """
    arrival_ms = clock_ms - clock_ms % PANE_MS
    if start_ms is None:
        return arrival_ms, False, False
    if start_ms + PANE_MS + plan.lateness_ms < clock_ms:
        return arrival_ms, True, False
    if start_ms > clock_ms + plan.ahead_ms:
        return arrival_ms, False, True
    return start_ms, False, False


def by_pane(column: Column, plan: Plan) -> Iterable[Column]:
    """Part rows without an envelope's stamp by the stamps they carry themselves."""
    parts: dict[tuple[int, bool, bool], Column] = {}
    of_stamp: dict[Number, tuple[Column, str | None]] = {}  # many lines share a second
    read, wanted, table = column.fmt.stamp_ms, plan.requests, column.table()
    begin = end = 0
    last: Column | None = None
    for stamp, same in groupby(table[6]):  # neighbours share a second
        found = of_stamp.get(stamp)
        if found is None:
            at_ms = stamps.bounded(read(stamp)) if read is not None and stamp else None
            key = placed(None if at_ms is None else at_ms - at_ms % PANE_MS, column.clock_ms, plan)
            part = parts.get(key)
            if part is None:
                part = parts[key] = Column(column.fmt, key[0], column.clock_ms, late=key[1], ahead=key[2])
            told = None if at_ms is None or not plan.requests else stamps.text(at_ms)
            found = of_stamp[stamp] = (part, told)
        part, told = found
        if last is not None and part is not last:
            last.append(tuple(each[begin:end] for each in table))
            begin = end
        last, rows = part, len(list(same))
        end += rows
        if wanted:
            part.stamps += [told] * rows
    if last is not None:
        last.append(tuple(each[begin:end] for each in table))
    return parts.values()
