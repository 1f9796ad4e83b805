"""Requests as ``name=value`` pairs: lograge, Go's loggers, Heroku's router, and what else has such names. Knows no envelope."""

import re
from collections.abc import Sequence

from msgspec import Struct, structs

from streams.core import regex
from streams.core.parsing import fields, runs
from streams.core.parsing.durations import UNITS_MS
from streams.core.parsing.format import Format, Row, Table, Taken, Texts, fullmatch, otherwise
from streams.core.parsing.stamps import any_ms

_LOGRAGE = (
    r"() method=([A-Z][A-Z-]*+)\ path=([^ \"\n]++)\ (?:(?:format|controller|action)=[^ \"\n]*+\ )*+ status=([0-9]{3})()"
    r"\ (?:allocations=[0-9]++\ )?+ duration=([0-9]++(?:\.[0-9]++)?+) (?:\ (?:view|db|allocations)=[0-9.]++)*+ ()"
)

# The order in which most Go programs write them: when, who and what, then how it went. No choice and no loop stands before
# the method, as each costs every line; any other name, and any other order, is for the tolerant format.
_QUOTED = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_CLIENT = r'(?:remote_addr|remote_ip|client_ip|ip)=([^ ":\[\],\n]++)(?::[0-9]{1,5})?+'  # an IPv6 address is for the tolerant
_STAMP, _TARGET = r'"?+([^ "\n]++)"?+', r'(/[^ "\n]*+)'
_IN_ORDER = (
    rf"(?:t(?:s|ime|imestamp)={_STAMP}\ )?+ (?:level=[A-Za-z]++\ )?+"
    rf'(?:caller=[^ "\n]++\ )?+ (?:msg=(?:{_QUOTED}|[^ "\n]++)\ )?+ (?:request_id=[^ "\n]++\ )?+ (?:{_CLIENT}\ )?+'
    rf'method=([A-Z]++)\ (?:proto=[^ "\n]++\ )?+ (?:path|ur[il])={_TARGET}\ (?:proto=[^ "\n]++\ )?+'
    r"status=([0-9]{3})\ (?:(?:size|bytes)=[0-9]++\ )?+"
    r'(?:duration|latency|elapsed|took)="?+([0-9]++(?:\.[0-9]++)?+)([nuµ]?+s|ms)"?+'
    rf'(?:\ (?:size|bytes)=[0-9]++)?+ (?:\ {_CLIENT})?+ (?:\ (?:size|bytes|request_id|trace_id|traceID|span_id)=[^ "\n]++)*+'
)
_USUAL = regex.compiled(_IN_ORDER, re.VERBOSE).fullmatch

# A pair begins after a blank, as the line is read with one before it: without that, each letter of a long word would be tried
# as a begin; a look back would be taken at every character.
# The quotes of Python are structlog's.
_PAIR = regex.compiled(
    r"[ \t]([A-Za-z_@][A-Za-z0-9_.@-]*+)="
    r'(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|\'([^\'\n]*+)\'(?=[ \t]|$)|([^ "\t\n]*+))(?=[ \t]|$)'
).findall
# What flyctl puts before a message of Fly's proxy: a request that did not reach the app, which is an event.
_OF_FLY, _ERROR = ("error.", "request.", "response."), "error.message="
# A stamp before the pairs: slog's and zerolog's console, Ruby's Logger, lines in brackets.
_HEAD = regex.compiled(
    r"(?:[A-Z], )?\[?([0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?+"
    r"(?:Z| ?[+-][0-9]{2}:?[0-9]{2})?+)[\] \t]"
).match
_ASKED = ("ethod=", "verb=", 'request="', "request='")  # one of them is in every line of pairs that is a request
_MOST_PAIRS = 200
_MOST_SIGNS = 600  # a query has some of its own


class Usual(Struct, gc=False):
    """A line in the usual order."""

    found: re.Match[str]

    def groups(self) -> Texts:
        """Return the seven fields."""
        stamp, before, method, target, status, took, unit, after = self.found.groups()
        return before or after, method, target, status, None, took if unit == "ms" else float(took) * UNITS_MS[unit], stamp


def usual(text: str) -> Row | None:
    """Return the row of a line in the usual order."""
    found = _USUAL(text)
    return None if found is None else Usual(found)


def match(text: str) -> Row | None:
    """Return the row of a line that is pairs, perhaps behind a few words, and of which the pairs are a request."""
    if text[:1] == "{" or not any(asked in text for asked in _ASKED) or text.count("=") > _MOST_SIGNS:
        return None
    if text.startswith(_OF_FLY) and _ERROR in text:
        return None
    pairs = _PAIR(f" {text}")
    if len(pairs) > _MOST_PAIRS:
        return None
    found = fields.find({name: quoted or single or bare for name, quoted, single, bare in reversed(pairs)})
    if found is None or found.stamp is not None or (head := _HEAD(text)) is None:
        return found
    return structs.replace(found, stamp=head[1])


def _table(columns: Table) -> Table | None:
    """Return the columns of lines in the usual order, whose stamps are of two groups: without quotes, and within them."""
    stamps, quoted, before, methods, targets, statuses, took, units, after = columns
    if runs.has_any(stamps, '"') or runs.has_any(targets, '"'):
        return None
    if any(quoted):
        stamps = [one or other for one, other in zip(stamps, quoted, strict=True)]
    if any(before):
        after = [one or other for one, other in zip(before, after, strict=True)]
    if units.count("ms") != len(units):
        took = [each if unit == "ms" else float(each) * UNITS_MS[unit] for each, unit in zip(took, units, strict=True)]
    return after, methods, targets, statuses, (None,) * len(methods), took, stamps


_STATUS = 5
_CAREFUL = _IN_ORDER.replace(_STAMP, r'(?:([^ "][^ ]*+)|"([^ "\n]++)"?+)').replace(_TARGET, "(/[^ ]*+)")
_careful = runs.searched(_CAREFUL, _STATUS, _table)
_quick = runs.searched(_CAREFUL.replace(_QUOTED, '"[^"]*+"'), _STATUS, _table)


def _run(texts: Sequence[str]) -> Taken | None:
    """Read many lines in the usual order: quickly, where no quote can be escaped. None of ``tracing`` begins with a name."""
    joined = "".join(texts)
    if "\x1b" in joined or "\r" in joined:  # what is not clean is for nobody
        return None
    return _careful(texts) if "\\" in joined else _quick(texts)


_STRICT = (
    Format("lograge", fullmatch(_LOGRAGE), "lograge's own fields in its own order", 1.0, needle="status="),
    Format("logfmt-usual", usual, "the order of most Go programs", 1.0, any_ms, needle="method=", run=_run),
)
FORMATS = (
    *_STRICT,
    Format(
        "logfmt",
        otherwise(match, _STRICT),
        "tolerant: pairs under names that requests have",
        1.0,
        any_ms,
        needle="=",
        searches=True,
    ),
)
