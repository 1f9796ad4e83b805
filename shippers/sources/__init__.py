"""What a source of lines is. Knows no single source.

A source is one file in this package. It gives lines in small lists, not one by one: at 150,000 lines a second an
``await`` for each line would cost more than unwrapping it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from streams.core.values import Line


class Source(Protocol):
    """Where lines come from. Within one app and instance they come in the order in which they were written."""

    @property
    def problems(self) -> int:
        """How many inputs could not be read to their end; each was told on stderr. Not 0: the exit code is 1."""
        ...

    def read(self, stop: asyncio.Event) -> AsyncIterator[Sequence[Line]]:
        """Give lines until the input ends or ``stop`` is set; what was read by then is given before returning."""
        ...
