"""The source ``nats`` of shippers side by side: who share the lines of one stream. Knows no socket."""

from shippers.console import say
from shippers.context import Context
from shippers.fly_nats.table import Nats
from shippers.fly_nats.telling import SOURCE
from shippers.fly_nats.tokens import api_token, password
from shippers.settings import Settings
from shippers.sharing.shipping import Sharing, Stream
from shippers.sources.nats import NatsStream


def sharing(table: Nats, context: Context, settings: Settings, *, dry_run: bool = False) -> Sharing | None:
    """Return what ships the stream as one of its group, None where the table names none; SecretError as NatsStream."""
    if table.queue is None:
        return None
    if dry_run:
        say(f"nats: a dry run joins no group, and prints what all of {table.queue} would ship")
        return None
    for secret in (api_token, password):  # a share that begins later would be too late to say what is wrong with them
        secret(context.environ)
    overlap_ns = table.overlap_ms * 1_000_000
    stream = Stream(SOURCE, lambda notes: NatsStream(table, context, notes), overlap_ns, table.remembered)
    return Sharing(stream, table.queue, settings, context.metrics)
