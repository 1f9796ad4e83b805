"""Access lines of servers that stand beside an app: oauth2-proxy, MinIO's trace, Discourse's nginx. Knows no envelope."""

from streams.core.parsing.elapsed import PIECE
from streams.core.parsing.format import Format
from streams.core.parsing.pieces import ADDRESS, ANY_METHOD, CLF_DATE, CLF_STAMP, NUMBER, PORT_TOO, QUOTED, STATUS, named
from streams.core.parsing.stamps import any_ms, clf_ms, iso_ms

_OAUTH2 = (  # before version 7 without the request's id; a real address may stand before the peer
    rf"(?:(?P<peer>{PORT_TOO})|(?P<ip>[^ \n\"\[,]++)(?:,\ [^ \n,]++)*+)(?:\ \([^)\n]*+\))?+"
    r"\ -\ (?:[^ \n\"\[]++\ -\ )?+[^ \n\"\[]++"
    rf"\ \[(?P<stamp>[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}\ [0-9:]{{8}}|{CLF_DATE}:[0-9:]{{8}}\ [+-][0-9]{{4}})\]\ [^ \n\"]++"
    rf'\ (?P<method>{ANY_METHOD})\ [^ \n]++\ "(?P<target>{QUOTED})"\ HTTP/[0-9.]++\ "(?P<agent>{QUOTED})"'
    rf"\ (?P<status>[0-9]{{3}})\ [0-9]++\ (?P<took>{NUMBER})"
)
_MINIO = (
    r"(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})[.:][0-9]++Z?+\ \[(?P<status>"
    + STATUS
    + r")\ [A-Za-z\ -]++\]"
    r"\ s3\.[A-Za-z0-9]++\ [^ /\n]++(?P<target>/[^ \n]*+)\ ++(?P<ip>[0-9A-Fa-f.:]++)\ ++"
    rf"(?P<elapsed>{PIECE})(?:\ [^\n]*+)?+"
)
_DISCOURSE = (  # its image's nginx; the upstream's seconds, then all of them
    rf'\[(?P<stamp>{CLF_STAMP})\]\ "[^"\n ]*+"\ (?P<ip>{ADDRESS})\ "(?P<line>{QUOTED})"\ "(?P<agent>{QUOTED})"\ "[^"\n ]*+"'
    rf'\ (?P<status>[0-9]{{3}})\ [0-9]++\ "{QUOTED}"(?:\ (?:-|{NUMBER}|:)(?:,(?=\ ))?+){{1,9}}?'
    rf'\ (?P<took>{NUMBER})(?:\ "[^\n]*+)?+'
)

FORMATS = (
    Format("oauth2-proxy", named(_OAUTH2), "host, method and upstream before the path in quotes", 1e3, any_ms, '" HTTP/'),
    Format("minio-trace", named(_MINIO), "status and reason in brackets, then the call", 1.0, iso_ms, "] s3."),
    Format(
        "discourse", named(_DISCOURSE), "host before the client, the agent before the status", 1e3, clf_ms, '" "', begins="["
    ),
)
