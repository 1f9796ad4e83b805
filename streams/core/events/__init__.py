"""What a line says happened: the ordered table of signs. Knows no envelope, app, topic or clock.

A family of signs is a file; here they are put in order: what Fly says of machines before what apps say of themselves, and
what names its cause (a database, an upstream) before any error.
"""

from functools import lru_cache

from streams.core.events import databases, errors, fly, memory, programs, servers, sqlite, stores, upstreams
from streams.core.events.any_of import any_of
from streams.core.events.frames import located
from streams.core.events.sign import Sign
from streams.core.masking import mask
from streams.core.values import Event
from streams.core.words import Words

__all__ = ["NEEDLES", "SIGNS", "recognise"]

SIGNS: tuple[Sign, ...] = (
    *fly.SIGNS,
    *memory.SIGNS,
    *stores.SIGNS,
    *sqlite.SIGNS,
    *databases.SIGNS,
    *upstreams.SIGNS,
    *errors.SIGNS,
    *programs.SIGNS,
)
READ_CHARS = 2_000  # an event is told at the beginning of its line
REPEATED_CHARS = 300  # lines up to here are remembered: checks and errors repeat word for word
REMEMBERED = 4_096
NEEDLES = tuple(sign.needle for sign in SIGNS)
_may_tell, _NEEDLES = any_of(NEEDLES), Words(NEEDLES)


def recognise(text: str, provider: str = "app") -> Event | None:
    """Return what one line says happened; None for most. ``provider`` is app, proxy, runner, or "" when nobody says."""
    text = text[:READ_CHARS]
    if not _may_tell(text):
        return None
    return _remembered(text, provider) if len(text) <= REPEATED_CHARS else _read(text, provider)


def _read(text: str, provider: str) -> Event | None:
    if servers.is_no_failure(text):
        return None
    has = _NEEDLES.has(text)
    for sign in SIGNS:
        if has(sign.needle) and (not sign.of or provider in sign.of) and (found := sign.search(text)):
            about = found[1] if found.re.groups else ""
            where = located(text)
            return Event(sign.event, mask(about or ""), mask(text), where, where)
    return None


_remembered = lru_cache(REMEMBERED)(_read)
