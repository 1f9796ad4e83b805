"""Morgan's own formats that are not the common log format: tiny, dev (plain and coloured), short. Knows no envelope.

A request that was cut off before its answer has ``-`` for status, length and time.
"""

from streams.core.parsing import runs
from streams.core.parsing.format import Format, fullmatch

_METHOD = r"([A-Z][A-Z-]*+)"
_TARGET = r"([^ \n\x1b]++)"
_STATUS = r"([0-9]{3}|-)"
_TOOK = r"([0-9]++(?:\.[0-9]++)?+|-)"
_LENGTH = r"[0-9-]++"
_COLOUR = r"(?:\x1b\[[0-9;]*+m)?+"

_TINY = rf"() {_METHOD}\ {_TARGET}\ {_STATUS}()\ {_LENGTH}\ -\ {_TOOK}\ ms ()"
_DEV = (
    rf"() {_COLOUR}{_METHOD}\ {_TARGET}\ {_COLOUR}{_STATUS}(){_COLOUR}\ {_COLOUR}{_TOOK}\ ms{_COLOUR}\ -\ {_LENGTH}{_COLOUR} ()"
)
_SHORT = rf"([^ \n{{][^ \n]*+)\ [^ \n]++\ {_METHOD}\ {_TARGET}\ HTTP/[0-9.]++\ {_STATUS}()\ {_LENGTH}\ -\ {_TOOK}\ ms ()"

_ANY = r"([^ ]++)"  # a target among many lines: what may not be in it is looked for in all together
_TABLE = runs.ordered((None, 0, 1, 2, None, 3, None), "\x1b")
_TINY_RUN, _DEV_RUN = (runs.searched(pattern.replace(_TARGET, _ANY), 2, _TABLE) for pattern in (_TINY, _DEV))

FORMATS = (
    Format(
        "morgan-tiny", fullmatch(_TINY), "begins with a method, ends in ms: surest of all", 1.0, needle=" ms", run=_TINY_RUN
    ),
    Format("morgan-dev", fullmatch(_DEV), "as sure, the other way round at the end", 1.0, needle=" ms", run=_DEV_RUN),
    Format("morgan-short", fullmatch(_SHORT), "an address and a user before the method", 1.0, needle=" ms"),
)
