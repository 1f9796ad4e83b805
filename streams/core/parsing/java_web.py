"""Access lines of the JVM's frameworks that are no common log format: Ktor, Vert.x, Spring, Tomcat. Knows no envelope."""

from streams.core.parsing.elapsed import PIECE
from streams.core.parsing.format import Format
from streams.core.parsing.pieces import ADDRESS, BARE, CLF_DATE, CLF_STAMP, ISO_STAMP, METHOD, PATH, PEER, QUOTED, STATUS, named
from streams.core.parsing.stamps import any_ms

_KTOR = (
    rf"(?P<status>{STATUS})\ [A-Za-z'\ -]{{0,60}}?:\ (?P<method>{METHOD})\ -\ (?P<target>{PATH})(?:\ in\ (?P<elapsed>{PIECE}))?"
)
_VERTX_TINY = rf"(?P<method>{METHOD})\ (?P<target>{PATH})\ (?P<status>{STATUS})\ -\ -?[0-9]++\ -\ (?P<took>[0-9]++)\ ms"
_SPRING = (  # Spring writes the query only when it was told to; there is neither status nor time
    rf"{BARE}(?:\[?(?P<stamp>{ISO_STAMP})\]?)?[^\n\"]{{0,300}}?"
    rf"After\ request\ \[(?:uri=)?+(?:(?P<method>{METHOD})\ )?(?P<target>/[^,;\]\n\ ]*+)"
    r"(?:[,;]\ ?client=(?P<ip>[^,;\]\n]*+))?(?:[,;][^\n]*+)?+\]?+"
)
_TOMCAT = (  # the patterns that Spring Boot's manual shows for it
    rf"\[(?P<stamp>{CLF_STAMP})\]\ (?P<ip>{ADDRESS})\ "
    rf"(?:\"(?P<line>{METHOD}\ [^\"\n]*+)\"|(?P<method>{METHOD})\ (?P<target>{PATH})\ HTTP/[0-9.]++)\ (?P<status>{STATUS})"
    r"\ \((?P<elapsed>[0-9]++\ (?:ms|microseconds))\)"
)
_REACTOR = (  # what servers of the common log format write as an integer behind it nobody knows; this one is told by its logger
    rf"{BARE}[^\n\"]{{0,200}}?server\.AccessLog\ *+[:-]\ (?P<ip>{ADDRESS})\ -\ [^ \n\"\[]++\ \[(?P<stamp>{CLF_STAMP})\]"
    rf"\ \"(?P<line>{QUOTED})\"\ (?P<status>[0-9]{{3}})\ (?:-|[0-9]++)\ (?P<took>[0-9]++)"
)
_QUARKUS = (
    rf"(?P<ip>{ADDRESS})\ -\ [^ \n\"\[]++\ (?P<stamp>{CLF_DATE}:[0-9:]{{8}}\ [+-][0-9]{{4}})\ \"(?P<line>{METHOD}\ {QUOTED})\""
    rf"\ (?P<status>[0-9]{{3}})\ (?:-|[0-9]++)(?:\ \"{QUOTED}\"\ \"(?P<agent>{QUOTED})\")?"
)
_TORCH = (
    rf"(?P<stamp>{ISO_STAMP})\ (?:\[[A-Z]{{4,5}}\ *+\]|[A-Z]{{4,5}})\ ++[^ \n\"]++\ ACCESS_LOG\ -\ /(?P<peer>{PEER})"
    rf"\ \"(?P<line>{METHOD}\ {QUOTED})\"\ (?P<status>[0-9]{{3}})\ (?P<took>[0-9]++)"
)
OF_CLF: tuple[Format, ...] = (
    Format(
        "reactor-netty", named(_REACTOR), "names its logger; milliseconds behind the length", 1.0, any_ms, "server.AccessLog"
    ),
)
FORMATS = (
    Format("quarkus", named(_QUARKUS), "the common log format, its stamp without brackets", 0.0, any_ms, ' "'),
    Format(
        "torchserve", named(_TORCH), "names its logger; a slash before the peer; milliseconds", 1.0, any_ms, "ACCESS_LOG - /"
    ),
    *OF_CLF,
    Format("ktor", named(_KTOR), "status and reason, a colon, the method, a dash", 1.0, needle=" - /"),
    Format("vertx-tiny", named(_VERTX_TINY), "Vert.x's own tiny: a dash more than morgan's", 1.0, needle=" ms"),
    Format("tomcat", named(_TOMCAT), "a stamp before the client, the time in brackets", 1.0, any_ms, " (", begins="["),
    Format("spring-filter", named(_SPRING), "names itself; no status", 1.0, any_ms, "After request ["),
)
