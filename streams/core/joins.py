"""Requests told over several lines: holds the open ones of one instance. Knows no log format and no clock.

It also holds the names of the columns that an instance told for the lines behind them. State that survives a crash: plain
values out (``dump``) and in (``load``), equal when they hold the same. Bounded twice: by a cap and by age.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct, convert, structs, to_builtins

from streams.core.values import Reason, Request

CAP = 256
DAY_MS = 86_400_000
COLUMNS_MS = 7 * DAY_MS  # so long after the last line that was read by them the names of columns are forgotten


class Kind(StrEnum):
    """What a line says about its request."""

    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"  # ended with an error that says too little to count without its start
    HEADED = "headed"  # no request: names the columns of the lines behind it as its target, or their date as its id


class Fragment(Struct, frozen=True, gc=False):
    """One line's part of a request; ``id`` is what all lines of the request carry, '' when they carry nothing."""

    kind: Kind
    id: str = ""
    method: str | None = None
    target: str | None = None
    client_ip: str | None = None
    status: int | None = None
    duration_ms: float | None = None
    stamp_ms: int | None = None
    format: str = ""


class Open(Struct, frozen=True, gc=False):
    """A request that has begun."""

    fragment: Fragment
    at_ms: int | None  # when its start was logged
    line: int | None
    blurred: bool = False  # it may be a neighbour that this entry stands for: nothing of its start is sure


class Joins:
    """The open requests of one instance, in the order of their starts."""

    __slots__ = ("_headed", "_open", "cap", "dropped")

    def __init__(self, cap: int = CAP, requests: tuple[Open, ...] = ()) -> None:
        """Begin with what was open, if anything."""
        self.cap = cap
        self.dropped = 0  # how many the last ``take`` pushed out; no part of the state
        self._open = [each for each in requests if each.fragment.kind is not Kind.HEADED]
        self._headed = next((each for each in requests if each.fragment.kind is Kind.HEADED), None)

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same open requests and the same names of columns."""
        return isinstance(other, Joins) and self._open == other._open and self._headed == other._headed

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __len__(self) -> int:
        """Return how many requests are open."""
        return len(self._open)

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to remember."""
        return not self._open and self._headed is None

    @property
    def heading(self) -> tuple[str, str]:
        """Return the names of the columns that the instance told last, with blanks between them, and the date."""
        return ("", "") if self._headed is None else (self._headed.fragment.target or "", self._headed.fragment.id)

    def ages(self, at_ms: int) -> bool:
        """Tell whether the names of the columns are to be kept anew, as a line was read by them; about once a day."""
        return self._headed is not None and (self._headed.at_ms is None or self._headed.at_ms + DAY_MS < at_ms)

    def keep(self, at_ms: int) -> None:
        """Note that a line was read by the names of the columns."""
        if self._headed is not None:
            self._headed = structs.replace(self._headed, at_ms=at_ms)

    def copy(self) -> "Joins":
        """Return an independent copy."""
        return Joins(self.cap, self._all())

    def dump(self) -> list[Any]:
        """Return all that is held as plain JSON values."""
        return [to_builtins(each) for each in self._all()]

    @classmethod
    def load(cls, values: list[Any], cap: int = CAP) -> "Joins":
        """Take back what ``dump`` gave."""
        return cls(cap, tuple(convert(values, list[Open])))

    def expire(self, before_ms: int) -> int:
        """Drop the requests that began before this; return how many."""
        kept = [each for each in self._open if (began := _began_ms(each)) is None or began >= before_ms]
        dropped = len(self._open) - len(kept)
        self._open = kept
        if (headed := self._headed) is not None and headed.at_ms is not None and headed.at_ms + COLUMNS_MS < before_ms:
            self._headed = None
        return dropped

    def take(self, fragment: Fragment, at_ms: int | None, line_number: int | None = None) -> Request | Reason:
        """Open a request, or complete one; ``dropped`` then says how many the cap pushed out."""
        self.dropped = 0
        if fragment.kind is Kind.HEADED:
            names, date = self.heading
            names = names if fragment.target is None else fragment.target
            self._headed = Open(structs.replace(fragment, target=names, id=fragment.id or date), at_ms, line_number)
            return Reason.PART
        if fragment.kind is Kind.STARTED:
            return self._begin(Open(fragment, at_ms, line_number))
        several = self._of(fragment)
        if len(several) == 1:
            start = several[0]
            self._open = [each for each in self._open if each is not start]
            return _request(fragment, at_ms, Open(_NOTHING, None, None) if start.blurred else start)
        if several:
            self._blur(several)
        elif fragment.kind is Kind.FAILED or fragment.status is None or fragment.target is None:
            return Reason.ORPHAN
        return _request(fragment, at_ms, Open(_NOTHING, None, None))

    def _all(self) -> tuple[Open, ...]:
        return tuple(self._open) if self._headed is None else (*self._open, self._headed)

    def _begin(self, start: Open) -> Reason:
        self._open.append(start)
        self.dropped = max(len(self._open) - self.cap, 0)
        del self._open[: self.dropped]
        return Reason.PART

    def _of(self, fragment: Fragment) -> list[Open]:
        """Return the open requests that a completion may belong to: by id, then by the target if it has one."""
        several = [each for each in self._open if each.fragment.id == fragment.id]
        strangers = not several and not fragment.id
        if strangers:
            several = list(self._open)  # an error is written past the logger that adds the id
        if len(several) > 1 and fragment.target is not None:
            several = [each for each in several if each.fragment.target == fragment.target] or several
        return [] if strangers and len(several) > 1 else several

    def _blur(self, several: list[Open]) -> None:
        """Close one of several that nothing tells apart.

        The newest goes, so that a request that never completes grows old and expires instead of blurring all that
        come after it; of the rest it is no longer sure which one is still open.
        """
        rest = {id(each) for each in several[:-1]}
        self._open = [
            structs.replace(each, blurred=True) if id(each) in rest else each for each in self._open if each is not several[-1]
        ]


_NOTHING = Fragment(Kind.STARTED)


def _began_ms(start: Open) -> int | None:
    return start.fragment.stamp_ms if start.at_ms is None else start.at_ms


def _request(end: Fragment, at_ms: int | None, start: Open) -> Request:
    begin = start.fragment
    started_ms = _began_ms(start) if begin.stamp_ms is None else begin.stamp_ms
    if at_ms is None and started_ms is not None:
        at_ms = started_ms + round(end.duration_ms or 0)
    target = begin.target if end.target is None else end.target
    return Request(
        at_ms=end.stamp_ms if at_ms is None else at_ms,
        method=begin.method,
        target=target,
        path=None if target is None else target.split("?", 1)[0],
        status=end.status,
        duration_ms=end.duration_ms,
        client_ip=begin.client_ip,
        format=end.format,
        started_ms=started_ms,
        started_line=start.line,
    )
