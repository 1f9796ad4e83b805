"""Access lines of Ruby's servers that are one line a request: Rack, Puma, Sinatra, Hanami, semantic logger.

Knows no envelope. What Rails tells over several lines is in ``rails``.
"""

import re

from streams.core import regex
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.pieces import ADDRESS, ANY_METHOD, CLF_STAMP, ISO_STAMP, METHOD, NUMBER, PATH, QUOTED, STATUS, named
from streams.core.parsing.stamps import any_ms, clf_ms

_RACK = (
    rf'(?P<ip>{ADDRESS})(?:,\ [^ \n,]++)*+\ -\ [^ "\[\n]{{1,255}}+\ \[(?P<stamp>{CLF_STAMP})\]'
    rf'\ "(?P<line>{QUOTED})"\ (?P<status>[0-9]{{3}})\ (?:-|[0-9]++)\ (?P<took>[0-9]++\.[0-9]{{4,9}})'
)
_HANAMI = (
    rf"(?P<method>{METHOD})\ (?P<status>{STATUS})\ (?P<elapsed>[0-9.]++[mµμu]?s)\ (?P<ip>{ADDRESS})\ (?P<target>{PATH})"
    r"\ (?:-|[0-9]++)(?:\ [^\n]*+)?+"
)
_HANAMI_OLD = (
    rf"HTTP/[0-9.]++\ (?P<method>{ANY_METHOD})\ (?P<status>{STATUS})\ (?P<ip>{ADDRESS})\ (?P<target>{PATH})"
    rf"\ (?:-|[0-9]++)(?:\ \{{[^\n]*\}})?+\ (?P<took>{NUMBER})"
)
_GRAPE = (
    rf"\[(?P<stamp>{ISO_STAMP})\]\ [A-Z]++\ --\ (?P<status>{STATUS})\ --\ total=(?P<took>{NUMBER})(?:\ [a-z_]++={NUMBER})*+"
    rf"\ --\ (?P<method>{METHOD})\ (?P<target>{PATH})(?:\ [^\n]*+)?+"
)
_SEMANTIC = regex.compiled(
    rf"({ISO_STAMP})\ [A-Z]\ \[[^\]\n]*+\]\ ++ (?:\[[^\]\n]*+\]\ |\{{[^}}\n]*+\}}\ )*+ \(([0-9.,]++)(ms|s|us|μs|m)\)\ ++"
    r"[^ \n]++\ --\ Completed\ [^ \n]*+\ --\ (\{[^\n]++)",
    re.VERBOSE,
).fullmatch
_PAIR = regex.compiled(  # the names first: a look at what stands before would be taken at every character
    r'(method|path|status)(?:(?<=[ :{]method)|(?<=[ :{]path)|(?<=[ :{]status))(?: ?=> ?|: )"?([^" ,}\n]++)'
).findall
_SEMANTIC_MS = {"ms": 1.0, "s": 1e3, "us": 1e-3, "μs": 1e-3, "m": 6e4}

_METHOD = regex.compiled(ANY_METHOD).fullmatch


def _semantic(text: str) -> Row | None:
    """Read the line that replaces Rails' own: the time in parentheses, the rest a hash as Ruby prints it."""
    found = _SEMANTIC(text)
    if found is None:
        return None
    stamp, took, unit, payload = found.groups()
    told = dict(reversed(_PAIR(payload)))
    if "status" not in told or "method" not in told:
        return None
    try:
        duration_ms = float(took.replace(",", "")) * _SEMANTIC_MS[unit]
    except ValueError:
        return None
    method = told["method"] if _METHOD(told["method"]) else None
    return Fields(None, method, told.get("path"), told["status"], duration_ms, stamp)


OF_CLF = (Format("rack", named(_RACK), "seconds with four decimals or more behind the length", 1e3, clf_ms, '] "'),)
FORMATS = (
    *OF_CLF,
    Format("hanami", named(_HANAMI), "method, status, time, address, path: all bare", 1.0, needle=" /"),
    Format("grape", named(_GRAPE), "Ruby's grape_logging: dashes between all fields", 1.0, any_ms, needle=" -- total="),
    Format("hanami-old", named(_HANAMI_OLD), "the protocol first, seconds last", 1e3, needle="HTTP/"),
    Format("rails-semantic", clean(_semantic), "ends in a hash of the request", 1.0, any_ms, "-- Completed "),
)
