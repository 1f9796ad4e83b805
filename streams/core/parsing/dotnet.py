"""Requests as ASP.NET Core's host, Serilog and Servarr tell them in a sentence, behind whatever head. Knows no envelope.

What the host of versions before 5 tells in two lines is in ``pairs``.
"""

from streams.core.parsing import outgoing
from streams.core.parsing.format import Format
from streams.core.parsing.pieces import ANY_METHOD, BARE, ISO_STAMP, METHOD, STATUS, TARGET, named
from streams.core.parsing.stamps import any_ms

_HEAD = rf"{BARE}(?:\[?+(?P<stamp>{ISO_STAMP})\]?+)? [^\n\"{{]{{0,300}}?"
_END = r"(?:[\ |\t][^\n]*+)?+"
_FINISHED = (  # a line that holds both sentences is Serilog's
    rf"(?![^\n]*\ responded\ {STATUS}\ in\ ){_HEAD}"
    rf"Request\ finished\ HTTP/[0-9.]++\ (?P<method>{ANY_METHOD})\ (?P<target>{TARGET})\ (?:[^ \n]++\ [^ \n]++\ )?-\ "
    rf"(?P<status>{STATUS})(?:\ [^ \n]++){{1,4}}?\ (?P<elapsed>[0-9.,]++ms){_END}"
)
_SERILOG = (
    rf'{_HEAD} (?:HTTP\ "?|(?=[A-Z]{{3,7}}+\ ))(?P<method>{METHOD})"?+'
    rf'\ (?:-\ )?+"?+(?P<target>/[^ "\n\x1b]*+)"?+\ responded\ (?P<status>{STATUS})'
    rf"\ in\ (?P<elapsed>[0-9.,]++\ ?ms){_END}"
)
_SERVARR = (  # Sonarr, Radarr and their kin; below it says the same again, and what it asked of others
    rf"(?:(?:(?P<stamp>{ISO_STAMP})|[0-9-]{{6,10}}\ [0-9:.]{{8,13}})\|(?:Debug|Info)\|Api\||\[(?:Debug|Info)\]\ Api:\ )"
    rf"\[(?P<method>{METHOD})\]\ (?P<target>/(?:[^ :\n]++|:++(?!\ ))*+):?+\ (?P<status>{STATUS})\.[A-Za-z]++"
    r"\ \((?P<elapsed>[0-9]++\ ms)\)"
)

FORMATS = (
    Format("aspnet", named(_FINISHED), "one sentence of the host", 1.0, any_ms, "Request finished HTTP/"),
    Format("serilog", outgoing.refusing(named(_SERILOG)), "Serilog's own sentence of a request", 1.0, any_ms, " responded "),
    Format("servarr", named(_SERVARR), "names its API; the status with .NET's name for it", 1.0, any_ms, "Api"),
)
