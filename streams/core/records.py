"""What goes into and comes out of the two steps. Values only: knows no bytes, topic or clock."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from streams.core.security.values import Finding
from streams.core.tally import Tally
from streams.core.values import Event


class Record(Struct, frozen=True, gc=False):
    """One record of ``fly.logs`` as the log keeps it; ``at_ms`` is the record's own timestamp: its arrival."""

    offset: int
    at_ms: int
    value: bytes
    key: bytes = b""


class Snapshot(Struct, frozen=True):
    """A pane as one source knows it so far (cumulative: a newer one replaces it)."""

    app: str
    start_ms: int
    source: int
    offset: int
    tally: Tally


class Progress(Struct, frozen=True):
    """Source ``source`` has been read, and its snapshots sent, up to ``clock_ms``."""

    source: int
    clock_ms: int
    offset: int


class Requests(Struct, frozen=True):
    """The parsed requests of one instance in some records, as columns of equal length.

    Columns: at (RFC 3339 text or None), method, target, route, status (int or None), duration_ms (float or None),
    client_ip, format. ``id`` names the records (partition, offsets), so that a repeat can be dropped.
    """

    id: str
    app: str
    instance: str
    region: str
    columns: dict[str, list[Any]]


class Happened(Struct, frozen=True):
    """An event that a line told; ``id`` names the record and the place in it, so that a repeat can be dropped."""

    id: str
    app: str
    instance: str
    region: str
    at_ms: int
    event: Event


class Security(Struct, frozen=True):
    """A security event: what a line shows by itself, or what a client's bucket ran over with (``count`` of its hits).

    ``id`` names where it comes from, so that a repeat can be dropped.
    """

    id: str
    app: str
    instance: str  # "" of a bucket: a client's requests may be spread over instances
    region: str
    at_ms: int
    finding: Finding
    count: int = 1


class Dead(Struct, frozen=True):
    """A record, or a line of one, that nobody could read, whole."""

    id: str
    reason: str
    value: bytes
    key: bytes


class Published(Struct, frozen=True):
    """A document for one of the topics that others read (``windows`` or ``alerts``), with its key."""

    topic: str
    key: str
    value: Mapping[str, Any]


Output = Snapshot | Progress | Requests | Happened | Security | Dead | Published


class Step(Struct):
    """What one record changed (key -> value, None: forget it) and what is to be published, in order."""

    writes: dict[str, Any]
    outputs: list[Output]
