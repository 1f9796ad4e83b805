"""Turns bodies of NDJSON, JSON arrays, text and syslog frames into lines. What cannot be read is a line as it came.

Knows no HTTP, clock or Kafka.
"""

import re

import msgspec

from shippers.believing import PROBE, disbelieved
from shippers.receiving.refusals import too_many_lines
from streams.core.envelopes import fly
from streams.core.lines import Assembler, unwrap
from streams.core.values import Line

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


def believed(lines: list[Line]) -> list[Line]:
    """Return lines of which none passes for a probe's."""
    return [line if line.provider != PROBE else disbelieved(line) for line in lines]


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
