"""Squid's native access log; its ``common`` and ``combined`` are the common log format. Knows no envelope.

A forward proxy's targets are addresses of others: they stay as they are logged. Lines of ICP and HTCP between caches are no
requests of clients.
"""

import re

from streams.core import regex
from streams.core.parsing.format import DIGITS, Fields, Format, Row, clean
from streams.core.parsing.stamps import epoch_ms

_LINE = regex.compiled(
    r"([0-9]{9,11}\.[0-9]{1,6})\ ++(-?+[0-9]++)\ ([^ \n]++)\ "  # stamp, ms, client
    r"(?!UDP_)[A-Z][A-Z_]*+/([0-9]{1,3}|-)\ [0-9-]++\ "  # what the cache made of it, the answer, bytes
    r"(?!ICP_|HTCP_)([A-Z][A-Z_-]*+|-)\ ([^ \n]*+(?:\ [^ \n]*+)*?)\ "
    r"[^ \n]++\ [A-Z][A-Z_]*+/[^ \n]++\ [^ \n]++"  # user, where it went, type
    r"(?:\ \[[^\n]*+)?+",  # log_mime_hdrs
    re.VERBOSE,
).fullmatch
_NOT_HTTP = "error:"  # Squid's word for a target where bytes were no request
_NOTHING = "error:transaction-end-before-headers"  # a connection that was closed again


def match(text: str) -> Row | None:
    """Return the row of a request."""
    found = _LINE(text)
    if found is None:
        return None
    stamp, took, client_ip, status, method, target = found.groups()
    if target == _NOTHING:
        return None
    if target.startswith(_NOT_HTTP) or method in {"NONE", "-"}:
        method, target = None, None
    return Fields(client_ip, method, target, status, took, stamp)


FORMATS = (Format("squid", clean(match), "begins with seconds and their fraction", 1.0, epoch_ms, needle="/", begins=DIGITS),)
