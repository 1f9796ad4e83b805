"""Requests of any format behind a logger's head: ``INFO:werkzeug:``, ``[2024-11-27 06:21:42 +0000] [7] [INFO]`` and so on.

Knows no single format and no envelope.
"""

from collections.abc import Callable

from msgspec import structs

from streams.core import regex
from streams.core.documents import document_of
from streams.core.parsing import fields, heads, outgoing
from streams.core.parsing.durations import spelt_ms
from streams.core.parsing.format import LINE_ENDS, Fields, Format, Match, Row
from streams.core.parsing.stamps import any_ms

Recognise = Callable[[str], tuple[Format, Row] | None]
_AFTER_A_DOCUMENT = (" []", " {}")  # Monolog writes what it has besides the context
_NEST_DATE = regex.compiled(
    r"\[Nest\] {1,9}+[0-9]{1,9}+ {1,9}+- ([^\n\[\]]{5,40}?) {1,9}(?=(?:LOG|ERROR|WARN|DEBUG|VERBOSE|FATAL) )"
).match
_DURATION = 5  # its place in a row
_LATEST = 20  # how long a logger's note of the time since its last line may be (Nest)


def reader(recognise: Recognise) -> Match:
    """Return what reads a line behind its head; whether another format takes it with its head is not asked."""

    def read(text: str) -> Row | None:
        if "\x1b" in text or text[-1:] in LINE_ENDS or (peeled := heads.split(_undated(text))) is None:
            return None
        stamp: str | float | None
        stamp, message = peeled
        found = recognise(_bare(message))
        if found is None and message[-1:] == "}" and (parted := _before_a_document(message)):
            found = recognise(parted[0])
            if found is None or found[1].groups()[_DURATION] is None:  # an error told beside the request has none
                return None
            stamp = parted[1] if stamp is None else stamp
        head = text[: -len(message)]
        if found is None or outgoing.called(head) or outgoing.is_call(head, message):
            return None
        return _row(*found, stamp)

    return read


def behind_heads(read: Match, may_be: Callable[[str], object], taken: Recognise) -> Format:
    """Return the format of what ``read`` reads and no format before takes as it is; ``may_be`` is a cheap first look."""

    def match(text: str) -> Row | None:
        row = read(text) if may_be(text) else None
        return None if row is None or taken(text) else row

    return Format("logged", match, "tolerant: a logger's head, then any of those before", 1.0, any_ms)


def unless_headed(formats: tuple[Format, ...]) -> tuple[Format, ...]:
    """Let tolerant formats refuse a line that begins with a logger's head, of which they would take words for fields."""

    def without(match: Match) -> Match:
        return lambda text: None if heads.split(text) else match(text)

    return tuple(structs.replace(fmt, match=without(fmt.match)) for fmt in formats)


def _bare(message: str) -> str:
    """Return a message without what some loggers write behind it."""
    if message[:1] == "{":
        while message.endswith(_AFTER_A_DOCUMENT):
            message = message[:-3]
        return message
    before, plus, since = message.rpartition(" +")
    return before if plus and len(since) <= _LATEST and since.endswith("ms") and since[:-2].isdigit() else message


def _undated(text: str) -> str:
    """Return Nest's line without its date if it is written as some country does; its order nobody knows."""
    found = _NEST_DATE(text) if text.startswith("[Nest] ") else None
    return text if found is None or any_ms(found[1]) is not None else text[: found.start(1)] + text[found.end() :]


def _before_a_document(message: str) -> tuple[str, str | float | None] | None:
    """Return what stands before a document at the end, and the document's stamp: winston's simple format has it behind."""
    before, opening, rest = message.partition(' {"')
    document = document_of('{"' + rest) if opening else None
    return None if document is None else (before, fields.stamp(document))


def _row(fmt: Format, row: Row, head_stamp: str | float | None) -> Row:
    """Return the row with its duration in milliseconds, and with the best stamp there is."""
    client_ip, method, target, status, agent, duration, stamp = row.groups()
    own_ms = fmt.stamp_ms(stamp) if stamp and fmt.stamp_ms is not None else None
    took_ms = spelt_ms(duration, fmt.unit_ms) if fmt.unit_ms else None
    return Fields(client_ip, method, target, status, took_ms, head_stamp if own_ms is None else own_ms, agent)
