"""Requests as JSON documents of any shape, by the names of their fields. Tolerant; knows no text format by name.

Also the text lines that loggers put into documents: morgan writes through winston and pino.
"""

from collections.abc import Callable
from typing import Any

import orjson

from streams.core.parsing import fields, json_requests
from streams.core.parsing.durations import spelt_ms
from streams.core.parsing.format import Fields, Format, Row, otherwise
from streams.core.parsing.stamps import any_ms

Recognise = Callable[[str], tuple[Format, Row] | None]
_MESSAGES = ("message", "msg")


def tolerant(recognise: Recognise) -> Format:
    """Return the format of documents that are requests, or whose message is a text that ``recognise`` takes."""

    def match(text: str) -> Row | None:
        if text[:1] != "{":
            return None
        try:
            document = orjson.loads(text)
        except ValueError:  # orjson has a depth limit and says ValueError for that too
            return None
        return fields.find(document) or _told(document, recognise)

    return Format(
        "json",
        otherwise(match, json_requests.FORMATS),
        "tolerant: only what the known shapes leave",
        1.0,
        any_ms,
        needle="{",
    )


def _told(document: dict[str, Any], recognise: Recognise) -> Row | None:
    message = next((document[name] for name in _MESSAGES if isinstance(document.get(name), str)), "")
    found = None if message[:1] == "{" else recognise(message.rstrip())
    if found is None:
        return None
    fmt, row = found
    client_ip, method, target, status, agent, duration, stamp = row.groups()
    own_ms = fmt.stamp_ms(stamp) if stamp and fmt.stamp_ms is not None else None
    took_ms = spelt_ms(duration, fmt.unit_ms) if fmt.unit_ms else None
    return Fields(client_ip, method, target, status, took_ms, fields.stamp(document) if own_ms is None else own_ms, agent)
