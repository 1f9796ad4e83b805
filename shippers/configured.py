"""Makes the sources that config/flyship.toml turns on. Knows each source by its table alone."""

from collections.abc import Container, Iterator

from shippers.context import Context
from shippers.flyship_file import FlyshipFile
from shippers.probes.configured import source as probing
from shippers.settings import Settings
from shippers.sharing.shipping import Sharing
from shippers.sources import Source
from shippers.sources.fly_api import FlyApi
from shippers.sources.followed import following
from shippers.sources.nats import NatsStream
from shippers.sources.nats_shared import sharing
from shippers.sources.receive import Receiver


def shared(file: FlyshipFile, context: Context, settings: Settings, *, dry_run: bool) -> Iterator[Sharing]:
    """Yield what is shipped together with other processes."""
    if file.nats is not None and (found := sharing(file.nats, context, settings, dry_run=dry_run)) is not None:
        yield found


def sources(file: FlyshipFile, context: Context, shared: Container[str] = ()) -> Iterator[Source]:
    """Yield a source for each table that is there, but for those that are ``shared``."""
    if file.receive is not None:
        yield Receiver(file.receive, context)
    if file.probes is not None and (source := probing(file.probes, context)).probes:
        yield source
    if file.api is not None:
        yield FlyApi(file.api, context)
    if file.nats is not None and NatsStream.name not in shared:
        yield NatsStream(file.nats, context)
    if file.files is not None:
        yield following(file.files, context)
