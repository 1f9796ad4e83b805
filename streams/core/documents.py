"""Reads a text that is one JSON document. Knows no name in it."""

from typing import Any

import orjson


def document_of(text: str) -> dict[str, Any] | None:
    """Return the document that a text is, None for anything else."""
    try:
        found = orjson.loads(text)
    except ValueError:  # orjson has a depth limit and says ValueError for that, too
        return None
    return found if isinstance(found, dict) else None
