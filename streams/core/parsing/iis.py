"""IIS's own log format, with commas; what it writes by default is W3C's. Knows no envelope.

Its date is written as the server's country does, so it is not read.
"""

import re

from streams.core import regex
from streams.core.parsing.format import ADDRESS, Fields, Format, Row, clean

_LINE = regex.compiled(
    r"(?=[0-9a-f:])([0-9A-Fa-f:.]++),\ [^,\n]*+,\ [0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4},\ [0-9]{1,2}:[0-9]{2}:[0-9]{2},\ "
    r"W3SVC[0-9]*+,\ [^,\n]*+,\ [^,\n]*+,\ ([0-9]++),\ [0-9]++,\ [0-9]++,\ ([0-9]{3}),\ [0-9]++,\ "  # ms, bytes, answer
    r"([A-Z]++|-),\ ([^,\n]*+)(?:,\ ([^\n]*+))?",
    re.VERBOSE,
).fullmatch


def match(text: str) -> Row | None:
    """Return the row of a request."""
    found = _LINE(text.rstrip())
    if found is None:
        return None
    client_ip, took, status, method, target, query = found.groups()
    query = query and query.removesuffix(",")
    return Fields(client_ip, method, target if query in {None, "", "-"} else f"{target}?{query}", status, took, None)


FORMATS = (
    Format("iis-own", clean(match), "commas, of which the fifth field is the service", 1.0, needle=", W3SVC", begins=ADDRESS),
)
