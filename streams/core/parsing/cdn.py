"""Lines of content networks that are no common log format: Bunny, and Fastly's first format. Knows no envelope.

What Fastly writes by default today is the common log format; CloudFront is with Amazon's.
"""

import re
from string import ascii_uppercase

from streams.core import regex
from streams.core.parsing import request_line
from streams.core.parsing.format import ADDRESS, Fields, Format, Row, clean
from streams.core.parsing.stamps import clf_ms, epoch_ms

_BUNNY = regex.compiled(
    r"(?:[A-Z][A-Z_]{0,20}|-)\|([0-9]{1,3}|-)\|([0-9]{10,13})\|[0-9-]++\|[0-9-]++"  # cache, answer, stamp, bytes, zone
    r"\|([^|\n]*+)\|[^|\n]*+\|([^|\n]*+)\|[A-Z]{2,4}\|([^\n]*+)",  # client, referrer, URL, place; then agent, id, country
    re.VERBOSE,
).fullmatch
_FASTLY = regex.compiled(
    r"(?=[0-9a-f:])([^ \"\n]++)\ (?:\"-\"|-)\ (?:\"-\"|-)\ "
    r"[A-Z][a-z]{2},\ ([0-9]{2})\ ([A-Z][a-z]{2})\ ([0-9]{4})\ ([0-9:]{8})\ GMT\ "
    r"\"?+([A-Z]++)\ ([^ \"\n]++)(?:\ HTTP/[0-9.]++)?+\"?+\ ([0-9]{3})(?:\ (?:[0-9]++|-|\(null\)))?+",
    re.VERBOSE,
).fullmatch


def _bunny(text: str) -> Row | None:
    """Read Bunny's fields; it says neither the method nor how long it took."""
    found = _BUNNY(text)
    if found is None:
        return None
    status, stamp, client_ip, url, rest = found.groups()
    if rest.count("|") < 2:
        return None
    return Fields(client_ip, None, request_line.path_of(url), status, None, stamp, rest.split("|", 1)[0])


def _fastly(text: str) -> Row | None:
    """Read Fastly's version 1: dashes in quotes, a date of HTTP, a request without its protocol."""
    found = _FASTLY(text)
    if found is None:
        return None
    client_ip, day, month, year, clock, method, target, status = found.groups()
    return Fields(client_ip, method, target, status, None, f"{day}/{month}/{year}:{clock}")


FORMATS = (
    Format(
        "bunny",
        clean(_bunny),
        "bars, of which the third field is a stamp in ms",
        0.0,
        epoch_ms,
        needle="|",
        begins=f"{ascii_uppercase}-",
    ),
    Format(
        "fastly",
        clean(_fastly),
        "a date of HTTP between the client and the request",
        0.0,
        clf_ms,
        needle=" GMT ",
        begins=ADDRESS,
    ),
)
