"""Requests as ``name=value`` pairs: lograge, Heroku's router, and what else calls its fields so. Knows no envelope."""

import re

from streams.core.parsing import fields
from streams.core.parsing.format import Format, Row, fullmatch, otherwise
from streams.core.parsing.stamps import any_ms

_LOGRAGE = (
    r"() method=([A-Z][A-Z-]*+)\ path=([^ \"\n]++)\ (?:(?:format|controller|action)=[^ \"\n]*+\ )*+ status=([0-9]{3})()"
    r"\ (?:allocations=[0-9]++\ )?+ duration=([0-9]++(?:\.[0-9]++)?+) (?:\ (?:view|db|allocations)=[0-9.]++)*+ ()"
)

# A pair begins at the line's begin or after a blank: without that, each letter of a long word would be tried as a begin.
_PAIR = re.compile(r'(?:^|(?<= ))([A-Za-z_@][A-Za-z0-9_.@-]*+)=(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|([^ "\n]*+))(?= |$)').findall
_MOST_PAIRS = 200


def match(text: str) -> Row | None:
    """Return the row of a line that is pairs, and of which the pairs are a request."""
    if "method=" not in text or text[:1] == "{":
        return None
    pairs = _PAIR(text)
    if len(pairs) > _MOST_PAIRS:
        return None
    return fields.find({name: quoted or bare for name, quoted, bare in reversed(pairs)})


_STRICT = (Format("lograge", fullmatch(_LOGRAGE), "lograge's own fields in its own order", 1.0, needle="status="),)
FORMATS = (
    *_STRICT,
    Format(
        "logfmt",
        otherwise(match, _STRICT),
        "tolerant: pairs under names that requests have",
        1.0,
        any_ms,
        needle="status=",
    ),
)
