"""Requests told in two lines, a begin and an end: ASP.NET Core before 5, serve, Martini, Rocket, Mojolicious, Spring, Dream.

Reads one line's part. Joins nothing and knows no envelope.
"""

import re

from streams.core.joins import Fragment, Kind
from streams.core.lazily import Lazily
from streams.core.parsing.elapsed import PIECE, elapsed_ms
from streams.core.parsing.pieces import ADDRESS, ANY_METHOD, ISO_STAMP, METHOD, PEER, STATUS, TARGET, address_of, path_of
from streams.core.parsing.stamps import iso_ms

_HEAD = rf"(?:\[?({ISO_STAMP})\]?)?[^\n]{{0,400}}?"
_STARTING = Lazily(  # from version 5 on a dash follows the URL, and the end tells everything
    rf"{_HEAD} Request\ starting\ HTTP/[0-9.]++\ ({ANY_METHOD})\ ({TARGET})(?!\ -\ )(?:\ [^\n]*+)?+", re.VERBOSE
).fullmatch
_FINISHED = Lazily(rf"{_HEAD} Request\ finished\ in\ ([0-9.,]++)\ ?ms\ ({STATUS})(?:[\ |][^\n]*+)?+", re.VERBOSE).fullmatch
_REQUEST_ID = Lazily(r"RequestId[:=] ?\"?([0-9A-Za-z:.-]{1,100})").search

_SERVE = Lazily(
    rf"\ *+HTTP\ ++[0-9]{{1,4}}[^ \n]*+\ [0-9:.]{{7,12}}(?:[\ \u202f][AP]M)?\ ({ADDRESS})\ "
    rf"(?:({METHOD})\ (/[^ \n]*+)|Returned\ ({STATUS})\ in\ ([0-9.]++)\ ms)",
    re.VERBOSE,
).fullmatch
_MARTINI = Lazily(
    rf"(\[(?:martini|negroni)\])\ (?:Started\ ({METHOD})\ (/[^ \n]*+)(?:\ for\ ({PEER}|{ADDRESS}))?"
    rf"|Completed\ ({STATUS})\ [A-Za-z'\ -]{{0,60}}?\ ?in\ ({PIECE}))",
    re.VERBOSE,
).fullmatch
_SPRING = Lazily(
    rf"(?:({ISO_STAMP})\ )?[^\n]{{0,200}}?\[([^\[\]\n]{{1,60}})\]\ [^\n\[\"]{{0,160}}?"
    rf"(?:(?:HTTP\ )?({METHOD})\ \"(/[^\"\n]*+)\"(?:,\ [^\n]*+)?|Completed\ ({STATUS})\ [A-Z_]++(?:,\ [^\n]*+)?)",
    re.VERBOSE,
).fullmatch
_ROCKET = Lazily(  # 0.4 writes no status; a request that no route takes has no outcome
    rf"\ *+(?:({METHOD})\ (/[^ \n]*)(?:\ [a-z*]++/[^ :\n]++)?+:"
    rf"|[>=]>\ (?:Outcome:\ (?:Success|Error|Failure)(?:\(({STATUS})[^)\n]*+\))?|(No)\ matching\ routes\ for\ [^\n]++))",
    re.VERBOSE,
).fullmatch
_MOJOLICIOUS = Lazily(
    rf"\[({ISO_STAMP})\]\ \[[0-9]++\]\ \[(?:debug|trace)\]\ \[([^\]\n]{{1,60}})\]\ "
    rf"(?:({METHOD})\ \"(/[^\"\n]*+)\"|({STATUS})\ [^(\n]*+\(([0-9.]++)s,[^\n]*+)",
    re.VERBOSE,
).fullmatch
_DREAM = Lazily(
    r"(?:[0-9]{2}\.[0-9]{2}\.[0-9]{2}\ [0-9:.]{8,13}\ ++)?dream\.[a-z]++\ ++[A-Z]++\ REQ\ ([0-9]{1,12})"
    rf"\ (?:({METHOD})\ (/[^ \n]*+)\ ({PEER})(?:\ [^\n]*+)?|({STATUS})\ in\ ([0-9]{{1,15}})\ [µμ]s)",
    re.VERBOSE,
).fullmatch


def aspnet(text: str) -> Fragment | None:
    """Read what the host of ASP.NET Core 1 to 3 says; the id stands in the line where scopes are logged."""
    an_id = "" if (found := _REQUEST_ID(text)) is None else found[1]
    if begins := _STARTING(text):
        stamp, method, url = begins.groups()
        return Fragment(Kind.STARTED, an_id, method=method, target=path_of(url), stamp_ms=_ms(stamp))
    if ends := _FINISHED(text):
        stamp, took, status = ends.groups()
        return Fragment(
            Kind.COMPLETED,
            an_id,
            status=int(status),
            duration_ms=elapsed_ms(f"{took}ms"),
            stamp_ms=_ms(stamp),
            format="aspnet-2",
        )
    return None


def serve(text: str) -> Fragment | None:
    """Read what Vercel's ``serve`` says: the client's address is all that its two lines share."""
    if (found := _SERVE(text)) is None:
        return None
    client_ip, method, target, status, took = found.groups()
    if method:
        return Fragment(Kind.STARTED, client_ip, method=method, target=target, client_ip=client_ip)
    return Fragment(Kind.COMPLETED, client_ip, status=int(status), duration_ms=elapsed_ms(f"{took}ms"), format="serve")


def martini(text: str) -> Fragment | None:
    """Read what Martini and the first negroni say; nothing tells two open requests apart."""
    if (found := _MARTINI(text)) is None:
        return None
    name, method, target, peer, status, took = found.groups()
    if method:
        return Fragment(Kind.STARTED, name, method=method, target=target, client_ip=address_of(peer) if peer else None)
    return Fragment(Kind.COMPLETED, name, status=int(status), duration_ms=elapsed_ms(took), format="martini")


def rocket(text: str) -> Fragment | None:
    """Read what Rocket says: nothing tells two open requests apart, nor how long one took."""
    if (found := _ROCKET(text)) is None:
        return None
    method, target, status, unknown = found.groups()
    if method:
        return Fragment(Kind.STARTED, "rocket", method=method, target=target)
    return Fragment(Kind.COMPLETED, "rocket", status=404 if unknown else int(status) if status else None, format="rocket")


def mojolicious(text: str) -> Fragment | None:
    """Read what Mojolicious says: an id of the request is in both lines."""
    if (found := _MOJOLICIOUS(text)) is None:
        return None
    stamp, an_id, method, target, status, took = found.groups()
    if method:
        return Fragment(Kind.STARTED, an_id, method=method, target=target, stamp_ms=_ms(stamp))
    duration_ms = elapsed_ms(f"{took}s")
    return Fragment(
        Kind.COMPLETED, an_id, status=int(status), duration_ms=duration_ms, stamp_ms=_ms(stamp), format="mojolicious"
    )


def spring(text: str) -> Fragment | None:
    """Read what Spring's dispatcher says at level debug: the thread, or WebFlux's id, is in both lines."""
    if (found := _SPRING(text)) is None:
        return None
    stamp, an_id, method, target, status = found.groups()
    if method:
        return Fragment(Kind.STARTED, an_id, method=method, target=target, stamp_ms=_ms(stamp))
    return Fragment(Kind.COMPLETED, an_id, status=int(status), stamp_ms=_ms(stamp), format="spring")


def dream(text: str) -> Fragment | None:
    """Read what OCaml's Dream says: a number of the request is in both lines."""
    if (found := _DREAM(text)) is None:
        return None
    an_id, method, target, peer, status, took = found.groups()
    if method:
        return Fragment(Kind.STARTED, an_id, method=method, target=target, client_ip=address_of(peer))
    return Fragment(Kind.COMPLETED, an_id, status=int(status), duration_ms=int(took) / 1e3, format="dream")


def _ms(stamp: str | None) -> int | None:
    return iso_ms(stamp) if stamp else None
