"""A service that an app asks by its name fails: shops, searches, models, payments. Knows no upstream and no database."""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

_API = EventKind.EXTERNAL_API
# Nothing failed where jobs count their failures: "0 errors", "failed: 0", "error=false", "error rate 0.0%".
_SOME = r"(?<![Nn]o )(?<!\b0 )"
_EMPTY = r"(?:0(?![0-9.])|false\b|[Nn]one\b|null\b|nil\b|\[\]|\{\})"
_OF_NONE = rf"(?!s?[\"']?[:=] ?[\"']?{_EMPTY}|s? (?:rate(?! limit)|count|ratio)\b)"
# A status behind what says so, by its name, or at the end of a line of a request; not what counts something.
_COUNTED = r"(?!(?:[.,][0-9]| ?m?s\b| [a-z]{3,30}s\b))"
_CODE = r"(?:429|5[0-3][0-9])\b"
_SAYS = (
    r"\b(?i:status(?:[ _]?code)?|code|http(?:/[0-9.]{1,3})?|return(?:s|ed)|respon(?:se|ds|ded)(?: with)?|answer(?:s|ed)"
    r"|got|with)[\"']?[:=]? ?[\"']?"
)
_STATUS = (
    rf"(?:(?:{_SAYS}|[:(\[>] ?){_CODE}{_COUNTED}"
    r"|\b(?:429 Too Many|500 Internal|502 Bad|503 Service|504 Gateway|529 )"
    rf"|(?<!ed) {_CODE}(?=$| [0-9.]{{1,9}} ?m?s\b))"
)
# Up to the next mention of the same name, so that a line of nothing else costs no more than its length.
_FAILS = (
    rf"(?:(?!\b\1\b)[^\n]){{0,120}}?(?:{_SOME}(?:[Ee]rror|ERROR|[Ff]ail(?:ed|ure|s)?\b){_OF_NONE}"
    rf"|[Tt]imed? ?out|{_STATUS})"
)
# The failure named first: not where there was none, nor where the name is a package's in a stack trace.
_FAILURE = (
    rf"{_SOME}\b(?:(?:[Ee]rror|ERROR|[Ff]ailed|[Ff]ailure)\b{_OF_NONE}"
    r"|(?:ENOTFOUND|EAI_AGAIN|ECONNRE(?:SET|FUSED)|ETIMEDOUT)\b)"
)
_FAILED = rf"{_FAILURE}(?:[^EeFf\n]|(?!{_FAILURE})[EeFf]){{0,120}}?(?<![@/A-Za-z0-9_-])"
_GOOGLE = r"[Gg]oogle (?:[Aa]nalytics|[Ss]earch [Cc]onsole)|googleapis\.com"
# Of a client's errors those that are the service's, its limit or the way there: what an app asked wrongly is the app's.
_OWN = (
    r"(?:APIConnection|APITimeout|APIStatus|API|APIResponse|InternalServer|RateLimit|Overloaded|ServiceUnavailable"
    r"|DeadlineExceeded|Connection|Authentication|Permission(?:Denied)?)Error(?::| \(|$)"
)
_CLIENTS = (
    ("openai.", rf"\b(openai)\.(?:error\.)?{_OWN}", "its own client, Python"),
    ("anthropic.", rf"\b(anthropic)\.{_OWN}", "its own client, Python"),
    ("stripe.", rf"\b(stripe)\.(?:_?error\.)?{_OWN}", "its own client, Python"),
    ("Stripe::", rf"\b(Stripe)::{_OWN}", "its own client, Ruby"),
    ("Stripe", rf"\b(Stripe){_OWN}", "its own client, node"),
    ("ShopifyAPI::Errors", r"\b(Shopify)API::Errors::Http[A-Za-z]{1,30}Error\b", "its own client, Ruby"),
    ("is throttling requests", r"\bHttpThrottlingError: (Shopify) is throttling requests", "its own client, node"),
    ("GaxiosError", r"\bGaxiosError(?:: | \[)[^\n]{0,300}?\b(googleapis\.com)\b", "Google's own client, node"),
    (
        "googleapiclient.errors",
        r"\bgoogleapiclient\.errors\.[A-Za-z]{2,30}Error: <HttpError [0-9]{3} [^\n]{0,300}?\b(googleapis\.com)\b",
        "Google's own client, Python",
    ),
)
_NAMES = (
    ("hopify", rf"\b([Ss]hopify)\b{_FAILS}", "by its name"),
    ("oogle", rf"\b({_GOOGLE}){_FAILS}", "by its name"),
    ("earch Console", rf"\b([Ss]earch Console)\b{_FAILS}", "by its name"),
    ("hopify", rf"{_FAILED}([Ss]hopify)\b(?!/)", "by its name behind the failure"),
    ("oogle", rf"{_FAILED}({_GOOGLE})\b", "by its name behind the failure"),
    ("earch Console", rf"{_FAILED}([Ss]earch Console)\b", "by its name behind the failure"),
)

SIGNS: tuple[Sign, ...] = tuple(sign(_API, *row) for row in (*_CLIENTS, *_NAMES))
