"""After a kill: which of the records that were on their way has Kafka? Looked up once, before anything is sent again.

Left open is what the dead process had given to its network, and the broker reads only after it was asked: a moment.
"""

from shippers.client import arrived
from shippers.settings import Settings
from shippers.spool.spool import Spool
from shippers.spool.telling import Telling
from shippers.spool.window import came_ms

APART_MS = 60_000  # how far the clocks of shipper and broker may be apart


async def resolve(spool: Spool, settings: Settings, telling: Telling) -> None:
    """Leave out of the spool what Kafka has already."""
    ids = spool.doubtful_ids()
    times = [at_ms for each in ids if (at_ms := came_ms(each)) is not None]
    if times:
        there = await arrived(settings, ids, min(times) - APART_MS)
        spool.leave_out(there or frozenset())
        telling.resolved(None if there is None else len(there))
