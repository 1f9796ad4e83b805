"""Phoenix and Plug tell a request in two lines, ``GET /x`` and ``Sent 200 in 12ms``: reads one line's part.

Elixir's logger writes its head before them: a time, metadata with the id of the request, the level in brackets. Joins
nothing and knows no envelope.
"""

import re

from streams.core.joins import Fragment, Kind
from streams.core.parsing.elapsed import elapsed_ms
from streams.core.parsing.pieces import ANY_METHOD, PATH, STATUS
from streams.core.parsing.stamps import iso_ms

_HEAD = re.compile(
    r"(?:(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}[T\ ][0-9:.]{8,15}Z?)\ |[0-9:.]{8,15}\ )?"
    r"(?P<before>[^\n\[]{0,600}?)\[(?:debug|info|notice|warning|warn|error)\]\ {1,8}(?P<after>(?:[a-z_]{1,40}=[^ \n]{1,200}\ )*+)",
    re.VERBOSE,
).match
_REQUEST_ID = re.compile(r"(?:^|(?<= ))request_id=([^ \n]{1,100})").search
_PROCESS = re.compile(r"(?:^|(?<= ))pid=(#PID<[0-9.]{1,40}>|<[0-9.]{1,40}>)").search
_BEGINS = re.compile(rf"({ANY_METHOD}) ({PATH})").fullmatch
_ENDS = re.compile(rf"(?:Sent|Chunked|Upgraded) ({STATUS}) in ([0-9.]{{1,20}}[nuµμm]?s)").fullmatch


def fragment(text: str) -> Fragment | None:
    """Return what this line says about a request, None when it says nothing."""
    head = _HEAD(text)
    if head is None:
        return None
    rest = text[head.end() :]
    if begins := _BEGINS(rest):
        return Fragment(Kind.STARTED, _id(head), method=begins[1], target=begins[2], stamp_ms=iso_ms(head["stamp"] or ""))
    if ends := _ENDS(rest):
        return Fragment(
            Kind.COMPLETED,
            _id(head),
            status=int(ends[1]),
            duration_ms=elapsed_ms(ends[2]),
            stamp_ms=iso_ms(head["stamp"] or ""),
            format="phoenix",
        )
    return None


def _id(head: re.Match[str]) -> str:
    """Return the request's id, else the process, else nothing: then only one request at a time can be told."""
    metadata = f"{head['before']} {head['after']}"
    found = _REQUEST_ID(metadata) or _PROCESS(metadata)
    return found[1] if found else ""
