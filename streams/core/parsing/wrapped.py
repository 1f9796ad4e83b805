"""Lines of requests told over several, where a logger puts each into a document: Rails, Phoenix, Logbook. Joins nothing.

What a line says is read by the readers of texts; the document has the stamp, and the id of the request where the text has
none. Knows no envelope.
"""

from typing import Any

from msgspec import structs

from streams.core.documents import document_of
from streams.core.events.any_of import any_of
from streams.core.joins import Fragment
from streams.core.parsing import fields, halves, plug, rails
from streams.core.parsing.json_fields import MESSAGES, text_of
from streams.core.parsing.stamps import any_ms

_OF_PHOENIX = ("Sent ", "Chunked ", "Upgraded ")
_may_say = any_of(
    (
        halves.ESCAPED,
        *rails.BEGINNINGS,
        *_OF_PHOENIX,
        '"GET /',
        '"HEAD /',
        '"POST /',
        '"PUT /',
        '"DELETE /',
        '"PATCH /',
        '"OPTIONS /',
    )
)
_IDS = ("request_id", "requestId", "request-id", "req_id", "uuid", "correlation_id", "trace_id", "dd.trace_id")
_WITHIN = ("named_tags", "dd", "metadata", "payload", "context", "extra")  # where loggers put what is known of a request
_PROCESSES = ("pid", "process_id")
_ID_CHARS = 100


def fragment(text: str) -> Fragment | None:
    """Return what the message of a document says about a request, None when it says nothing."""
    if not _may_say(text):
        return None
    document = document_of(text)
    if document is None:
        return None
    message = next((found for name in MESSAGES if (found := text_of(document.get(name)))), "").strip()
    if message[:1] == "{":
        said = halves.fragment(message)
        return said and structs.replace(said, stamp_ms=_stamp_ms(document, said))
    said = rails.fragment(message)
    if said is not None:
        return structs.replace(said, id=said.id or _id(document) or _process(document), stamp_ms=_stamp_ms(document, said))
    an_id = _id(document)  # without one a method and a path are not sure to be a request's beginning
    return plug.told(message, an_id, _stamp_ms(document, None)) if an_id else None


def _id(document: dict[str, Any]) -> str:
    """Return the id of the request, which the logger's tags may be."""
    for each in (document, *(inner for name in _WITHIN if isinstance(inner := document.get(name), dict))):
        for name in _IDS:
            if (found := each.get(name)) and isinstance(found, str):
                return found[:_ID_CHARS]
    tags = document.get("tags")
    if not isinstance(tags, list):
        return ""
    return rails.id_of("".join(f"[{tag}] " for tag in tags if isinstance(tag, str)))


def _process(document: dict[str, Any]) -> str:
    found = next((value for name in _PROCESSES if isinstance(value := document.get(name), int | str)), None)
    return "" if found is None else f"#{found}"[:_ID_CHARS]


def _stamp_ms(document: dict[str, Any], said: Fragment | None) -> int | None:
    """Return when the line was logged; Rails' own stamp of a beginning has whole seconds."""
    stamp = fields.stamp(document)
    found = None if stamp is None else any_ms(stamp)
    return said.stamp_ms if found is None and said is not None else found
