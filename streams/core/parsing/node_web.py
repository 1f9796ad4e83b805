"""Lines of Node's frameworks and servers that are not the habits of all. Knows no envelope.

Nest, Strapi, Ghost, hapi, Medusa, Astro, http-server, sirv, Verdaccio. Next.js, hono, koa and express are
in ``habits`` and ``morgan``.
"""

from streams.core.parsing.elapsed import PIECE
from streams.core.parsing.format import Format
from streams.core.parsing.pieces import ADDRESS, ANY_METHOD, CLF_STAMP, ISO_STAMP, METHOD, NUMBER, PATH, QUOTED, STATUS, named
from streams.core.parsing.stamps import any_ms, clf_ms

_NEST = (  # the logging middleware that is copied everywhere: length, dash, agent, address
    rf"(?P<method>{METHOD})\ (?P<target>{PATH})\ (?P<status>{STATUS})\ (?:[0-9]++|undefined|-)\ -\ "
    r"(?P<agent>[^\n]*[^ \n])\ (?P<ip>(?=[0-9A-Fa-f]{0,4}[.:])[0-9A-Fa-f.:]{2,45}+)(?:\ [0-9A-Za-z-]{8,64})?+"
)
_STRAPI = (
    rf"\[(?P<stamp>{ISO_STAMP})\]\ (?:http:|debug|info:?)\ ++(?P<method>{METHOD})\ (?P<target>{PATH})"
    rf"\ \((?P<elapsed>{PIECE}|{NUMBER}\ ms)\)\ (?P<status>{STATUS})"
)
_GHOST = (
    rf'(?:\[(?P<stamp>{ISO_STAMP})\]\ )?[A-Z]++\ "(?P<method>{METHOD})\ (?P<target>[^ "\n]++)"'
    rf"\ (?P<status>{STATUS})\ (?P<elapsed>{PIECE})"
)
_HAPI = (
    rf"(?:[0-9]{{6}}/[0-9.]{{6,10}},\ )?+\[response[^\]\n]*+\]\ [a-z]++://[^ \n]*:\ (?P<method>[a-z]{{3,7}})"
    rf"\ (?P<target>{PATH})\ (?:\{{[^\n]{{0,2000}}\}})?\ ?(?P<status>{STATUS})\ \((?P<elapsed>{PIECE})\)[^\n]*+"
)
_MEDUSA = (
    rf"(?:http:\ ++)?+(?P<method>{METHOD})\ (?P<target>{PATH})\ \u2190\ [^ \n]++\ \((?P<status>{STATUS}|-)\)"
    rf"\ -\ (?P<elapsed>{NUMBER}\ ms)"
)
_ASTRO = (
    rf"(?:[0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}(?:\ [AP]M)?+\ )?+\[(?P<status>{STATUS})\]\ (?:(?P<method>{METHOD})\ )?"
    rf"(?:\((?:rewrite|fallback)\)\ )?+(?P<target>{PATH})\ ++(?:-\ ++)?(?P<elapsed>{PIECE})"
)
_SVELTEKIT = rf"\[(?P<status>[45][0-9]{{2}})\]\ (?P<method>{METHOD})\ (?P<target>{PATH})"  # it logs errors alone
_HTTP_SERVER = rf'\[(?P<stamp>{ISO_STAMP})\]\ \ "(?P<method>{METHOD})\ (?P<target>[^ "\n]++)"\ "(?P<agent>[^"\n]*+)"'
_VERDACCIO = (
    rf"(?:http\ ++)?+<--\ (?P<status>{STATUS}),\ user:\ [^ \n(]*+\((?P<ip>{ADDRESS})(?:\ via\ [^)\n]*+)?+\),"
    rf"\ req:\ '(?P<method>{METHOD})\ (?P<target>[^ '\n]++)'(?:,\ [^\n]*+)?+"
)
_SIRV = (  # it never tells the method
    rf"\ *+\[[0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}\]\ (?P<status>{STATUS})\ \u2500\ (?P<elapsed>[0-9.]++ms)\ \u2500"
    rf"\ (?P<target>{PATH})"
)
_LOG4JS = (  # its connectLogger's default
    rf'(?P<ip>{ADDRESS})\ -\ -\ "(?P<method>{ANY_METHOD})\ (?P<target>[^ "\n]++)\ HTTP/[0-9.]++"'
    rf'\ (?P<status>{STATUS})\ (?:-|[0-9]*+)\ "{QUOTED}"\ "(?P<agent>{QUOTED})"'
)
_REMIX_LOGGER = rf"\[(?P<stamp>{CLF_STAMP})\]\ (?P<method>{METHOD})\ (?P<target>{PATH})\ (?P<status>{STATUS})\ (?:-|[0-9]*+)"
_BRACKETS = (  # Deno's file server
    rf"\[(?P<stamp>{ISO_STAMP})\]\ \[(?P<method>{METHOD})\]\ (?P<target>{PATH})\ (?P<status>{STATUS})"
)

FORMATS = (
    Format("nest-middleware", named(_NEST), "length, dash, agent, address", needle=" - "),
    Format("strapi", named(_STRAPI), "the time in parentheses before the status", 1.0, any_ms, "] "),
    Format("ghost", named(_GHOST), "a level, the request in quotes without its protocol", 1.0, any_ms, '" '),
    Format("hapi", named(_HAPI), "good-console: a tag, the server's URL, a method in small letters", 1.0, needle="[response"),
    Format("medusa", named(_MEDUSA), "an arrow back to the referrer", 1.0, needle="\u2190"),
    Format("astro", named(_ASTRO), "the status in brackets before the path", 1.0, needle="] "),
    Format("sveltekit", named(_SVELTEKIT), "the status in brackets before the method, and nothing behind", needle="] "),
    Format("http-server", named(_HTTP_SERVER), "two blanks behind the stamp; no status", 0.0, any_ms, ']  "'),
    Format("verdaccio", named(_VERDACCIO), "an arrow before the status", needle="<-- "),
    Format("sirv", named(_SIRV), "lines of a box between clock, time and path; no method", 1.0, needle="ms \u2500 /"),
    Format("log4js", named(_LOG4JS), "dashes right before the request: no stamp", needle='- - "'),
    Format("remix-logger", named(_REMIX_LOGGER), "a stamp in brackets, then tiny's fields without a time", 0.0, clf_ms, "] "),
    Format("deno-file-server", named(_BRACKETS), "the method in brackets, too", 0.0, any_ms, "] "),
)
