"""What a line says happened: the ordered table of signs. Knows no envelope, app, topic or clock.

A family of signs is a file; here they are put in order: what Fly says of machines before what apps say of themselves, and
what names its cause (a database, an upstream) before any error.
"""

from streams.core.events import databases, errors, fly, upstreams
from streams.core.events.sign import Sign
from streams.core.masking import mask
from streams.core.values import Event

__all__ = ["SIGNS", "recognise"]

SIGNS: tuple[Sign, ...] = (*fly.SIGNS, *databases.SIGNS, *upstreams.SIGNS, *errors.SIGNS)

READ_CHARS = 2_000  # an event is told at the beginning of its line
# One of these is in every line that any sign takes; most lines have none, and a test holds it of all cases.
_HINTS = (
    "rror", "RROR", "FATAL", "atal", "xception", "achine", "ealth check", "child ", "efused", "imeout", "imed out", "OOM",
    "emory", "reboot:", "image", "irecracker", "candidate", "onnect", "nstance", "panic", "RITICAL", "ache", "P1", "P2",
    "olume", "No space", "ETIMEDOUT", "ECONN", "ENOTFOUND", "EAI_AGAIN", '"level":', "exceeded", "lease command",
    "hopify", "oogle",
)  # fmt: skip


def recognise(text: str, provider: str = "app") -> Event | None:
    """Return what one line says happened; None for most. ``provider`` is app, proxy, runner, or "" when nobody says."""
    text = text[:READ_CHARS]
    for hint in _HINTS:
        if hint in text:
            break
    else:
        return None
    for sign in SIGNS:
        if sign.needle in text and (not sign.of or provider in sign.of) and (found := sign.search(text)):
            about = found[1] if found.re.groups else ""
            return Event(sign.event, mask(about or ""), mask(text))
    return None
