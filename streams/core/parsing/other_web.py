"""Access lines of servers in other languages, and of known servers with words of their own. Knows no envelope."""

import re

from streams.core.parsing import fields
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.pieces import ADDRESS, ISO_STAMP, METHOD, PATH, STATUS, named
from streams.core.parsing.stamps import any_ms, iso_ms

_SHELF = re.compile(
    rf"({ISO_STAMP})\ ++([0-9]{{1,4}}):([0-9]{{2}}):([0-9]{{2}}\.[0-9]{{3,6}})\ ({METHOD})\ ++\[({STATUS})\]\ ({PATH})",
    re.VERBOSE,
).fullmatch
_LLAMA = (
    rf"(?:srv\ ++)?+(?:log_server_r:\ ++)?+request:\ (?P<method>{METHOD})\ (?P<target>{PATH})\ (?P<ip>{ADDRESS})"
    rf"\ (?P<status>{STATUS})"
)
_VAULTWARDEN = (
    rf"(?:\[(?P<stamp>{ISO_STAMP})\])?\[response\]\[[A-Z]++\]\ (?:\([^)\n]*+\)\ )?+(?P<method>{METHOD})\ (?P<target>/[^ \n]*+)"
    rf"(?:\ [^ =\n][^ \n]*+)*+\ =>\ (?P<status>{STATUS})(?:\ [A-Z][A-Za-z'-]*+)*+"
)
_COMMA_PAIR = re.compile(r"([a-z_]++)=([^,\n]*+)(?:, |$)").match
_MOST_PAIRS = 30


def _shelf(text: str) -> Row | None:
    """Read Dart's shelf: how long it took stands as hours, minutes and seconds."""
    found = _SHELF(text)
    if found is None:
        return None
    stamp, hours, minutes, seconds, method, status, target = found.groups()
    took = (int(hours) * 60 + int(minutes)) * 60 + float(seconds)
    return Fields(None, method, target, status, round(took, 6), stamp)


def _comma_pairs(text: str) -> Row | None:
    """Read ``method=GET, uri=/x, status=200``: what Echo's documentation shows, and many copy."""
    told: dict[str, str] = {}
    begin = count = 0
    while begin < len(text):
        pair = _COMMA_PAIR(text, begin)
        if pair is None or count == _MOST_PAIRS:
            return None
        told[pair[1]] = pair[2]
        begin, count = pair.end(), count + 1
    return fields.find(told)


FORMATS = (
    Format("shelf", clean(_shelf), "a time of the clock's form between stamp and method", 1e3, iso_ms, "] /"),
    Format("llama-server", named(_LLAMA), "names itself", needle="request: "),
    Format("vaultwarden", named(_VAULTWARDEN), "names its side; the answer behind an arrow", 0.0, any_ms, "[response]["),
    Format("comma-pairs", clean(_comma_pairs), "pairs with commas between", 1.0, any_ms, ", status="),
)
