"""Makes lines of messages. Total: what is no document of Fly's is a bare line of whom the subject names. Knows no socket."""

from functools import lru_cache

from msgspec import structs

from shippers.believing import PROBE, disbelieved
from shippers.fly_nats import subjects
from streams.core import lines
from streams.core.values import Line

origin_of = lru_cache(maxsize=4_096)(subjects.origin)


def line_of(subject: str, data: bytes) -> Line:
    """Return the line of a message."""
    origin = origin_of(subject)
    line = lines.unwrap(data.decode("utf-8", "replace"), origin.app, origin.instance)
    if line.provider == PROBE:
        line = disbelieved(line)
    return line if line.region or not origin.region else structs.replace(line, region=origin.region)
