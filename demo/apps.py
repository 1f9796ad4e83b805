"""The tables of the demonstration: five apps, their machines and routes, their clients. Knows no time and no format."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine; ``formats`` says in which formats it logs requests, and how often each."""

    id: str
    region: str
    host: str
    formats: dict[str, int]


@dataclass(frozen=True, slots=True)
class Route:
    """What clients ask for: ``{id}`` becomes a number; ``action`` is what Rails calls it."""

    method: str
    path: str
    weight: int
    median_ms: float
    action: str = ""


@dataclass(frozen=True, slots=True)
class App:
    """One app in normal times: requests a minute, and the path that Fly's health check asks for."""

    name: str
    per_minute: float
    health_path: str
    machines: tuple[Machine, ...]
    routes: tuple[Route, ...]


PRODUCTION = App(
    "hotdash-production",
    208.0,
    "/health",
    (
        Machine("e784079b449d08", "iad", "b1f4", {"nginx-timed": 6, "morgan-tiny": 3, "morgan-combined": 1}),
        Machine("e784e16c7d9118", "ord", "9c2e", {"pino": 7, "morgan-dev": 3}),
    ),
    (
        Route("GET", "/app", 22, 180),
        Route("GET", "/app/tiles/sales-pulse?range=7d", 18, 240),
        Route("GET", "/app/tiles/inventory?location={id}", 12, 210),
        Route("GET", "/api/shopify/orders?page={id}", 14, 320),
        Route("POST", "/api/approvals/{id}/decision", 4, 260),
        Route("GET", "/api/analytics/traffic?days=28", 8, 380),
        Route("POST", "/webhooks/shopify/orders-updated", 10, 95),
        Route("GET", "/assets/entry-{id}.js", 12, 12),
    ),
)
STAGING = App(
    "hotdash-staging",
    34.0,
    "/health",
    (
        Machine("d8dd04e1a26b58", "ord", "44d0", {"morgan-dev": 6, "morgan-tiny": 3, "morgan-combined": 2}),
        Machine("5683b70c9e1a42", "iad", "71aa", {"apache-common": 5, "morgan-tiny": 4}),
    ),
    (
        Route("GET", "/app?mock=1", 10, 160),
        Route("GET", "/app/tiles/inventory?mock=1", 6, 190),
        Route("GET", "/docs/runbooks/{id}", 3, 20),
        Route("POST", "/api/feedback", 2, 140),
        Route("GET", "/build/manifest-{id}.json", 3, 9),
    ),
)
CHATWOOT = App(
    "hotdash-chatwoot",
    27.0,
    "/hc",
    (
        Machine("8d9507f31be642", "iad", "c03b", {"rails": 1}),
        Machine("48e21f90d5ac37", "iad", "0e97", {"lograge": 1}),
    ),
    (
        Route("GET", "/api/v1/accounts/1/conversations?status=open&page={id}", 9, 170, "Conversations#index"),
        Route("GET", "/api/v1/accounts/1/conversations/{id}/messages", 8, 120, "Conversations::Messages#index"),
        Route("POST", "/api/v1/accounts/1/conversations/{id}/messages", 4, 210, "Conversations::Messages#create"),
        Route("GET", "/api/v1/accounts/1/contacts/search?q=order-{id}", 3, 260, "Contacts#search"),
        Route("POST", "/api/v1/accounts/1/conversations/{id}/toggle_status", 2, 140, "Conversations#toggle_status"),
    ),
)
AGENT = App(
    "hotdash-agent-service",
    29.0,
    "/health",
    (Machine("7849d2e60f1c95", "iad", "a6e1", {"uvicorn": 1}),),
    (
        Route("POST", "/v1/agent/run", 5, 900),
        Route("GET", "/v1/agent/runs/{id}", 9, 60),
        Route("POST", "/v1/approvals/{id}/resume", 3, 420),
        Route("GET", "/v1/tools?scope=shopify", 4, 35),
    ),
)
MCP = App(
    "hotdash-llamaindex-mcp",
    17.0,
    "/health",
    (
        Machine("e2860b94c7d1f3", "iad", "5d18", {"nginx-json": 1}),
        Machine("91852ec04b7a6d", "iad", "e83c", {"winston": 1}),
    ),
    (
        Route("POST", "/mcp/query_support", 6, 340),
        Route("POST", "/mcp/insight_report", 2, 620),
        Route("GET", "/mcp/tools", 4, 18),
        Route("GET", "/mcp/index/{id}/stats", 3, 45),
    ),
)
APPS = (STAGING, PRODUCTION, CHATWOOT, AGENT, MCP)

# Addresses set aside for documentation (RFC 5737): nobody's.
CLIENTS = tuple(f"{net}.{host}" for net in ("192.0.2", "198.51.100", "203.0.113") for host in range(5, 250, 7))
AGENTS = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Shopify-Captain-Hook",
)
