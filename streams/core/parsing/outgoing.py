"""What a program says of its own calls to others: such a line is no request to it. Tables, and a look at a text's head."""

from collections.abc import Sequence

from streams.core import regex
from streams.core.parsing.format import Match, Row

# The clients by which programs call others, as they name themselves; the name of a class may end in one.
_CLIENTS = (
    r"http[ _.-]?client|(?:rest|web)client|resttemplate|httpx|httpcore|urllib3|aiohttp\.client|axios|okhttp3?|faraday"
    r"|guzzle(?:http)?|round_trippers\.go|undici|node-fetch|superagent|reqwest|typhoeus|httparty|feign|openfeign|httpoison|hackney"
)
_OUT = (
    r"outgoing|outbound|request[ _.-]out|calling|fetching|fetched|fetch (?:completed|failed|succeeded|done|finished)|delivered"
    r"|hook[ _.-](?:sent|dispatched)|external[ _.-](?:api|call|http|request)s?|stripe api"
    r"|response from (?!(?:the|our|this|my) )[a-z0-9_.-]{1,40}+ api"
    rf"|{_CLIENTS}"
)
# What is said of a call; a path that was asked for says nothing.
_TOLD = rf"(?i:(?:[a-z]{{3,7}} /[^ ]*+)?+(?:.*[^a-z])?(?:{_OUT})(?:[^a-z].*)?)"
# The same where a document has the whole URL of what was asked for, as servers seldom write it.
CALLS = r"(?i:fetch|api call|api request)"
# The name in a document, what it says there (all of it).
REFUSED = (
    ("logger", r"http\.(?:log\.error|handlers)(?:\..*)?"),  # Caddy's errors, and its calls to others beside its access log
    *(
        (name, rf"(?i:.*(?:{_CLIENTS}).*)")
        for name in ("logger", "loggerName", "category", "sourceContext", "component", "module", "channel")
    ),
    ("logger", r"tsdb\..*"),  # Grafana's data sources
    ("errId", r".+"),  # Caddy's error log, whose name its console writes before the document
    ("caller", r"(?:.*/)?round_trippers\.go:[0-9]+"),  # Kubernetes' client
    ("name", r"httpx|urllib3\..*|httpcore.*"),
    ("kind", r"client|CLIENT|SPAN_KIND_CLIENT"),
    ("span/kind", r"client|CLIENT|SPAN_KIND_CLIENT"),
    ("otel/kind", r"(?i:client)"),  # Rust's tracing
    ("direction", r"(?i:out|outgoing|outbound|egress|client)"),
    ("tool", r"(?i:.*(?:http|fetch|request|curl).*)"),  # what an agent was told to do
    *((name, _TOLD) for name in ("msg", "message", "event", "type")),
    ("metric", r".*_(?:total|count|sum|bucket)"),  # a counter with a request's labels
)
_MOST_CHARS = 400
_told = regex.compiled(_TOLD).fullmatch
# Guzzle's own line has the form of a server's: the machine, the agent that it calls with where a user stands, and one dash.
MACHINE = r"[0-9a-f]{12,14}"  # its name: Fly's, or a container's
_OWN_AGENT = r"[a-z][a-z0-9_.-]{1,40}+/v?[0-9][^ /]*+"
_CALLER = regex.compiled(
    rf"(?i)(?:{_CLIENTS}|\btool=[a-z_]{{0,30}}(?:http|fetch|request|curl))(?![a-z])"
    rf"|(?:(?<= ){_OWN_AGENT}(?: [^ \[]++)*+(?<= -)|\b{MACHINE}  -) \[[^\]]++\] \Z"
).search
_CALL = regex.compiled(rf"{CALLS}[:-]? \Z").search
_URL = regex.compiled(r'"(?:url|uri|endpoint)": ?"https?:').search
_is_agent = regex.compiled(f"(?i){_OWN_AGENT}").fullmatch


def called(head: str) -> bool:
    """Tell whether the words before a request name a client, so that it is one of the program's own."""
    return _CALLER(head[:_MOST_CHARS]) is not None


def is_call(head: str, message: str) -> bool:
    """Tell whether the words before a document say little, and the document that another's URL was asked for."""
    return _CALL(head[-_MOST_CHARS:]) is not None and _URL(message) is not None


def by_agent(who: Sequence[str]) -> bool:
    """Tell whether words before a stamp, the first no address, are a machine and the agent that it calls with."""
    return len(who) > 2 and who[-1] == "-" and who.count("-") == 1 and _is_agent(who[1]) is not None


def told(message: str | None) -> bool:
    """Tell whether a message says that a call to others is meant."""
    return bool(message) and len(message or "") <= _MOST_CHARS and _told(message or "") is not None


def refusing(match: Match) -> Match:
    """Let a format that takes any head refuse the heads of clients."""

    def received(text: str) -> Row | None:
        row = match(text)
        return None if row is None or called(text.partition(" /")[0]) else row

    return received
