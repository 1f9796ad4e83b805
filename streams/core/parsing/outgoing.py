"""What a program says of its own calls to others: such a line is no request to it. Tables, and a look at a text's head."""

from streams.core import regex
from streams.core.parsing.format import Match, Row

# The clients by which programs call others, as they name themselves; the name of a class may end in one.
_CLIENTS = (
    r"http[ _.-]?client|(?:rest|web)client|resttemplate|httpx|httpcore|urllib3|aiohttp\.client|axios|okhttp3?|faraday|guzzle"
    r"|undici|node-fetch|superagent|reqwest|typhoeus|httparty|feign|openfeign|httpoison|hackney"
)
_OUT = (
    r"outgoing|outbound|request[ _.-]out|calling|fetching|fetched|fetch (?:completed|failed|succeeded|done|finished)|delivered"
    rf"|hook[ _.-](?:sent|dispatched)|external[ _.-](?:api|call|http|request)s?|{_CLIENTS}"
)
# What is said of a call; a path that was asked for says nothing.
_TOLD = rf"(?i:(?:[a-z]{{3,7}} /[^ ]*+)?+(?:.*[^a-z])?(?:{_OUT})(?:[^a-z].*)?)"
# The name in a document, what it says there (all of it).
REFUSED = (
    ("logger", r"http\.(?:log\.error|handlers)(?:\..*)?"),  # Caddy's errors, and its calls to others beside its access log
    *(
        (name, rf"(?i:.*(?:{_CLIENTS}).*)")
        for name in ("logger", "loggerName", "category", "sourceContext", "component", "module")
    ),
    ("logger", r"tsdb\..*"),  # Grafana's data sources
    ("errId", r".+"),  # Caddy's error log, whose name its console writes before the document
    ("name", r"httpx|urllib3\..*|httpcore.*"),
    ("kind", r"client|CLIENT|SPAN_KIND_CLIENT"),
    ("span/kind", r"client|CLIENT|SPAN_KIND_CLIENT"),
    ("direction", r"(?i:out|outgoing|outbound|egress|client)"),
    ("tool", r"(?i:.*(?:http|fetch|request|curl).*)"),  # what an agent was told to do
    *((name, _TOLD) for name in ("msg", "message", "event", "type")),
    ("metric", r".*_(?:total|count|sum|bucket)"),  # a counter with a request's labels
)
_MOST_CHARS = 400
_told = regex.compiled(_TOLD).fullmatch
_CALLER = regex.compiled(rf"(?i)(?:{_CLIENTS}|\btool=[a-z_]{{0,30}}(?:http|fetch|request|curl))(?![a-z])").search


def called(head: str) -> bool:
    """Tell whether the words before a request name a client, so that it is one of the program's own."""
    return _CALLER(head[:_MOST_CHARS]) is not None


def told(message: str | None) -> bool:
    """Tell whether a message says that a call to others is meant."""
    return bool(message) and len(message or "") <= _MOST_CHARS and _told(message or "") is not None


def refusing(match: Match) -> Match:
    """Let a format that takes any head refuse the heads of clients."""

    def received(text: str) -> Row | None:
        row = match(text)
        return None if row is None or called(text.partition(" /")[0]) else row

    return received
