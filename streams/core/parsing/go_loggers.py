"""Access lines of Go's frameworks and programs that go through a logger of their own. Knows no envelope.

go-zero, Beego, GoFrame, zap's console, Coder, imgproxy, Navidrome.
"""

import re

from streams.core import regex
from streams.core.documents import document_of
from streams.core.parsing import fields, logfmt
from streams.core.parsing.elapsed import PIECE
from streams.core.parsing.format import Format, Row, clean
from streams.core.parsing.pieces import ADDRESS, ANY_METHOD, ISO_STAMP, METHOD, NUMBER, PATH, PORT_TOO, STATUS, named
from streams.core.parsing.stamps import any_ms

_GO_ZERO = (  # a slow call is told in a line more, and what was asked stands below an error
    rf"(?:(?P<stamp>{ISO_STAMP})\t\ *+[a-z]++\ *+\t)?+\[HTTP\]\ ++(?P<status>{STATUS})\ ++-\ ++(?P<method>{METHOD})\ ++"
    rf"(?P<target>{PATH})\ -\ (?:(?P<peer>{PORT_TOO})|(?P<ip>{ADDRESS}))(?:,\ ?[^\t\n\ ,]*+){{0,20}}+\ -"
    r"(?:\ (?P<agent>(?:(?!\ ?-\ slowcall\()[^\t\n])*+))?+"
    rf"(?:\t(?!duration=)[^\t\n]*+)*+(?:\tduration=(?P<elapsed>{PIECE}))?+(?:[\t\n](?s:.)*+)?+"
)
_BEEGO = (
    rf"(?:(?P<stamp>{ISO_STAMP})\ \[[A-Z]\]\ ++)?+(?:\[[^\]\n]{{1,100}}+\]\ ++)?+\|\ *+(?P<ip>{ADDRESS})\ *+"
    rf"\|\ *+(?P<status>{STATUS})\ *+\|\ *+(?P<elapsed>{PIECE})\ *+\|\ *+(?:no)?match\|\ *+"
    rf"(?P<method>{METHOD})\ ++(?P<target>{PATH})(?:\ [^\n]*+)?+"
)
_GOFRAME = (  # its log of errors tells the same request again, with a code behind the agent
    rf"(?:(?P<stamp>{ISO_STAMP})\ ++(?:\{{[0-9A-Za-z]*+\}}\ ++)?+)?+(?P<status>[0-9]{{3}})\ "
    rf'"(?P<method>{ANY_METHOD})\ https?\ [^ "\n]++\ (?P<target>/[^ "\n]*+)\ HTTP/[0-9.]++"\ (?P<took>{NUMBER}),'
    rf'\ (?P<ip>{ADDRESS}),\ "[^"\n]*+",\ "(?P<agent>[^"\n]*+)"'
)
_CONSOLE = regex.compiled(rf"({ISO_STAMP}|[0-9.]{{10,20}}(?:e\+09)?+)\t([A-Za-z]{{4,6}})\t", re.VERBOSE).match
_STATUS_NAMED = "tatus"
_MOST_COLUMNS = 5  # time, level, name, caller, message
_SENTENCE = regex.compiled(  # Coder's, where the method alone is the message; those of imgproxy and Navidrome on a terminal
    rf"(?:({ISO_STAMP})\ \[(?:debu|info|warn|erro)\]\ ++(?:[a-z0-9._-]++:\ )?+"
    rf"|[A-Z]{{4,5}}\ *+\[(?:({ISO_STAMP})|[0-9]{{1,9}})\]\ ++)"
    rf"({METHOD}|Completed\ in\ [0-9][^\ \n]*+\ /[^ \n]*+|HTTP:\ {METHOD}\ [^ \n]++)\ ++(?=[a-zA-Z_]++=)",
    re.VERBOSE,
).match


def _console(text: str) -> Row | None:
    """Read zap's console: the fields are a document behind the message, and mean what they mean in zap's JSON."""
    head, tab, rest = text.partition("\t{")
    found = _CONSOLE(f"{head}\t") if tab else None
    if found is None or head.count("\t") >= _MOST_COLUMNS:
        return None
    document = document_of("{" + rest)
    if document is None:
        return None
    return fields.find({"ts": found[1], "level": found[2].lower(), "msg": head.rpartition("\t")[2]} | document)


def _sentence(text: str) -> Row | None:
    """Read a stamp, a sentence that says a part of the request, and the rest in pairs."""
    found = _SENTENCE(text) if _STATUS_NAMED in text else None
    if found is None:
        return None
    stamp, other_stamp, sentence = found.groups()
    return fields.find(logfmt.pairs(text[found.end() :]) | {"time": stamp or other_stamp, "msg": sentence})


OF_PAIRS = (Format("sentence-pairs", clean(_sentence), "method or path stand before the pairs", 1.0, any_ms, _STATUS_NAMED),)
FORMATS = (
    Format("go-zero", named(_GO_ZERO), "names its side; the status before the method", 1.0, any_ms, "[HTTP] "),
    Format("beego", named(_BEEGO), "bars, and whether a route fits", 1.0, any_ms, "match|"),
    Format("goframe", named(_GOFRAME), "scheme and host inside the quoted request", 1e3, any_ms, '", "'),
    Format("zap-console", clean(_console), "tabs, then a document", 1.0, any_ms, "\t{"),
    *OF_PAIRS,
)
