"""uWSGI's own request lines, with the heads that its options put before them. Knows no envelope.

With ``--log-format`` a line is what its writer made of it: most write the common log format.
"""

import re

from streams.core import regex
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.stamps import clf_ms

NEEDLE = " => generated "
_HEAD = regex.compiled(
    r"[^\"\n]{0,400}?"  # the host of --vhost, the numbers of --memory-report, a stamp of the logger's own
    r"\[pid:\ [0-9]++\|app:\ [0-9-]++\|req:\ [0-9-]++/[0-9]++\]"
    r"\ ([^(\n]*+)\([^)\n]*+\)\ \{[^}\n]*+\}"  # --log-x-forwarded-for: a list of addresses in the client's place
    r"\ \[[A-Z][a-z]{2}\ ([A-Z][a-z]{2})\ \ ?+([0-9]{1,2})\ ([0-9:]{8})\ ([0-9]{4})\]"
    r"\ ([A-Za-z_-]++|)\ ([^\n]*+)",
    re.VERBOSE,
).fullmatch
_TAIL = regex.compiled(
    r"[0-9]++\ bytes\ in\ ([0-9]++(?:\.[0-9]++)?+)\ ([a-z]++)(?:\ via\ [a-z]++\(\))?+"
    r"\ \([^ )\n]*+\ ([0-9]{1,3})\)(?:\ [^\n]*+)?+",
    re.VERBOSE,
).fullmatch
_UNITS_MS = {"msecs": 1.0, "micros": 1e-3, "usecs": 1e-3, "secs": 1e3}


def match(text: str) -> Row | None:
    """Return the row of a request; a target may hold anything, so the line is read from both its ends."""
    before, _, after = text.rpartition(NEEDLE)
    head, tail = _HEAD(before), _TAIL(after)
    if head is None or tail is None:
        return None
    clients, month, day, clock, year, method, target = head.groups()
    took, unit, status = tail.groups()
    took_ms = float(took) * _UNITS_MS[unit] if unit in _UNITS_MS else None
    client_ip = clients.split(",", 1)[0].strip()
    return Fields(client_ip, method, target, status, took_ms, f"{day}/{month}/{year}:{clock}")


FORMATS = (
    Format("uwsgi", clean(match), "a process, an app and a number of requests before the client", 1.0, clf_ms, needle=NEEDLE),
)
