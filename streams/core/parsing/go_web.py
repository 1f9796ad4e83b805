"""Access lines of Go's frameworks: chi, gin, fiber, negroni, Iris, Gitea and Macaron, and of programs with words of their own.

Knows no envelope.
"""

from streams.core.parsing.elapsed import PIECE
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.pieces import (
    ADDRESS,
    ANY_METHOD,
    BARE,
    ISO_STAMP,
    METHOD,
    PATH,
    PEER,
    PORT_TOO,
    QUOTED,
    STATUS,
    TARGET,
    named,
)
from streams.core.parsing.stamps import any_ms, clf_ms, iso_ms

_DATE = r"(?P<stamp>[0-9]{4}/[0-9]{2}/[0-9]{2}\ [0-9:.]{8,15})"
_CHI = (
    rf'(?:{_DATE}\ )? (?:\[[^\]\n]*+\]\ )?+ "(?P<method>{ANY_METHOD})\ (?P<target>[^ "\n\x1b]++)\ HTTP/[0-9.]++"'
    rf"\ from\ (?:(?P<peer>{PORT_TOO})|(?P<ip>[^ \n]*+))\ -\ (?P<status>[0-9]{{1,3}})\ [0-9]++B\ in\ (?P<elapsed>{PIECE})"
)
_GIN = (  # gateways put a tag and an id before the status, which may be empty
    r"\[GIN\]\ (?P<stamp>[0-9]{4}/[0-9]{2}/[0-9]{2}\ -\ [0-9:]{8})\ \|"
    r"(?:\ *+(?![0-9]{1,3}\ *+\|)[0-9A-Za-z_.:-]{0,100}+\ *+\|){0,2}+\ *+(?P<status>[0-9]{1,3})\ *+\|\ *+"
    rf"(?P<elapsed>{PIECE})\ *+\|\ *+(?:client_ip=)?+(?P<ip>[^ \n|]*+)\ *+\|\ *+(?P<method>{ANY_METHOD})"
    rf"\ ++(?P<target>\"{QUOTED}\"|\"?+[^\"\n ]*+)[^\n]*+"
)
_GIN_FORMATTER = (  # the README's: the agent is quoted inside what is quoted
    rf"(?P<ip>{ADDRESS})\ -\ \[(?P<stamp>[A-Z][a-z]{{2}},\ [^\]\n]{{20,28}})\]"
    rf"\ \"(?P<method>{ANY_METHOD})\ (?P<target>/[^ \"\n]*+)\ HTTP/[0-9.]++\ (?P<status>{STATUS})\ (?P<elapsed>{PIECE})"
    r"\ \"(?P<agent>[^\"\n]*+)\"(?:\ [^\n]*+)?+"
)
_CLOCK = r"(?:(?P<stamp>[0-9]{4}[/-][0-9]{2}[/-][0-9]{2}[T\ ][0-9:.]{8,18}Z?+)|[0-9:.]{8,15})"
_BARS = (  # fiber since 2.50, and the same order in configurations of one's own
    rf"\[?+{_CLOCK}\]?+\ \|\ *+(?P<status>[0-9]{{3}})\ *+\|\ *+(?P<elapsed>{PIECE})\ *+\|\ *+(?P<ip>[^ \n|]*+)\ *+"
    rf"\|\ *+(?P<method>{METHOD})\ ++\|\ *+(?P<target>{PATH})\ *+(?:\|[^\n]*+)?+"
)
_FIBER = (
    rf"(?:\[{_CLOCK}\]\ )? (?:(?P<ip>{ADDRESS})\ )? (?P<status>{STATUS})\ -\ ++(?P<elapsed>{PIECE})\ ++(?P<method>{METHOD})"
    rf"\ ++(?P<target>{PATH})(?:\ [^\n]*+)?+"
)
_FIBER_PEER = rf"\[(?P<ip>[0-9A-Fa-f.:]++)\]:[0-9]*+\ (?P<status>{STATUS})\ -\ (?P<method>{METHOD})\ ++(?P<target>{PATH})"
_FIBER_OLD = (
    rf"{_CLOCK}\ (?P<method>{METHOD})\ (?P<target>{PATH})\ -\ (?P<ip>{ADDRESS})\ -\ (?P<status>{STATUS})"
    rf"\ -\ (?P<elapsed>{PIECE})"
)
_NEGRONI = (
    r"(?:\[negroni\]\ )?+(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,18}(?:Z|[+-][0-9:]{5}))\ \|\ *+(?P<status>[0-9]{1,3})"
    rf"\ *+\|[\ \t]*+(?P<elapsed>{PIECE})\ *+\|\ [^ \n|]*+\ \|\ (?P<method>{METHOD})\ (?P<target>{TARGET})"
)
_GITEA = (
    rf"{BARE}(?:{_DATE}\ )? [^\n\"]{{0,160}}?router:\ completed\ (?P<method>{METHOD})\ (?P<target>{TARGET})"
    rf"\ for\ (?P<peer>{PEER}),\ (?P<status>{STATUS})\ [A-Za-z'\ -]{{0,60}}?\ in\ (?P<elapsed>{PIECE})(?:\ @\ [^\n]*+)?+"
)
_MACARON = (
    r"(?:\[[A-Za-z]++\]\ )?+ (?:(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}\ [0-9:]{8}):\ )?"
    rf"Completed\ (?P<method>{METHOD})\ (?P<target>{PATH})\ (?P<status>{STATUS})\ [A-Za-z'\ -]{{0,60}}?\ in\ "
    rf"(?P<elapsed>{PIECE})"
)
_IRIS = (  # its logger tells no seconds
    r"(?:\[[A-Z]{4}\]\ (?P<stamp>[0-9]{4}/[0-9]{2}/[0-9]{2}\ [0-9]{2}:[0-9]{2})\ )?"
    rf"(?P<status>{STATUS})\ (?P<elapsed>{PIECE})\ (?P<ip>{ADDRESS})\ (?P<method>{METHOD})\ (?P<target>{PATH})(?:\ [^\n]*+)?+"
)
_IRIS_BARS = (
    rf"(?P<stamp>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\ [0-9:]{{8}})\|(?P<elapsed>{PIECE})\|(?P<status>{STATUS})"
    rf"\|(?P<method>{METHOD})\|(?P<target>/[^\n|]*+)\|(?P<ip>[^\n|]*+)\|[^\n]*+"
)
_VIKUNJA = (
    rf"(?P<stamp>{ISO_STAMP}):\ WEB\ *+\t\u25b6\ (?P<ip>{ADDRESS})\ ++(?P<method>{METHOD})\ (?P<status>{STATUS})"
    rf"\ (?P<target>{PATH})\ (?P<elapsed>{PIECE})\ -\ (?P<agent>[^\n]*+)"
)
_GOFR = (  # what it writes on a terminal: a clock without a date, the trace's id
    r"(?:DEBUG|INFO|NOTICE|WARN|ERROR|FATAL)\ \[[0-9:]{8}\]\ ++[0-9a-f]{32}"
    rf"\ ++(?P<status>{STATUS})\ ++(?P<elapsed>[0-9]++µs)\ (?P<method>{METHOD})\ (?P<target>{PATH})\ *+"
)
_PHOTOPRISM = (  # the older ones name no client
    rf"(?:time=\"(?P<stamp>{ISO_STAMP})\"\ level=[a-z]++\ msg=\")?+(?:server:\ )?+(?P<method>{METHOD})"
    rf"\ (?P<target>/(?:[^ :\n\"]++|:(?!\ ))*+)(?::\ (?P<ip>{ADDRESS}))?+\ \((?P<status>{STATUS})\)"
    rf"\ \[(?P<elapsed>{PIECE})\]\"?+"
)
_STATIC_FILES = (  # halverneus/static-file-server announces each request, and never says how it went
    rf"(?:{_DATE}\ )?+REQ\ from\ '(?P<peer>{PEER})'(?:\ \(REFERER:\ '[^'\n]*+'\))?+:"
    rf"\ (?P<method>{METHOD})\ HTTP/[0-9.]++\ [^ /\n]*+(?P<target>{PATH})\ ->\ [^\n]*+"
)

_NO_CHAR = "\x1b"  # is in no line that is clean


def _unquoted(target: str) -> str:
    """Return what Go has quoted; what cannot be written as it is stays escaped."""
    inner = target.removeprefix('"').removesuffix('"')
    if inner == target or "\\" not in inner:
        return inner
    return inner.replace("\\\\", _NO_CHAR).replace('\\"', '"').replace(_NO_CHAR, "\\")


_gin_row = named(_GIN)


def _gin(text: str) -> Row | None:
    """Read gin's own line, whose path is quoted as Go does since 1.6."""
    row = _gin_row(text)
    if row is None:
        return None
    client_ip, method, target, status, agent, duration, stamp = row.groups()
    return Fields(client_ip, method, target and _unquoted(target), status, duration, stamp, agent)


def _iris_ms(stamp: str | float) -> int | None:
    """Read ``2024/11/27 06:21``."""
    return iso_ms(f"{stamp}:00")


def _gin_ms(stamp: str | float) -> int | None:
    """Read ``2024/11/27 - 06:21:42``."""
    return iso_ms(stamp.replace(" - ", " ")) if isinstance(stamp, str) else None


FORMATS = (
    Format("gin", clean(_gin), "names itself", 1.0, _gin_ms, "[GIN] "),
    Format("gin-formatter", named(_GIN_FORMATTER), "RFC 1123's stamp, quotes in quotes", 1.0, clf_ms, '] "'),
    Format("chi", named(_CHI), "the request in quotes, then from whom", 1.0, any_ms, '" from '),
    Format("bars", named(_BARS), "fiber: a clock, then all fields between bars", 1.0, any_ms, " | "),
    Format("fiber", named(_FIBER), "the status first, the time before the method", 1.0, any_ms, " - "),
    Format("fiber-peer", named(_FIBER_PEER), "the example that many copy: a peer and no time", needle="]:"),
    Format("fiber-old", named(_FIBER_OLD), "fields between dashes", 1.0, any_ms, " - "),
    Format("negroni", named(_NEGRONI), "a stamp, then the host between bars where fiber has the method", 1.0, any_ms, " | "),
    Format("iris", named(_IRIS), "status, time, address: the method behind them", 1.0, _iris_ms, " /"),
    Format("iris-bars", named(_IRIS_BARS), "bars without blanks", 1.0, any_ms, "|/"),
    Format("gitea", named(_GITEA), "names its router", 1.0, any_ms, "router: completed "),
    Format("macaron", named(_MACARON), "a sentence of its own", 1.0, any_ms, "Completed "),
    Format("vikunja", named(_VIKUNJA), "a triangle, then the status between method and path", 1.0, any_ms, "\u25b6 "),
    Format("gofr", named(_GOFR), "its own order on a terminal; the clock has no date", 1.0, needle="µs "),
    Format("photoprism", named(_PHOTOPRISM), "a sentence, of which pairs would see the level alone", 1.0, any_ms, ") ["),
    Format("static-file-server", named(_STATIC_FILES), "names from whom; neither status nor time", 0.0, any_ms, "REQ from '"),
)
