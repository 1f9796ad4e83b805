"""What one instance tells over several lines: requests, a stack trace, names of columns. Knows no format and no clock.

State that survives a crash: plain values out (``dump``) and in (``load``), equal when they hold the same. Bounded twice:
by a cap and by age.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct, convert, structs, to_builtins

from streams.core import headings, traces
from streams.core.blocks import Block
from streams.core.headings import Heading
from streams.core.traces import Line, Place, Told, Trace
from streams.core.values import Event, Reason, Request, Skipped

CAP = 256
_PART = Skipped(Reason.PART)


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
    own_id: bool = False  # the id is this request's alone: where it begins again, the first one never ended


class Open(Struct, frozen=True, gc=False):
    """A request that has begun."""

    fragment: Fragment
    at_ms: int | None  # when its start was logged
    line: int | None
    blurred: bool = False  # it may be a neighbour that this entry stands for: nothing of its start is sure


class Joins:
    """The open requests of one instance, in the order of their starts, its open stack trace, its heading, its block."""

    __slots__ = ("_open", "block", "cap", "dropped", "heading", "leaned", "told", "trace")

    def __init__(
        self,
        cap: int = CAP,
        requests: tuple[Open, ...] = (),
        trace: Trace | None = None,
        heading: Heading = headings.NONE,
        block: Block | None = None,
    ) -> None:
        """Begin with what was open, if anything."""
        self.cap = cap
        self.dropped = 0  # how many the last ``take`` pushed out; no part of the state
        self.told: tuple[Told, ...] = ()  # what the last line let be told; no part of the state
        self.leaned = False  # whether a request was told over several lines at all; no part of the state
        self.trace, self.heading, self.block = trace, heading, block
        self._open = list(requests)

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same open requests, trace and heading."""
        return isinstance(other, Joins) and self.dump() == other.dump()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __len__(self) -> int:
        """Return how many requests are open."""
        return len(self._open)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to remember."""
        return not self._open and self.trace is None and self.block is None and self.heading == headings.NONE

    def copy(self) -> "Joins":
        """Return an independent copy."""
        new = Joins(self.cap, tuple(self._open), self.trace, self.heading, self.block)
        new.leaned = self.leaned
        return new

    def dump(self) -> dict[str, Any]:
        """Return what is open as plain JSON values."""
        told = {"requests": self._open, "trace": self.trace, "heading": self.heading, "block": self.block}
        return {name: to_builtins(each) for name, each in told.items()}

    @classmethod
    def load(cls, values: dict[str, Any] | list[Any], cap: int = CAP) -> "Joins":
        """Take back what ``dump`` gave; before there were traces, that was a list of the requests."""
        if isinstance(values, list):
            values = {"requests": values, "trace": None}
        requests, trace = convert(values["requests"], tuple[Open, ...]), convert(values["trace"], Trace | None)
        heading, block = convert(values.get("heading", {}), Heading), convert(values.get("block"), Block | None)
        return cls(cap, requests, trace, heading, block)

    def follow(self, line: Line, place: Place) -> Event | Skipped | None:
        """Take in a line that is no request; return what it is by itself. ``told`` then says what can be told now."""
        followed = traces.follow(self.trace, line, place)
        self.trace, self.told = followed.trace, followed.told
        if followed.part:
            return _PART
        return self.trace.event if self.trace is not None and self.trace.place is place else line.event

    def end(self, clock_ms: int | None = None) -> tuple[Told, ...]:
        """Return what an open trace tells if by the clock it is over, without one in any case; it is open no more."""
        trace = self.trace
        if trace is None or (clock_ms is not None and not traces.is_over(trace, clock_ms)):
            return ()
        self.trace = None
        return traces.ended(trace)

    def expire(self, before_ms: int) -> int:
        """Drop the requests that began before this; return how many."""
        kept = [each for each in self._open if (began := _began_ms(each)) is None or began >= before_ms]
        dropped = len(self._open) - len(kept)
        self._open, self.heading = kept, self.heading.left(before_ms)
        self.block = None if self.block is None else self.block.left(before_ms)
        return dropped

    def take(self, fragment: Fragment, at_ms: int | None, line_number: int | None = None) -> Request | Reason:
        """Open a request, or complete one; ``dropped`` then says how many the cap pushed out."""
        self.dropped, self.leaned = 0, True
        if fragment.kind is Kind.HEADED:
            self.heading = self.heading.told(fragment.target, fragment.id, at_ms)
            return Reason.PART
        if fragment.kind is Kind.STARTED:
            return self._begin(Open(fragment, at_ms, line_number))
        several = self._of(fragment)
        if len(several) == 1:
            start = several[0]
            self._open = [each for each in self._open if each is not start]
            needless = start.blurred or fragment.method is not None  # an end that tells everything was written once
            return _request(fragment, at_ms, Open(_NOTHING, None, None) if needless else start)
        if several:
            self._blur(several)
        elif fragment.kind is Kind.FAILED or fragment.target is None or (fragment.status is None and fragment.method is None):
            return Reason.ORPHAN
        return _request(fragment, at_ms, Open(_NOTHING, None, None))

    def _begin(self, start: Open) -> Reason:
        before = len(self._open)
        if start.fragment.own_id:
            self._open = [each for each in self._open if each.fragment.id != start.fragment.id]
        replaced = before - len(self._open)
        self._open.append(start)
        over = max(len(self._open) - self.cap, 0)
        del self._open[:over]
        self.dropped = replaced + over
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
    if at_ms is None:
        at_ms = end.stamp_ms
    if at_ms is None and started_ms is not None:
        at_ms = started_ms + round(end.duration_ms or 0)
    target = begin.target if end.target is None else end.target
    return Request(
        at_ms=at_ms,
        method=begin.method if end.method is None else end.method,
        target=target,
        path=None if target is None else target.split("?", 1)[0],
        status=end.status,
        duration_ms=end.duration_ms,
        client_ip=begin.client_ip if end.client_ip is None else end.client_ip,
        format=end.format,
        started_ms=started_ms,
        started_line=start.line,
    )
