"""Access lines of servers in other languages, and of known servers with words of their own. Knows no envelope."""

import re

from streams.core import regex
from streams.core.parsing import fields
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.pieces import (
    ADDRESS,
    CLF_STAMP,
    ISO_STAMP,
    METHOD,
    NUMBER,
    PATH,
    PEER,
    QUOTED,
    STATUS,
    named,
)
from streams.core.parsing.stamps import any_ms, clf_ms, iso_ms

_SHELF = regex.compiled(
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
_RING = (
    rf"(?:[A-Z]++\ ++[a-z0-9.-]++\ -\ )?+Finished\ :(?P<method>[a-z]{{3,7}})\ (?P<target>{PATH})\ for\ (?P<ip>{ADDRESS})"
    rf"\ in\ \((?P<took>{NUMBER})\ ms\)\ Status:\ (?P<status>{STATUS})(?:\ [^\n]*+)?"
)
_SYNAPSE = (  # the whole time, and that until the answer was sent
    rf"(?:(?P<stamp>{ISO_STAMP})\ -\ )? synapse\.access\.[a-z.0-9]++\ -\ [0-9]++\ -\ [A-Z]++\ -\ [^ \n]++\ -\ (?P<ip>{ADDRESS})"
    rf"\ -\ [^ \n]++\ -\ \{{[^}}\n]*+\}}\ Processed\ request:\ (?P<took>{NUMBER})sec/[^\"\n]{{0,200}}\ [0-9]++B\ "
    rf'(?P<status>[0-9]{{3}})!?\ "(?P<line>{METHOD}\ {QUOTED})"(?:\ [^\n]*+)?'
)
_PLEX = (  # when it debugs, in the language of its machine; on which network the client is may stand behind its port
    r"(?:(?P<stamp>[A-Z][a-z]{2}\ [0-9]{2},\ [0-9]{4}\ [0-9:.]{8,15})\ )?+(?:\[[0-9a-fx]++\]\ )?+[^ \n]++\ [-\u2014]\ "
    rf"(?:\[[^\]\n]{{1,40}}+\]\ )?+Completed:\ \[(?P<peer>{PEER})(?:\ \([^\]\n]*+)?+\]\ (?P<status>{STATUS})"
    rf"\ (?P<method>{METHOD})\ (?P<target>{PATH})\ \([0-9]++\ live\)(?:\ (?![0-9]++ms\ )[^ \n]++){{0,8}}+"
    r"\ (?P<elapsed>[0-9]++ms)\ [0-9]++\ bytes(?:\ [^\n]*+)?+"
)
_COUCHDB = (
    rf"\[[a-z]++\]\ (?P<stamp>{ISO_STAMP})\ [^ \n]++\ <0\.[0-9.]++>\ [0-9a-f-]++\ [^ \n]++\ (?P<ip>{ADDRESS})\ [^ \n]++"
    rf"\ (?P<method>{METHOD})\ (?P<target>{PATH})\ (?P<status>{STATUS})\ [^ \n]++\ (?P<took>[0-9]++)"
)
_WAI = (  # Haskell's wai-extra while developing: what was asked stands lines before, and would fit to any line of one's own
    rf"\ \ Status:\ (?P<status>{STATUS})\ (?:[A-Z][A-Za-z'-]*+\ ){{1,6}}+(?P<elapsed>[0-9]++\.[0-9]++s)"
)
_US_DATE = regex.compiled(r"([A-Z][a-z]{2}) ([0-9]{2}), ([0-9]{4}) ([0-9:.]{8,15})").fullmatch
_INFLUX = (
    rf"\[httpd\]\ (?P<ip>{ADDRESS})(?:,\ ?[^ \n,\"\[]++)*+\ -\ [^ \n\"\[]++\ \[(?P<stamp>{CLF_STAMP})\]\ "
    rf'"(?P<line>{QUOTED})"\ (?P<status>[0-9]{{3}})\ (?:-|[0-9]++)\ "{QUOTED}"\ "(?P<agent>{QUOTED})"'
    r"\ [0-9a-f-]{36}\ (?P<took>[0-9]++)"
)
_COMMA_PAIR = regex.compiled(r"([a-z_]++)=([^,\n]*+)(?:, |$)").match
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


def _plex_ms(stamp: str | float) -> int | None:
    """Read ``Nov 27, 2024 06:21:42.250``."""
    found = _US_DATE(stamp) if isinstance(stamp, str) else None
    return None if found is None else clf_ms(f"{found[2]}/{found[1]}/{found[3]}:{found[4]}")


FORMATS = (
    Format("shelf", clean(_shelf), "a time of the clock's form between stamp and method", 1e3, iso_ms, "] /"),
    Format("llama-server", named(_LLAMA), "names itself", needle="request: "),
    Format("vaultwarden", named(_VAULTWARDEN), "names its side; the answer behind an arrow", 0.0, any_ms, "[response]["),
    Format("ring", named(_RING), "Clojure: the method a keyword, the status last", 1.0, needle="Finished :"),
    Format("synapse", named(_SYNAPSE), "names its logger; seconds first, the request last", 1e3, any_ms, "Processed request: "),
    Format("plex", named(_PLEX), "the peer in brackets, then the status; the time before the length", 1.0, _plex_ms, " live) "),
    Format("couchdb", named(_COUCHDB), "an Erlang process before all; milliseconds last", 1.0, any_ms, " <0."),
    Format("wai", named(_WAI), "the last of a request's lines: status and time alone", 1.0, needle="  Status: "),
    Format("influxdb", named(_INFLUX), "names its side; an id, then microseconds", 1e-3, any_ms, "[httpd] ", begins="["),
    Format("comma-pairs", clean(_comma_pairs), "pairs with commas between", 1.0, any_ms, ", status="),
)
