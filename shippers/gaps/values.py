"""What goes into the filling of gaps and comes out of it. Values only."""

from enum import StrEnum

from msgspec import Struct

from shippers.identity import Identity, Key
from shippers.nanoseconds import SECOND_NS
from streams.core.values import Line

REPEATS = 50_000  # keys whose repeats are counted: true repeats come close together


class Unfilled(StrEnum):
    """Why a gap stayed one: closed, and every member is counted."""

    API_UNAVAILABLE = "api_unavailable"
    BEYOND_HISTORY = "beyond_history"
    AUTH = "auth"
    DEADLINE = "deadline"
    NO_TOKEN = "no_token"  # noqa: S105  # a reason
    NO_SUCH_APP = "no_such_app"


class Limits(Struct, frozen=True):
    """How far around a gap is looked, how long, and how much is remembered."""

    overlap_ns: int = 30 * SECOND_NS
    fill_ns: int = 600 * SECOND_NS
    horizon_ns: int = 15 * 86_400 * SECOND_NS
    remembered: int = 400_000
    apps: int = 1_000


class Said(Struct, frozen=True, gc=False):
    """A line and its stamp to the nanosecond, None where it has none."""

    line: Line
    at_ns: int | None


class Told(Struct, frozen=True, gc=False):
    """A line of history, and which repeat of its words and stamp it is."""

    said: Said
    identity: Identity


class Held(Struct, frozen=True, gc=False):
    """A live line that waits for what was said before it; ``epoch``: over which connection it came."""

    said: Said
    identity: Identity | None
    epoch: int


class Given(Struct, frozen=True, gc=False):
    """A line that may be given, and its key, None where it cannot be told from another. ``filled``: history alone told it."""

    line: Line
    key: Key | None
    filled: bool = False


class Gap(Struct):
    """A time in which nothing was heard, and which apps' lines of it are still looked for."""

    from_ns: int
    to_ns: int
    apps: set[str]
    lines: int = 0
    unfilled: bool = False


class Closed(Struct, frozen=True):
    """A gap that is over: filled, or given up."""

    from_ns: int
    to_ns: int
    lines: int
    filled: bool


class Missing(Struct, frozen=True):
    """Lines of an app that may be missing for good."""

    app: str
    from_ns: int
    to_ns: int
    reason: Unfilled
    detail: str = ""


class Reach(Struct, frozen=True):
    """How far the lines given so far reach: ``number`` of them, the newest stamp heard, and where each fill stands."""

    number: int
    heard_ns: int | None
    fills: dict[str, int]


class Chunk(Struct, frozen=True):
    """Lines that are given, how far they reach, and the memory that they take."""

    lines: list[Line]
    reach: Reach
    bytes: int
