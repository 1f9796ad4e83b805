"""Access lines of Python's servers: werkzeug, Django, Odoo, aiohttp, hypercorn, daphne, Tornado, Sanic, Ray, BentoML.

Knows no envelope.

What a logger writes before them is peeled in ``logged``.
"""

import re

from streams.core import regex
from streams.core.parsing import request_line
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.pieces import (
    ADDRESS,
    ANY_METHOD,
    CLF_DATE,
    CLF_STAMP,
    ISO_STAMP,
    METHOD,
    NUMBER,
    PATH,
    PEER,
    PORT_TOO,
    QUOTED,
    STATUS,
    TARGET,
    named,
)
from streams.core.parsing.stamps import any_ms, clf_ms, iso_ms

_OWN_STAMP = rf"\[(?P<stamp>{CLF_DATE}\ [0-9:]{{8}}|{ISO_STAMP})\]"
_LINE = rf'"(?P<line>{QUOTED})"'
_ODOO = regex.compiled(
    rf'({ADDRESS})\ -\ -\ \[({CLF_DATE}\ [0-9:]{{8}})\]\ "({QUOTED})"\ ([0-9]{{3}}|-)\ (?:-|[0-9]++)'
    rf"\ [0-9]++\ ({NUMBER})\ ({NUMBER})",
    re.VERBOSE,
).fullmatch
_DJANGO = rf"{_OWN_STAMP}\ {_LINE}\ (?P<status>[0-9]{{3}})\ (?:-|[0-9]++)"
_DJANGO_BARE = (  # what Django's logger says when a formatter writes the stamp, or nobody does
    rf'"(?P<method>{ANY_METHOD})\ (?P<target>{TARGET})\ HTTP/[0-9.]++"\ (?P<status>[0-9]{{3}})(?:\ (?:-|[0-9]++))?+'
)
_CHANNELS = (
    rf"HTTP\ (?P<method>{ANY_METHOD})\ (?P<target>{TARGET})\ (?P<status>{STATUS})\ \[(?P<took>{NUMBER}),\ (?P<peer>{PEER})\]"
)
_AIOHTTP = (
    rf"(?:(?P<peer>{PORT_TOO})|(?P<ip>{ADDRESS}))\ \[(?P<stamp>{CLF_STAMP})\]\ {_LINE}\ (?P<status>[0-9]{{3}})\ (?:-|[0-9]++)"
    rf'(?:\ "{QUOTED}"\ "(?P<agent>{QUOTED})")? (?:\ (?P<took>[0-9]++\.[0-9]{{3,9}}))?'
)
_NOT_1_0 = r"(?!(?:[^\"\n]++\")[^\"\n]*\ HTTP/1\.0\")"  # other servers' broken lines look so
_CLF_PEER = regex.compiled(
    rf'({PORT_TOO})\ -\ [^ "\[\n]{{1,255}}+\ \[({CLF_STAMP})\]\ "({QUOTED})"\ ([0-9]{{3}})\ (?:-|[0-9]++)'
    rf'(?:\ "{QUOTED}"\ "({QUOTED})")? (?:\ ([0-9]++\.[0-9]{{3,9}}))?',
    re.VERBOSE,
).fullmatch
_WITHOUT_PROTOCOL = regex.compiled(rf"({METHOD}) ([^ \n]++)(?: [0-9](?:\.[0-9])?)?").fullmatch
_TORNADO = regex.compiled(
    r"(?:\[[A-Z]\ ([0-9-]{6,10}+\ [0-9:.]{8,15}+)[^\]\n]*+\]\ ++)?"
    rf"([0-9]{{3}})\ ({METHOD})\ ([^ \n]++)(?:\ ->\ [^ \n]++)?+\ \((?:[^@\n)]*+@)*+([^@\n)]*+)\)"
    rf"\ ({NUMBER})ms(?:\ [^\n]*+)?+",
    re.VERBOSE,
).fullmatch
_GRANIAN = (
    rf"\[(?P<stamp>{ISO_STAMP})\]\ (?P<ip>{ADDRESS})\ -\ "
    rf'"(?P<method>{ANY_METHOD})\ (?P<target>{TARGET})\ HTTP/[0-9.]++"\ (?P<status>[0-9]{{3}})\ (?P<took>[0-9]++\.[0-9]++)'
)
_WEB_PY = (
    rf"(?P<peer>{PORT_TOO})\ -\ -\ \[(?P<stamp>{CLF_DATE}\ [0-9:]{{8}})\]\ "
    rf'"HTTP/[0-9.]++\ (?P<method>{ANY_METHOD})\ (?P<target>/[^"\n]*+)"\ -\ (?P<status>[0-9]{{3}})(?:\ [A-Za-z\x27\ -]++)?+'
)
_SANIC_END = (
    rf"(?P<method>{METHOD})\ (?P<target>[a-z]++://[^ \n]++)\ ++(?P<status>[0-9]{{3}})\ ++(?:-?[0-9]++|-)"
    r"(?:\ ++(?P<elapsed>[0-9.]++[mµn]?s))?"
)
_SANIC = (
    r"\[(?P<stamp>[0-9-]{10}\ [0-9:]{8}\ [+-][0-9]{4})\]\ -\ \([a-z.]++\)\[[A-Z]++\]\[(?P<peer>[^\]\n]*+)\]:\ "
    rf"{_SANIC_END}"
)
_SANIC_NEW = (  # when debugging the clock stands behind the level, and without a date
    r"[A-Z][A-Za-z0-9-]*+\ ?[0-9-]*+(?:\ *+\|(?P<stamp>[0-9-]{10}\ [0-9:]{8}(?:\ [+-][0-9]{4})?+)\ ++|\ ++)"
    rf"(?:INFO|ACCESS|WARNING|ERROR):\ ++(?:[0-9:]{{8}}\ ++)?+(?P<peer>{PEER})\ {_SANIC_END}"
)
_RAY = (  # application, replica and the request's id; the process of a cluster before all
    r"(?:\([A-Za-z][^)\n]{0,150}\)\ )?+[A-Z]++\ (?P<stamp>[0-9-]{10}\ [0-9:,]{8,12})(?:\ [0-9A-Za-z_:.\#-]{1,100}+){1,4}?"
    rf"\ --\ (?:(?P<peer>{PORT_TOO})\ )?+(?P<method>{METHOD})\ (?P<target>{PATH})\ (?P<status>{STATUS})"
    r"\ (?P<elapsed>[0-9.]++ms)"
)
_BENTOML = (
    rf"(?:(?P<peer>{PORT_TOO})|(?P<ip>{ADDRESS}))\ \(scheme=[a-z]++,method=(?P<method>{METHOD}),path=(?P<target>/[^ ,\n]*+),"
    rf"[^)\n]*+\)\ \(status=(?P<status>{STATUS}),[^)\n]*+\)\ (?P<elapsed>[0-9.]++ms)(?:\ \([^)\n]*+\))?+"
)
_RADICALE = (  # its line before tells the client, and shares nothing with it; a head's words may be methods of WebDAV
    rf"(?:\[(?P<stamp>{ISO_STAMP})\]\ )?+(?:\[[^\]\n]{{1,60}}+\]\ ){{0,2}}+(?P<method>{ANY_METHOD})\ response\ status\ for\ '"
    rf"(?P<target>/[^\n']*+)'(?:\ with\ depth\ '[^\n']*+')?+"
    rf"\ in\ (?P<took>[0-9]++\.[0-9]++)\ seconds:\ (?P<status>{STATUS})(?:\ [A-Za-z'-]++){{0,6}}+"
)


def _odoo(text: str) -> Row | None:
    """Read werkzeug's line with Odoo's three numbers behind it: queries, seconds in SQL, all other seconds."""
    found = _ODOO(text)
    if found is None:
        return None
    client_ip, stamp, line, status, in_sql, else_where = found.groups()
    method, target = request_line.split(line)
    return Fields(client_ip, method, target, status, float(in_sql) + float(else_where), stamp)


def _clf_peer(text: str) -> Row | None:
    """Read the common log format with a port behind the address; daphne leaves out the protocol, hypercorn its name."""
    found = _CLF_PEER(text)
    if found is None:
        return None
    peer, stamp, line, status, agent, took = found.groups()
    short = _WITHOUT_PROTOCOL(line)
    method, target = (short[1], short[2]) if short else request_line.split(line)
    return Fields(peer.rpartition(":")[0].strip("[]"), method, target, status, took, stamp, agent)


def _tornado(text: str) -> Row | None:
    found = _TORNADO(text)
    if found is None:
        return None
    stamp, status, method, target, client_ip, took = found.groups()
    return Fields(client_ip, method, target, status, took, stamp)


def _tornado_ms(stamp: str | float) -> int | None:
    """Read ``241127 06:21:42``, or the ISO stamp that Jupyter writes in its place."""
    if not isinstance(stamp, str):
        return None
    if stamp[6:7] == " ":
        stamp = f"20{stamp[:2]}-{stamp[2:4]}-{stamp[4:]}"
    return iso_ms(stamp)


HEADED = (Format("aiohttp-any", named(_AIOHTTP), "also HTTP/1.0, as behind nginx", 1e3, clf_ms, '] "'),)
OF_CLF = (  # what a tolerant reader of the common log format would take, too
    Format("odoo", clean(_odoo), "werkzeug's with two times behind it, which together are the request's", 1e3, clf_ms, '] "'),
    Format("clf-peer", clean(_clf_peer), "a port behind the address", 1e3, clf_ms, '] "'),
)
FORMATS = (
    *OF_CLF,
    Format("django", named(_DJANGO), "begins with the stamp in brackets", 0.0, any_ms, '] "'),
    Format("django-bare", named(_DJANGO_BARE), "begins with the request in quotes and ends with a length", needle='" '),
    Format("django-channels", named(_CHANNELS), "HTTP, then the request; seconds and peer in brackets", 1e3, needle="HTTP "),
    Format("aiohttp", named(_NOT_1_0 + _AIOHTTP), "the stamp right behind the address", 1e3, clf_ms, '] "'),
    Format(
        "granian", named(_GRANIAN), "a stamp in brackets, the address, a dash, the request", 1.0, iso_ms, ' - "', begins="["
    ),
    Format("web-py", named(_WEB_PY), "the protocol before the method, a dash before the status", 0.0, clf_ms, '] "HTTP/'),
    Format("tornado", clean(_tornado), "the status before the method, the address in parentheses", 1.0, _tornado_ms, "ms"),
    Format("sanic", named(_SANIC), "the server's full URL behind the peer in brackets", 1.0, any_ms, "://"),
    Format("sanic-new", named(_SANIC_NEW), "the same with the worker's name in front", 1.0, any_ms, "://"),
    Format("ray-serve", named(_RAY), "application and replica, two dashes, then the request", 1.0, any_ms, " -- "),
    Format("bentoml", named(_BENTOML), "request and answer in brackets of pairs", 1.0, needle=" (scheme="),
    Format("radicale", named(_RADICALE), "a sentence about the answer", 1e3, any_ms, " response status for '"),
)
