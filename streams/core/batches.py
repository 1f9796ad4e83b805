"""Reads the value of a record of ``fly.logs``: a tick, a columnar batch, or Fly's own JSON lines. Knows no state."""

from enum import StrEnum

import msgspec
from msgspec import Struct

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


class FlyApp(Struct, gc=False):
    """Whose line it is."""

    instance: str
    name: str


class Fly(Struct, gc=False):
    """The part of Fly's envelope that names the source; the fields that nothing reads are not decoded."""

    app: FlyApp
    region: str = ""


class FlyLine(Struct, gc=False):
    """One line as Fly's NATS stream, Vector and fly-log-shipper send it."""

    message: str
    timestamp: str
    fly: Fly


class Lines(Struct):
    """Fly's lines of one record in order, and beside them the lines that nobody can read, with the reason of each."""

    good: list[FlyLine]
    bad: list[tuple[Unreadable, bytes]]


_BATCH = msgspec.json.Decoder(Batch)
_WIDE_BATCH = msgspec.json.Decoder(WideBatch)
_LINE = msgspec.json.Decoder(FlyLine)
_ANY = msgspec.json.Decoder()
OURS = b'{"v":'


def read(value: bytes, key: bytes, record_bytes: int) -> Batch | Lines | Unreadable:
    """Read a record: a batch (a tick is a batch of no lines), Fly's lines, or why nobody can."""
    if len(value) > record_bytes:
        return Unreadable.TOO_LARGE
    if value.startswith(OURS):
        try:
            return _BATCH.decode(value)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return _wide(value)
    if not value.strip():
        return Unreadable.EMPTY
    try:
        return Lines(_LINE.decode_lines(value), [])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        found = _one_by_one(value, key)
        return found if found.good or len(found.bad) != 1 else found.bad[0][0]


def _wide(value: bytes) -> Batch | Unreadable:
    try:
        wide = _WIDE_BATCH.decode(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
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
        _LINE.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _one_by_one(value: bytes, key: bytes) -> Lines:
    """Read line by line when a block has one that the fast way refuses (one bad line in 400 costs about a tenth)."""
    app, _, instance = key.decode("utf-8", "replace").partition("/")
    found = Lines([], [])
    for raw in value.split(b"\n"):
        if not raw.strip():
            continue
        try:
            found.good.append(_LINE.decode(raw))
            continue
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            pass
        line = unwrap(raw.decode("utf-8", "replace"), app, instance)
        if line.stamp is None or not raw.lstrip().startswith(b"{"):
            found.bad.append((_why(raw), raw))
        else:
            found.good.append(FlyLine(line.text, line.stamp, Fly(FlyApp(line.instance, line.app), line.region)))
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
