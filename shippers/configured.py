"""Makes the sources that config/flyship.toml turns on. Knows each source by its table alone."""

from collections.abc import Iterator

from shippers.flyship_file import FlyshipFile
from shippers.sources import Source
from shippers.sources.context import Context


def sources(file: FlyshipFile, context: Context) -> Iterator[Source]:  # noqa: ARG001  # the first source uses them
    """Yield a source for each table that is there."""
    yield from ()
