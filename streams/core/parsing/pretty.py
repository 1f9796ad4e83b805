"""Requests that pino-pretty prints over indented lines, of pino-http and of Fastify: reads the next line. Joins nothing.

    [09:01:38.250] INFO (7): request completed
        req: {
          "method": "GET",
          "url": "/"
        }
        res: {
          "statusCode": 200
        }
        responseTime: 12

A line means nothing by itself: ``Block`` says where it stands. Fastify tells request and response in a block each, with one
``reqId``. What stands in other objects, such as a stack trace in ``err``, is left to who reads such things. Knows no envelope.
"""

from collections.abc import Callable
from typing import Any

import orjson
from msgspec import Struct, structs

from streams.core import regex
from streams.core.blocks import Block
from streams.core.joins import Fragment, Kind
from streams.core.parsing import halves
from streams.core.parsing.field_values import CAPITALS
from streams.core.parsing.stamps import any_ms

_OPENING = ("    req: {", "    res: {", "    reqId: ")
_SAID = ("incoming request", "request completed", "request errored", "request aborted")
SINGLES = tuple(f": {said} {{" for said in _SAID)
NEEDLES = (*_OPENING, *(f": {said}" for said in _SAID))
FORMAT = "pino-pretty"
_MOST_LINES = 500
_ID_CHARS, _VALUE_CHARS = 100, 8_192
_HEAD = regex.compiled(  # the level may stand first
    r"(?:([A-Z]{3,12}) (?=\[))?+(?:\[([0-9][^\]\n]{1,39})\](?: |(?=:)))?+(?(1)|([A-Z]{3,12}) ?)(?:\(([^)\n]{1,100})\))?: "
    rf"(?:{'|'.join(_SAID)})"
).match
_QUIET = {"TRACE", "DEBUG", "INFO"}  # louder ones are events
_KEY = regex.compiled(r"    ([A-Za-z_][A-Za-z0-9_.-]{0,60}): ?(.*)").fullmatch
_PAIR = regex.compiled(r"( {6}| {8})\"([A-Za-z-]{2,20})\": (.{1,8200}?),?").fullmatch
_INDENT = "    "


class Followed(Struct, frozen=True, gc=False):
    """What a line did: the block that is open now, and what it said of a request; ``part``: it is nothing else."""

    block: Block | None
    said: Fragment | None = None
    part: bool = True


def follow(block: Block | None, text: str) -> Followed | None:
    """Take in a line that is no request by itself; None when it has nothing to do with a block."""
    if not text.startswith(_INDENT):
        headed = _headed(text) if text.endswith(_SAID) else None
        return headed or (None if block is None else Followed(None, part=False))
    if block is None:
        key = _KEY(text) if text.startswith(_OPENING) else None
        return None if key is None else _keyed(Block(), key[1], key[2])
    block = structs.replace(block, lines=block.lines + 1)
    if block.lines > _MOST_LINES:
        return Followed(None, part=False)
    if found := _KEY(text):
        return _keyed(block, found[1], found[2])
    if text.startswith("    }"):
        return _closed(block)
    read = _OBJECTS.get(block.inside)
    return Followed(block, part=False) if read is None else Followed(read(block, text))


def single(text: str) -> Fragment | None:
    """Read what pino-pretty prints of Fastify's two documents in a line each (``singleLine``): the head has their stamp."""
    found = _HEAD(text)
    said = halves.fragment(text[found.end() + 1 :]) if found else None
    if found is None or said is None:
        return None
    _, stamp, _, process = found.groups()
    return structs.replace(said, id=f"{process or ''}{said.id}"[:_ID_CHARS], stamp_ms=any_ms(stamp) if stamp else None)


def _headed(text: str) -> Followed | None:
    found = _HEAD(text)
    if found is None or found.end() != len(text):
        return None
    first, stamp, level, process = found.groups()
    block = Block(process=process or "", stamp_ms=any_ms(stamp) if stamp else None)
    return Followed(block, part=(first or level) in _QUIET)


def _keyed(block: Block, key: str, value: str) -> Followed:
    """Take a line of the block itself."""
    block = structs.replace(block, inside=key if value == "{" else "")
    if key == "reqId":
        an_id = _value(value)
        known = isinstance(an_id, str | int) and not isinstance(an_id, bool)
        return Followed(structs.replace(block, id=f"{block.process}/{an_id}"[:_ID_CHARS]) if known else block)
    if key == "responseTime":
        return _completed(block, _value(value))
    return Followed(block, part=key in _OBJECTS)


def _closed(block: Block) -> Followed:
    """Take the end of an object; a request with an id has begun, whether its response stands in this block or another."""
    was, block = block.inside, structs.replace(block, inside="")
    if was != "req" or not block.id or block.method is None:
        return Followed(block, part=was in _OBJECTS)
    begun = Fragment(
        Kind.STARTED, block.id, block.method, block.target, block.client_ip, stamp_ms=block.stamp_ms, format=FORMAT, own_id=True
    )
    return Followed(block, begun)


def _completed(block: Block, took: Any) -> Followed:
    """Take the time it took, which comes last."""
    known = isinstance(took, int | float) and not isinstance(took, bool) and 0 <= took < 1e15
    if not (block.id or (block.method and block.target)):
        return Followed(None)
    return Followed(
        None,
        Fragment(
            Kind.COMPLETED,
            block.id or FORMAT,  # with no id it has told everything itself, and is not another's end
            block.method,
            block.target,
            block.client_ip,
            block.status,
            round(float(took), 6) if known else None,
            block.stamp_ms,
            FORMAT,
        ),
    )


def _asked(block: Block, text: str) -> Block:
    """Read a line of the request."""
    found = _PAIR(text)
    if found is None:
        return block
    indent, name, written = found.groups()
    if len(indent) == 8:
        return _named(block, _CLIENTS.get(name, 0), written)
    if name == "remoteAddress":
        return _named(block, 1, written)
    value = _value(written) if name in {"method", "url"} else None
    if not isinstance(value, str) or not value:
        return block
    if name == "url":
        return structs.replace(block, target=value)
    return structs.replace(block, method=None if " " in value else CAPITALS.get(value, value))


# Whose word counts of the client's address: the peer's counts 1.
_CLIENTS = {"fly-client-ip": 3, "x-forwarded-for": 2}


def _named(block: Block, sure: int, written: str) -> Block:
    value = _value(written) if sure > block.sure else None
    client_ip = value.partition(",")[0].strip()[:200] if isinstance(value, str) else ""
    return structs.replace(block, client_ip=client_ip, sure=sure) if client_ip else block


def _answered(block: Block, text: str) -> Block:
    """Read a line of the response."""
    found = _PAIR(text)
    if found is None or found[2] != "statusCode" or len(found[1]) != 6:
        return block
    status = _value(found[3])
    known = isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599
    return structs.replace(block, status=status if known else None)


_OBJECTS: dict[str, Callable[[Block, str], Block]] = {"req": _asked, "res": _answered}


def _value(written: str) -> Any:
    if len(written) > _VALUE_CHARS:
        return None
    try:
        return orjson.loads(written)
    except ValueError:
        return None
