"""Stamps of envelopes as RFC 3339 in UTC. Total: what is no date gives None. Knows no envelope and no clock."""

from streams.core import regex, stamps
from streams.core.parsing.stamps import epoch_ms, iso_ms

_RFC3339_UTC = regex.compiled(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")


def utc(stamp: str | None) -> str | None:
    """Return an RFC 3339 stamp as it is when it is UTC with ``Z``, else None (a bare line's own stamp is read later)."""
    if stamp is None or _RFC3339_UTC.fullmatch(stamp):
        return stamp
    if stamp.endswith("+00:00"):
        return utc(stamp[:-6] + "Z")
    return None


def any_utc(stamp: object) -> str | None:
    """Return a stamp of any zone, or a number since 1970, as RFC 3339 in UTC."""
    if isinstance(stamp, str):
        if (same := utc(stamp)) is not None:
            return same
        at_ms = iso_ms(stamp)
        if at_ms is None:
            at_ms = epoch_ms(stamp)
    else:
        at_ms = epoch_ms(stamp) if isinstance(stamp, int | float) and not isinstance(stamp, bool) else None
    at_ms = stamps.bounded(at_ms)
    return None if at_ms is None else stamps.text(at_ms)
