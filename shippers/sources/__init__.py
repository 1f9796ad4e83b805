"""What a source of lines is. Knows no single source.

A source is one file in this package. It gives lines in small lists, not one by one: at 150,000 lines a second an
``await`` for each line would cost more than unwrapping it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from streams.core.values import Line


class Source(Protocol):
    """Where lines come from. Within one app and instance they come in the order in which they were written.

    While the spool is full a source is not read on. One that loses by waiting more than its newest lines says so by an
    attribute ``can_wait = False``: then these are dropped, counted, and told by a line ``log_gap``.

    What it raises is a bug: it is told and counted by kind and place, and the other sources go on.
    """

    problems: int  # how many inputs could not be read to their end; each was told on stderr. Not 0: the exit code is 1

    @property
    def name(self) -> str:
        """What it is called in counters, in ``flyship status`` and in what is told of it: a word, the same for ever."""
        ...

    def read(self, stop: asyncio.Event) -> AsyncIterator[Sequence[Line]]:
        """Give lines until the input ends or ``stop`` is set; what was read by then is given before returning."""
        ...


@runtime_checkable
class Counted(Source, Protocol):
    """A source that counts its lines itself, in finer sorts than its one name."""

    counts_itself: bool


@runtime_checkable
class Resumable(Source, Protocol):
    """A source that is told when its lines are safe: acknowledged by Kafka, or on disk in the spool.

    It can then note how far it came, or answer whoever sent them.
    """

    keep_s: float  # how often it wants to hear about it, at most

    def position(self) -> object:
        """Return how far the lines given so far reach; asked right after each list was taken. None: nothing to keep."""
        ...

    async def kept(self, position: object) -> None:
        """Hear that every line up to a position is safe."""
        ...


@runtime_checkable
class GivesAgain(Resumable, Protocol):
    """A resumable source that, started again, gives what lies behind the last position it kept, in order per instance."""

    kept_as: str  # what the names of its checkpoints begin with; "": it keeps nothing
    resumes: bool  # whether it goes on where an earlier run was, and not at a moment of its own


@runtime_checkable
class BeginsAnew(Source, Protocol):
    """A source that may be read again in the same process after a bug has ended its reading, as after a new start."""

    lasts: bool  # whether it goes on until the stop. One that does not is not begun anew: whoever started it can do that

    def begin_anew(self) -> None:
        """Forget what was under way. Everything that was given is kept; ``read`` is called next, and goes on behind it."""
        ...
