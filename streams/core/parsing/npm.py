"""Nginx Proxy Manager's two log formats, ``proxy`` and ``standard``. Knows no envelope.

nginx escapes quotes in what clients send, so the next quote ends a field.
"""

import re

from streams.core import regex
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.stamps import clf_ms

NEEDLE = " [Client "
_LINE = regex.compiled(
    r"\[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8}\ [+-][0-9]{4})\]\ "
    r"(?:[A-Z-]++\ (?:[0-9]{3}|-)(?:(?:,|\ :)\ (?:[0-9]{3}|-))*+\ )?+"  # proxy: the cache, the upstreams that were tried
    r"([0-9]{3})\ -\ ([A-Z][A-Z_-]*+|-)\ [a-z-]*+\ [^ \"\n]*+\ \"([^\"\n]*+)\""  # method, scheme, host, target
    r"\ \[Client\ ([^\]\n]*+)\]\ \[Length\ [0-9-]++\]\ \[Gzip\ [0-9.-]++\](?:\ \[Sent-to\ [^\]\n]*+\])?+"
    r"(?:\ \"([^\"\n]*+)\"(?:\ [^\n]*+)?+)?+",
    re.VERBOSE,
).fullmatch


def match(text: str) -> Row | None:
    """Return the row of a request; a request that was none has dashes for method and target."""
    found = _LINE(text)
    if found is None:
        return None
    stamp, status, method, target, client_ip, agent = found.groups()
    return Fields(client_ip, method, target, status, None, stamp, agent)


FORMATS = (
    Format("nginx-proxy-manager", clean(match), "fields with their names in brackets", 0.0, clf_ms, needle=NEEDLE, begins="["),
)
