"""The fields of the common log format with tabs between them, in quotes and brackets or bare. Knows no envelope.

What is a field is told by its looks: nginx and Apache write them in whatever order they were told.
"""

import re

from streams.core import regex
from streams.core.parsing import request_line
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.stamps import any_ms

_MOST_COLUMNS = 40
_REQUEST = regex.compiled(r"[A-Z][A-Z_-]{2,23} [^\n]*HTTP/[0-9.]++").fullmatch
_METHOD = regex.compiled(r"[A-Z][A-Z-]{2,15}").fullmatch
_STATUS = regex.compiled(r"[1-5][0-9]{2}|-").fullmatch
_ADDRESS = regex.compiled(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?=[^:]*+:[^:]*+:)[0-9A-Fa-f:.]++").fullmatch
_STAMP = regex.compiled(
    r"[0-9]{1,2}/[A-Z][a-z]{2}/[0-9]{4}[:\ ][0-9:.]{5,15}(?:\ ?[+-][0-9:]{4,6})?+"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T\ ][0-9:.]{5,20}(?:\ ?[+-][0-9:]{4,6}|Z)?+|[0-9]{10}\.[0-9]{3}",
    re.VERBOSE,
).fullmatch
_SECONDS = regex.compiled(r"(?:rt=|request_time=)?+([0-9]{1,6}\.[0-9]{3})").fullmatch  # nginx writes three decimals


def match(text: str) -> Row | None:
    """Return the row of a line of which one column is a request and the one behind it its status."""
    if text[:1] == "{":
        return None  # a document, whatever it holds
    columns = [_bare(column) for column in text.split("\t", _MOST_COLUMNS)]
    for at, column in enumerate(columns[:-1]):
        if _REQUEST(column):
            method, target = request_line.split(column)
            rest = columns[at + 1 :]
            break
        if _METHOD(column) and columns[at + 1].startswith("/"):
            method, target = column, columns[at + 1]
            rest = columns[at + (3 if "HTTP/" in "".join(columns[at + 2 : at + 3]) else 2) :]
            break
    else:
        return None
    stamp = next((column for column in columns if _STAMP(column)), None)
    if not rest or not _STATUS(rest[0]) or stamp is None:
        return None
    client_ip = next((address for column in columns if _ADDRESS(address := column.split(",", 1)[0])), None)
    took = next((found[1] for column in rest if (found := _SECONDS(column))), None)
    agent = rest[3] if len(rest) > 3 and (rest[2] == "-" or "://" in rest[2]) else None  # status, bytes, referrer, agent
    return Fields(client_ip, method, target, rest[0], took, stamp, agent)


def _bare(column: str) -> str:
    """Take quotes or brackets off."""
    return column[1:-1] if column[:1] + column[-1:] in {'""', "[]"} else column


FORMATS = (Format("clf-tab", clean(match), "columns by tabs, one a request, the next a status", 1e3, any_ms, needle="\t"),)
