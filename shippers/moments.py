"""Reads moments as people write them: a duration back from now, or an RFC 3339 stamp. The time is passed in."""

from datetime import datetime

from pydantic_core import PydanticCustomError

from streams.config_model import duration_ms, refused, shown


def moment_ms(text: str, now_ms: int) -> int:
    """Return epoch milliseconds of ``2h`` (so long before now) or ``2025-10-10T18:00:00Z``; else raise with how to write it."""
    try:
        return now_ms - duration_ms(text)
    except PydanticCustomError as error:
        told = str(error)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        hint = told.partition("; ")[2]
        written = f'must be a duration such as "2h" or a stamp such as "2025-10-10T18:00:00Z", not {shown(text)}'
        raise refused(f"{written}; {hint}" if hint else written) from None
    if at.tzinfo is None:
        raise refused(f'must name its zone, such as "{text}Z", not {shown(text)}')
    return int(at.timestamp() * 1000)
