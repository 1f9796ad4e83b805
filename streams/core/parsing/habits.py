"""Lines that developers print themselves: a method, a path, a status and a time, in a few orders. Knows no envelope.

``GET 503 /health - 47ms``, ``GET /x 200 in 12ms``, ``--> GET /x 200 12ms 1kb``, with or without symbols in front.
"""

import re

from streams.core.parsing.durations import UNITS_MS
from streams.core.parsing.format import Fields, Format, Row, clean

_SYMBOLS = r"(?:[^\x20-\x7e\n]++\ ?+|\ )*+ (?:(?:-->|<--|->|=>)\ )?+"
_METHOD = r"(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|TRACE|CONNECT)"
_PATH = r"(/[^ \n]*+)"
_STATUS = r"([1-5][0-9]{2})"
_BETWEEN = r"(?:\ [A-Za-z]++)*+ \ ++ (?:[-\u2013\u2014|:\u2022\u00b7\u2192]\ ++)?+ \(?+"  # a reason, "in", a dash, a bracket
_TOOK = r"([0-9]++(?:\.[0-9]++)?+)\ ?+(ns|us|µs|μs|ms|s)\b\)?+"
_REST = r"(?:\ (?:\([^\n]*+|[0-9.]++\ ?+[kKMG]?[bB]|-))?+"
_LINE = re.compile(
    rf"{_SYMBOLS}{_METHOD}\ "
    rf"(?: {_STATUS}\ {_PATH} | {_PATH} (?:\ HTTP/[0-9.]++)?+ (?:\ (?:\u2192|->|=>|-|\|))?+ \ {_STATUS} )"
    rf"{_BETWEEN}{_TOOK}{_REST}",
    re.VERBOSE,
).fullmatch


def match(text: str) -> Row | None:
    """Return the row of a line that is all of these and nothing else."""
    found = _LINE(text)
    if found is None:
        return None
    method, status, target, other_target, other_status, took, unit = found.groups()
    return Fields(None, method, target or other_target, status or other_status, float(took) * UNITS_MS[unit], None)


FORMATS = (Format("habit", clean(match), "tolerant, but all of the line: morgan's own end otherwise", 1.0, needle=" /"),)
