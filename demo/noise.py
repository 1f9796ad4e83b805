"""Writes what is no request: Fly's platform, failing code, background work. Knows no app, incident or randomness."""

from demo.apps import Machine
from demo.lines import MS_NS, SECOND_NS, Hit, Said, when

TRACES = (
    (
        "Error: upstream request to the Shopify Admin API timed out after 12000ms",
        "    at ShopifyClient.request (file:///app/build/server/services/shopify/client.js:88:13)",
        "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
        "    at async loadSalesPulse (file:///app/build/server/tiles/sales-pulse.js:41:18)",
        "    at async loader (file:///app/build/server/routes/app.tiles.js:27:16) {",
        "  code: 'ETIMEDOUT'",
        "}",
    ),
    (
        "TypeError: Cannot read properties of undefined (reading 'edges')",
        "    at toOrders (file:///app/build/server/services/shopify/orders.js:52:31)",
        "    at async loader (file:///app/build/server/routes/api.shopify.orders.js:19:20)",
    ),
)
PROXY_ERRORS = (
    "[PU02] could not complete HTTP request to instance: connection closed before message completed",
    "[PC05] timed out while connecting to your instance. this usually indicates a problem with your app",
)


def trace(hit: Hit) -> tuple[Said, ...]:
    """Return the stack trace that a failed request leaves just before its own line."""
    lines = TRACES[hit.seed % 3 // 2]
    first = hit.end_ns - 400_000
    return tuple(Said(first + at * 9_000, text, "error") for at, text in enumerate(lines))


def boot(machine: Machine, at_ns: int, command: str) -> tuple[Said, ...]:
    """Return what a machine says from the start of its VM until the proxy can reach it: about five seconds."""
    vm = f"{when(at_ns + 1_200_000_000):%Y-%m-%dT%H:%M:%S.%f}000 [01K7Q{machine.id[:10].upper()}:main]"
    told = (
        (1.00, "Configuring firecracker", "runner"),
        (1.20, f"{vm} Running Firecracker v1.12.1", "app"),
        (1.21, f'{vm} Listening on API socket ("/fc.sock").', "app"),
        (1.90, " INFO Starting init (commit: fedadb2e)...", "app"),
        (1.98, f" INFO Preparing to run: `{command}` as root", "app"),
        (2.00, " INFO [fly api proxy] listening at /.fly/api", "app"),
        (2.10, "Machine started in 1.104s", "runner"),
        (2.31, f"{when(at_ns + 2_310_000_000):%Y/%m/%d %H:%M:%S} INFO SSH listening", "app"),
        (4.60, "machine became reachable in 2.493817s", "proxy"),
        (5.10, "Health check 'servicecheck-00-http-3000' on port 3000 is now passing.", "health"),
    )
    return _said(at_ns, told)


def shutdown(at_ns: int) -> tuple[Said, ...]:
    """Return what a machine says when it is stopped on purpose."""
    told = (
        (0.00, " INFO Sending signal SIGINT to main child process w/ PID 314", "app"),
        (0.85, " INFO Main child exited normally with code: 0", "app"),
        (0.86, " INFO Starting clean up.", "app"),
        (0.91, "[ 8127.402113] reboot: Restarting system", "app"),
    )
    return _said(at_ns, told)


def deploy(machine: Machine, at_ns: int, image: str, away_ns: int) -> tuple[Said, ...]:
    """Return a machine's deploy: the new image, the stop, the boot."""
    told = (
        (-4.0, f"Pulling container image {image}", "runner"),
        (-1.5, "Successfully prepared image in 2.482s", "runner"),
    )
    back_ns = at_ns + away_ns - 6 * SECOND_NS
    return _said(at_ns, told) + shutdown(at_ns) + boot(machine, back_ns, "docker-entrypoint.sh npm run docker-start")


def asleep(app: str, machine: Machine, from_ns: int, to_ns: int) -> tuple[Said, ...]:
    """Return how Fly stops a machine that nobody needs, and starts it again."""
    excess = f"App {app} has excess capacity, autostopping machine {machine.id}. 1 out of 2 machines left running"
    return (
        Said(from_ns, excess, provider="proxy"),
        *shutdown(from_ns + SECOND_NS),
        Said(to_ns - 6 * SECOND_NS, "Starting machine", provider="proxy"),
        *boot(machine, to_ns - 6 * SECOND_NS, "docker-entrypoint.sh node dist/server.js"),
    )


def chatter(app: str, at_ns: int, seed: int) -> tuple[Said, ...]:
    """Return what an app says between requests."""
    if app == "hotdash-chatwoot":
        return _job(at_ns, seed)
    if app == "hotdash-production":
        found = "miss" if seed % 6 == 0 else "hit"
        return (Said(at_ns, f"[cache] {found} shopify:orders:{seed % 97} ttl={seed % 300}s"),)
    if app == "hotdash-agent-service":
        return (Said(at_ns, f"INFO:agents.runner:run {seed % 90_000} finished, {1 + seed % 5} tool calls"),)
    if app == "hotdash-llamaindex-mcp":
        return (Said(at_ns, f'{{"level":"info","message":"index refreshed: {seed % 40} documents","service":"mcp"}}'),)
    return (Said(at_ns, f"[worker] tile refresh done, {seed % 12} tiles"),)


def _job(at_ns: int, seed: int) -> tuple[Said, ...]:
    took_ms = 40 + seed % 900
    name = "Inboxes::FetchImapEmailInboxesJob"
    job = f"{seed % (1 << 48):012x}"
    spoken = (
        (0, f"Performing {name} (Job ID: {job}) from Sidekiq(scheduled_jobs)"),
        (took_ms, f"Performed {name} (Job ID: {job}) from Sidekiq(scheduled_jobs) in {took_ms}.0ms"),
    )
    return tuple(_logged(at_ns + after_ms * MS_NS, f"[ActiveJob] [{name}] [{job}] {text}") for after_ms, text in spoken)


def _logged(at_ns: int, text: str) -> Said:
    return Said(at_ns, f"I, [{when(at_ns):%Y-%m-%dT%H:%M:%S.%f} #644]  INFO -- : {text}")


def _said(at_ns: int, told: tuple[tuple[float, str, str], ...]) -> tuple[Said, ...]:
    return tuple(Said(at_ns + round(after * SECOND_NS), text, provider=provider) for after, text, provider in told)
