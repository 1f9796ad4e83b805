"""Whose lines are believed to be a probe's: those of our own probes alone. Knows no source."""

from msgspec import structs

from streams.core.values import Line

PROBE = "probe"


def disbelieved(line: Line) -> Line:
    """Return a line whose envelope says that it is a probe's as one of its app: whoever writes logs could write that, too."""
    return structs.replace(line, provider="app")
