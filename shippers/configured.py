"""Makes the sources that config/flyship.toml turns on. Knows each source by its table alone."""

from collections.abc import Iterator

from shippers.context import Context
from shippers.flyship_file import FlyshipFile
from shippers.probes.configured import source as probing
from shippers.sources import Source
from shippers.sources.fly_api import FlyApi
from shippers.sources.followed import following
from shippers.sources.nats import NatsStream
from shippers.sources.receive import Receiver


def sources(file: FlyshipFile, context: Context) -> Iterator[Source]:
    """Yield a source for each table that is there."""
    if file.receive is not None:
        yield Receiver(file.receive, context)
    if file.probes is not None and (source := probing(file.probes, context)).probes:
        yield source
    if file.api is not None:
        yield FlyApi(file.api, context)
    if file.nats is not None:
        yield NatsStream(file.nats, context)
    if file.files is not None:
        yield following(file.files, context)
