"""Reads the value of a record of ``fly.logs``: a tick, a columnar batch, or Fly's own JSON lines. Knows no state."""

from enum import StrEnum
from types import NoneType

import msgspec
import orjson
from msgspec import Struct

from streams.core import fly_lines
from streams.core.fly_lines import UNREADABLE, FlyLine, Owner
from streams.core.lines import unwrap


class Unreadable(StrEnum):
    """Why a record, or a line of one, is dead: closed, and every member is counted."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_UTF8 = "not_utf8"
    NOT_FLY = "not_fly"  # JSON, but neither a batch nor a line of Fly's
    BUG = "bug"  # reading it raised: ours to mend


class Batch(Struct, gc=False):
    """1..N lines of one app and instance: the shared head once, and rows of (stamp, text)."""

    lines: list[tuple[str | None, str]] = []
    app: str = ""
    instance: str = ""
    region: str = ""
    provider: str = "app"
    level: str = ""
    tick: bool = False
    v: int = 1


class WideBatch(Struct, gc=False):
    """A batch in which some rows are [stamp, text, provider, level]: what differs from the head."""

    lines: list[list[str | None]]
    app: str = ""
    instance: str = ""
    region: str = ""
    provider: str = "app"


class Lines(Struct):
    """Fly's lines of one record in order, whose each is, and the lines that nobody can read, with the reason of each."""

    good: list[FlyLine]
    owners: list[Owner]
    bad: list[tuple[Unreadable, bytes]]


_BATCH = msgspec.json.Decoder(Batch)
_WIDE_BATCH = msgspec.json.Decoder(WideBatch)
_ANY = msgspec.json.Decoder()
_HEAD = frozenset(("app", "instance", "region", "provider", "level"))
_PROBED_BYTES, _MOST_PLAIN = 4_096, 64  # a batch with an escape in so many bytes is full of them
OURS = b'{"v":'


def read(value: bytes, key: bytes, record_bytes: int) -> Batch | Lines | Unreadable:
    """Read a record: a batch (a tick is a batch of no lines), Fly's lines, or why nobody can."""
    if len(value) > record_bytes:
        return Unreadable.TOO_LARGE
    if value.startswith(OURS):
        try:
            return _escaped(value) or _BATCH.decode(value)
        except UNREADABLE:
            return _wide(value)
    if not value.strip():
        return Unreadable.EMPTY
    try:
        return Lines(*fly_lines.read(value), [])
    except UNREADABLE:
        found = _one_by_one(value, key)
        return found if found.good or len(found.bad) != 1 else found.bad[0][0]


def _escaped(value: bytes) -> Batch | None:
    """Read a batch full of escapes (JSON in JSON), which orjson does in two thirds of the time; None for any other."""
    if value.count(b"\\", 0, _PROBED_BYTES) * _MOST_PLAIN < _PROBED_BYTES:
        return None
    try:
        batch = orjson.loads(value)
    except ValueError:
        return None
    head = {name: said for name, said in batch.items() if name in _HEAD}
    rows = batch.get("lines")
    if set(map(type, head.values())) != {str} or type(batch["v"]) is not int or "tick" in batch:
        return None
    if type(rows) is not list or set(map(type, rows)) != {list} or set(map(len, rows)) != {2}:
        return None
    stamps, texts = zip(*rows, strict=True)
    return Batch(rows, **head) if set(map(type, texts)) == {str} and {str, NoneType} >= set(map(type, stamps)) else None


def _wide(value: bytes) -> Batch | Unreadable:
    try:
        wide = _WIDE_BATCH.decode(value)
    except UNREADABLE:
        return _why(value)
    if any(len(row) < 2 for row in wide.lines):
        return Unreadable.NOT_FLY
    rows = [(row[0], row[1] or "") for row in wide.lines]
    providers = {row[2] if len(row) > 2 else wide.provider for row in wide.lines}
    provider = wide.provider if providers == {wide.provider} else ""  # "": of several, as when nobody says
    return Batch(rows, wide.app, wide.instance, wide.region, provider)


def is_fly(raw: bytes) -> bool:
    """Tell whether a line is in the envelope of Fly's NATS stream."""
    try:
        fly_lines.read_one(raw)
    except UNREADABLE:
        return False
    return True


def _one_by_one(value: bytes, key: bytes) -> Lines:
    """Read line by line when a block has one that the fast way refuses (one bad line in 400 costs about a tenth)."""
    app, _, instance = key.decode("utf-8", "replace").partition("/")
    found = Lines([], [], [])
    for raw in value.split(b"\n"):
        if not raw.strip():
            continue
        try:
            line, owner = fly_lines.read_one(raw)
        except UNREADABLE:
            pass
        else:
            found.good.append(line)
            found.owners.append(owner)
            continue
        other = unwrap(raw.decode("utf-8", "replace"), app, instance)
        if other.stamp is None or not raw.lstrip().startswith(b"{"):
            found.bad.append((_why(raw), raw))
        else:
            found.good.append(FlyLine(other.text, other.stamp))
            found.owners.append(Owner(other.app, other.instance, other.region))
    return found


def _why(value: bytes) -> Unreadable:
    try:
        value.decode()
    except UnicodeDecodeError:
        return Unreadable.NOT_UTF8
    try:
        _ANY.decode(value)
    except (msgspec.MsgspecError, RecursionError):
        return Unreadable.NOT_JSON
    return Unreadable.NOT_FLY
