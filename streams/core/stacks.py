"""A stack trace within one line: in a field of a JSON or logfmt line, or behind real line ends. Knows no sign and no state."""

from collections.abc import Iterator
from typing import Any

from msgspec import structs

from streams.core import regex, traces
from streams.core.documents import document_of
from streams.core.values import Event

_FIELDS: tuple[str, ...] = (
    "stack",
    "stack_trace",
    "stacktrace",
    "stackTrace",
    "error.stack_trace",
    "error.stack",
    "exception.stacktrace",
)
_FIELDS += ("exc_info", "traceback", "backtrace", "exception", "trace", "@x", "Exception", "error", "err", "e")
_INSIDE = ("err", "error", "exception", "e", "exc", "context", "extra", "meta", "data", "cause", "fields", "event")
_NAMES = ("type", "name", "class", "kind", "exc_type", "exception_class", "error.type", "error.kind", "exception.type")
_CLASS = regex.compiled(r"(?:Uncaught )?([A-Za-z_][A-Za-z0-9_.:$\\]{0,120}?)(?::(?: |$)| \(|$)").match
_LOGFMT = regex.compiled(
    r'[ .](?:stack(?:_?trace)?|exc_info|traceback|backtrace|exception|errorVerbose)="((?:[^"\\]|\\.)*+)"'
).search
_ESCAPED = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_UNESCAPE = regex.compiled(r'\\([nt"\\])').sub
DEPTH = 3


def unfolded(event: Event, text: str) -> Event:
    """Return an event with the frames that its own line holds; as it is when it holds none."""
    about = ""
    if text.startswith("{"):
        found = _of_json(text)
        if found is None:
            return event
        about, lines = found
    elif "\n" in text:
        lines = text.split("\n")
    elif found_text := _LOGFMT(text):
        lines = _UNESCAPE(lambda match: _ESCAPED[match[1]], found_text[1]).split("\n")
    else:
        return event
    if not event.about and (about or (about := _class(lines))):
        event = structs.replace(event, about=about)
    return traces.folded(event, lines)


def _of_json(text: str) -> tuple[str, list[str]] | None:
    """Return the error's class and the lines of its stack; None where the document holds neither."""
    document = document_of(text)
    if document is None:
        return None
    about, lines = "", list[str]()
    for table in _tables(document, DEPTH):
        about = about or next((said for name in _NAMES if table is not document and (said := _word(table.get(name)))), "")
        about = about or next((said for name in _NAMES[4:] if (said := _word(table.get(name)))), "")
        lines = lines or next((told for name in _FIELDS if (told := _lines(table.get(name)))), [])
    return (about, lines) if about or lines else None


def _tables(document: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield a document and the tables in it that tell of errors."""
    if isinstance(document, dict):
        yield document
        if depth:
            for name in _INSIDE:
                yield from _tables(document.get(name), depth - 1)


def _word(value: Any) -> str:
    return value[:120] if isinstance(value, str) and value and " " not in value else ""


def _lines(value: Any) -> list[str]:
    if isinstance(value, str) and "\n" in value:
        return value.split("\n")
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return value
    return []


def _class(lines: list[str]) -> str:
    """Return the error's class as a stack's first line names it, or Python's last one."""
    python = any("Traceback (most recent call last)" in line for line in lines[:3])
    named = next((line for line in (reversed(lines) if python else lines) if line.strip()), "")
    found = _CLASS(named)
    return found[1] if found and (python or found[1].endswith(("Error", "Exception"))) else ""
