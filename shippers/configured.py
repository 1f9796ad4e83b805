"""Makes the sources that config/flyship.toml turns on. Knows each source by its table alone."""

from collections.abc import Iterator, Mapping

from shippers.flyship_file import FlyshipFile
from shippers.metrics import Metrics
from shippers.sources import Source
from shippers.sources.receive import Receiver


def sources(file: FlyshipFile, environ: Mapping[str, str], metrics: Metrics) -> Iterator[Source]:
    """Yield a source for each table that is there; ``environ`` is for its secrets."""
    if file.receive is not None:
        yield Receiver(file.receive, environ, metrics)
