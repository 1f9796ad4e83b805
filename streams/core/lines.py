"""Unwraps every envelope in which log lines travel. Knows no request format, topic or clock.

The envelopes, told apart by how a line begins: Fly's documents and flyctl's text, which are the last to come off; syslog's,
those of containers and of shippers (``envelopes`` has a file for each family), up to three of them around each other;
anything else is a bare line.
"""

from collections.abc import Callable

from msgspec import structs

from streams.core import regex
from streams.core.assembling import MAX_LINES, Assembler, assembled
from streams.core.documents import document_of
from streams.core.envelopes import containers, fly, shippers, syslog
from streams.core.envelopes.stamps import utc
from streams.core.values import Line

__all__ = ["ANSI", "MAX_LINES", "Assembler", "assembled", "unwrap", "utc"]

ANSI = regex.compiled(r"\x1b\[[0-9;:?]*+[A-Za-z]")
MOST_PEELS = 3  # syslog around docker around a line, and one more

Read = Callable[[str, str, str], Line | None]


def unwrap(raw: str, app: str = "", instance: str = "") -> Line:
    """Take one line out of its envelope; ``app`` and ``instance`` stand in where the envelope does not name them."""
    raw = raw.rstrip("\r\n")
    if raw.startswith("{"):
        return fly.from_nats(raw, app, instance) or _from_document(raw, app, instance) or Line(raw, app=app, instance=instance)
    plain = ANSI.sub("", raw) if "\x1b" in raw else raw
    dated = plain[4:5] == "-"
    if (dated or plain.startswith("error.")) and (line := fly.from_flyctl(plain, app, instance)):
        return line
    if dated and (line := _from_dated(plain, app, instance)):
        return _deeper(line)
    for may_be, read in _PREFIXES:
        if may_be(plain) and (line := read(plain, app, instance)):
            return _deeper(line)
    return Line(plain, app=app, instance=instance)


def _from_document(raw: str, app: str, instance: str) -> Line | None:
    document = document_of(raw)
    if document is None:
        return None
    if line := fly.from_document(document, app, instance):
        return line
    line = shippers.from_document(document, app, instance)
    return None if line is None else _deeper(line)


def _from_dated(text: str, app: str, instance: str) -> Line | None:
    if text[10:11] != "T":
        return None
    return containers.from_stamped(text, app, instance) or syslog.from_file(text, app, instance)


def _from_name(text: str, app: str, instance: str) -> Line | None:
    return containers.from_compose(text, app, instance) or containers.from_kubectl(text, app, instance)


# A cheap look comes before each pattern: most bare lines are none of these. A compose prefix, being any word and a bar, is
# looked for last; inside another envelope it stays here, and comes off where a message is read (``reading.cleaned``).
_PREFIXES: tuple[tuple[Callable[[str], bool], Read], ...] = (
    (lambda text: text[3:4] == " " or text.startswith("<"), syslog.from_syslog),
    (lambda text: containers.may_be_named(text) or text.startswith("[pod/"), _from_name),
)


def _deeper(line: Line) -> Line:
    """Take off what is left around a line: what is said further in is said of it more exactly."""
    for _ in range(MOST_PEELS - 1):
        inner = _inner(line.text, line.app, line.instance)
        if inner is None:
            break
        line = structs.replace(inner, stamp=inner.stamp or line.stamp)
    return line


def _inner(text: str, app: str, instance: str) -> Line | None:
    if text.startswith("{"):
        document = document_of(text)
        return None if document is None else shippers.from_document(document, app, instance)
    if text[4:5] == "-":
        return _from_dated(text, app, instance)
    return syslog.from_syslog(text, app, instance) if text[3:4] == " " or text.startswith("<") else None
