"""Phoenix and Plug tell a request in two lines, ``GET /x`` and ``Sent 200 in 12ms``: reads one line's part.

Elixir's logger writes its head before them: a time, metadata with the id of the request, the level in brackets. Joins
nothing and knows no envelope.
"""

from streams.core import regex
from streams.core.joins import Fragment, Kind
from streams.core.parsing.elapsed import elapsed_ms
from streams.core.parsing.pieces import ANY_METHOD, PATH, STATUS
from streams.core.parsing.stamps import iso_ms

_LEVEL = regex.compiled(r"\[(?:debug|info|notice|warning|warn|error)\] {1,8}").search
_BEFORE = regex.compiled(r"(?:([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{8,15}Z?) |[0-9:.]{8,15} )?[^\n\[]{0,600}").fullmatch
_AFTER = regex.compiled(r"(?:[a-z_]{1,40}=[^ \n]{1,200} )*+").match
_REQUEST_ID = regex.compiled(r"request_id=(?<![^ ]request_id=)([^ \n]{1,100})").search
_PROCESS = regex.compiled(r"pid=(?<![^ ]pid=)(#PID<[0-9.]{1,40}>|<[0-9.]{1,40}>)").search
_BEGINS = regex.compiled(rf"({ANY_METHOD}) ({PATH})").fullmatch
_ENDS = regex.compiled(rf"(?:Sent|Chunked|Upgraded) ({STATUS}) in ([0-9.]{{1,20}}[nuµμm]?s)").fullmatch


def fragment(text: str) -> Fragment | None:
    """Return what this line says about a request, None when it says nothing."""
    level = _LEVEL(text)
    if level is None or (before := _BEFORE(text[: level.start()])) is None:
        return None
    after = _AFTER(text, level.end())
    begin = level.end() if after is None else after.end()
    an_id = _id(f"{before[0]} {text[level.end() : begin]}")
    return told(text, an_id, iso_ms(before[1] or ""), begin)


def told(text: str, an_id: str, stamp_ms: int | None, begin: int = 0) -> Fragment | None:
    """Return what a message says, behind whatever stands before it."""
    if begins := _BEGINS(text, begin):
        return Fragment(Kind.STARTED, an_id, method=begins[1], target=begins[2], stamp_ms=stamp_ms)
    if ends := _ENDS(text, begin):
        status, took = ends.groups()
        return Fragment(
            Kind.COMPLETED, an_id, status=int(status), duration_ms=elapsed_ms(took), stamp_ms=stamp_ms, format="phoenix"
        )
    return None


def _id(metadata: str) -> str:
    """Return the request's id, else the process, else nothing: then only one request at a time can be told."""
    found = _REQUEST_ID(metadata) or _PROCESS(metadata)
    return found[1] if found else ""
