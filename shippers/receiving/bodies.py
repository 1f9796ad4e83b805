"""Turns bodies of NDJSON, JSON arrays, text and syslog frames into lines. What cannot be read is a line as it came.

Knows no HTTP, clock or Kafka.
"""

import re

import msgspec
from msgspec import structs

from shippers.believing import PROBE, disbelieved
from shippers.receiving.refusals import too_many_lines
from streams.core.envelopes import fly
from streams.core.lines import Assembler, unwrap
from streams.core.values import Line

NAME_CHARS = 255  # of an app, instance, region, provider or level: they stand in a record's head and key
COMMAS_A_LINE = 16  # an array with more of them than its lines may have is not even looked at: each could be an item
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = msgspec.json.Decoder(str)
_FRAME = re.compile(rb"\s*([0-9]{1,9}) (?=<)").match
_WRONG = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def from_logs(body: bytes, app: str, instance: str, most_lines: int) -> list[Line]:
    """Read what Vector, fly-log-shipper and people send: NDJSON, a JSON array, or text a line each."""
    found = _from_array(body, app, instance, most_lines) if body.lstrip()[:1] == b"[" else None
    return _from_lines(body, app, instance, most_lines) if found is None else found


def from_drain(body: bytes, app: str, instance: str, most_lines: int) -> list[Line]:
    """Read syslog messages, counted by octets (RFC 6587) or one a line; behind a wrong count the rest is read as lines."""
    found: list[Line] = []
    at = 0
    while frame := _FRAME(body, at):
        end = frame.end() + int(frame[1])
        if end > len(body):
            break
        if len(found) >= most_lines:
            raise too_many_lines(most_lines)
        text = body[frame.end() : end].decode("utf-8", "replace")
        found.append(unwrap(text, app, instance))
        at = end
    rest = body[at:]
    return found + _from_lines(rest, app, instance, most_lines - len(found)) if rest.strip() else found


def bounded(lines: list[Line]) -> list[Line]:
    """Cut names that no record could carry: whoever sends must not be able to make one that the broker refuses.

    Nor a line that passes for a probe's.
    """
    for number, sent in enumerate(lines):
        line = sent
        if line.provider == PROBE:
            line = lines[number] = disbelieved(line)
        if len(line.app) + len(line.instance) + len(line.region) + len(line.provider) + len(line.level) > NAME_CHARS:
            lines[number] = structs.replace(
                line,
                app=line.app[:NAME_CHARS],
                instance=line.instance[:NAME_CHARS],
                region=line.region[:NAME_CHARS],
                provider=line.provider[:NAME_CHARS],
                level=line.level[:NAME_CHARS],
            )
    return lines


def _from_lines(body: bytes, app: str, instance: str, most_lines: int) -> list[Line]:
    if body.count(b"\n") > 2 * most_lines:  # blank ones are none; but a list of millions must not even be made
        raise too_many_lines(most_lines)
    found = fly.several_from_nats(body, app, instance) if body.startswith(b"{") else None
    if found is None:
        assembler = Assembler()
        raws = [*assembler.several(body.decode("utf-8", "replace")), *assembler.rest()]
        found = [unwrap(raw, app, instance) for raw in raws if raw and not raw.isspace()]
    if len(found) > most_lines:
        raise too_many_lines(most_lines)
    return found


def _from_array(body: bytes, app: str, instance: str, most_lines: int) -> list[Line] | None:
    """Read the items of an array; None if it is none, such as text that begins with a bracket."""
    if body.count(b",") > COMMAS_A_LINE * most_lines:
        raise too_many_lines(most_lines)
    found = fly.several_from_nats(body, app, instance)
    if found is None:
        try:
            items = _ITEMS.decode(body)
        except _WRONG:
            return None
        if len(items) > most_lines:
            raise too_many_lines(most_lines)
        found = [unwrap(_spelt(bytes(item)), app, instance) for item in items]
    if len(found) > most_lines:
        raise too_many_lines(most_lines)
    return found


def _spelt(item: bytes) -> str:
    """Return an item as the line it stands for: a string is itself, a document stands in one line."""
    try:
        if item[:1] == b'"':
            return _STRING.decode(item)
        if b"\n" in item:
            item = msgspec.json.format(item, indent=-1)
    except _WRONG:
        pass  # a string that is no Unicode
    return item.decode("utf-8", "replace")
