"""What a probe is: it measures something of an app again and again, and tells it as lines. Knows no single probe.

A probe is one file in this package. ``rounds`` decides when it measures and holds it to its deadline.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from shippers.findings import Finding
from streams.core.values import Line


class Probe(Protocol):
    """Measures one thing. What goes wrong becomes lines, never an exception."""

    kind: str  # health, machines, metrics, database
    name: str  # what it is called on stderr: the kind and what it measures
    every_s: float
    deadline_s: float

    @property
    def apps(self) -> Sequence[str]:
        """Whom a round is about: one that is over its deadline is told to each."""
        ...

    async def measure(self, at_ms: int) -> Sequence[Line]:
        """Measure once, at a time; cancelled when it takes longer than its deadline."""
        ...

    async def try_out(self) -> list[Finding]:
        """Measure once for ``flyship doctor``; say what holds, or what is wrong and how to mend it."""
        ...


@runtime_checkable
class Connected(Probe, Protocol):
    """A probe that keeps a connection from round to round."""

    def drop(self) -> None:
        """Hang up; called after the last round."""
        ...
