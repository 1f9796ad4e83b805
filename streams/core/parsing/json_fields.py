"""Requests as JSON documents of any shape, by the names of their fields. Tolerant; knows no text format by name.

Also what loggers put into documents: text lines (morgan writes through winston and pino), and documents as text.
"""

from collections.abc import Callable
from typing import Any

from streams.core.documents import document_of
from streams.core.parsing import fields, json_columns
from streams.core.parsing.durations import spelt_ms
from streams.core.parsing.format import Fields, Format, Row, otherwise
from streams.core.parsing.stamps import any_ms

Recognise = Callable[[str], tuple[Format, Row] | None]
# Where loggers put the text of a line; ``body`` is OpenTelemetry's.
MESSAGES = ("message", "msg", "event", "log", "body", "short_message", "textPayload", "line", "content")
_RECORD = "record"  # loguru puts all that it knows there, beside the line as it would print it
_SPELT = "properties"  # Azure's App Service writes this document as text
_TOOK = "duration"  # go-zero tells the time beside the line, with its unit
_DEEPEST = 3  # documents as text in documents as text


def tolerant(recognise: Recognise, strict: tuple[Format, ...]) -> Format:
    """Return the format of documents that are requests, or whose message is a text that ``recognise`` takes."""

    def match(text: str) -> Row | None:
        document = _document(text)
        return None if document is None else fields.find(document) or _told(document, 1)

    def _told(document: dict[str, Any], deep: int) -> Row | None:
        record = document.get(_RECORD)
        said = record if isinstance(record, dict) else document
        message = next((text for name in MESSAGES if (text := text_of(said.get(name)))), "").rstrip()
        found = _shaped(message, deep) if message[:1] == "{" else recognise(message)
        return None if found is None or fields.is_refused(said, MESSAGES) else _within(document, *found)

    def _shaped(message: str, deep: int) -> tuple[Format, Row] | None:
        for each in strict:
            if each.needle in message and (row := each.match(message)):
                return each, row
        document = _document(message)
        found = None if document is None else fields.find(document) or (_told(document, deep + 1) if deep < _DEEPEST else None)
        return None if found is None else (_INNER, found)

    why = "tolerant: only what the known shapes leave"
    exact = otherwise(match, strict)
    return Format("json", exact, why, 1.0, any_ms, needle="{", searches=True, run=json_columns.run(exact))


def _document(text: str) -> dict[str, Any] | None:
    if text[:1] != "{":
        return None
    document = document_of(text)
    if document is None:
        return None
    if (spelt := document.get(_SPELT)) and isinstance(spelt, str) and (inner := _document(spelt)) is not None:
        document[_SPELT] = inner
    return document


def text_of(value: Any) -> str:
    """Return a text, also within OpenTelemetry's type of it; '' where there is none."""
    if isinstance(value, dict):
        value = value.get("stringValue")
    return value if isinstance(value, str) else ""


def _within(document: dict[str, Any], fmt: Format, row: Row) -> Row:
    """Return the row of a text inside a document, which stamps it where the text does not."""
    client_ip, method, target, status, agent, duration, stamp = row.groups()
    own_ms = fmt.stamp_ms(stamp) if stamp and fmt.stamp_ms is not None else None
    took_ms = spelt_ms(duration, fmt.unit_ms) if fmt.unit_ms else None
    if took_ms is None and fmt.unit_ms and isinstance(beside := document.get(_TOOK), str) and beside[-1:].isalpha():
        took_ms = spelt_ms(beside, 1.0)
    return Fields(client_ip, method, target, status, took_ms, fields.stamp(document) if own_ms is None else own_ms, agent)


_INNER = Format("inner", match=lambda _: None, why="a document inside a document, never matched", unit_ms=1.0, stamp_ms=any_ms)
