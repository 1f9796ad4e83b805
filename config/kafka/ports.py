"""Asks about a port: can a server have it, does a Kafka answer there. Starts nothing."""

import contextlib
import secrets
import socket
import struct
import time
from collections.abc import Callable

HOST = "127.0.0.1"
PORT_SETTING = "FLYWATCH_KAFKA_PORT"
START_SECONDS = 60.0


class BrokerError(RuntimeError):
    """No broker, and why: one line, then perhaps the end of a log."""


def check_free(port: int) -> None:
    """Raise, with the way out, when another server has the port."""
    if not port_is_free(port):
        raise BrokerError(f"port {port} is taken: free it, or set {PORT_SETTING} to another")


def port_is_free(port: int) -> bool:
    """Say whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Kafka does: old connections do not count
        with contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return True
    return False


def free_port() -> int:
    """Find a port below those the system hands to clients: else one of them may hold it while the broker is down."""
    for _ in range(200):
        port = 20_000 + secrets.randbelow(12_000)
        if port_is_free(port):
            return port
    raise BrokerError("no free port between 20000 and 32000")


def wait_ready(bootstrap: str, still_running: Callable[[], bool] = lambda: True, seconds: float = START_SECONDS) -> None:
    """Return when the broker answers and counts itself in: only then can topics be created."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _brokers_known(bootstrap) > 0:
            return
        if not still_running():
            raise BrokerError("Kafka ended while starting")
        time.sleep(0.05)
    raise BrokerError(f"Kafka did not answer at {bootstrap} within {seconds:.0f} s")


def _brokers_known(bootstrap: str) -> int:
    """Ask for metadata of no topic (API 3, version 1) and read how many brokers are listed; 0 for no answer."""
    host, _, port = bootstrap.rpartition(":")
    request = struct.pack(">hhih1si", 3, 1, 0, 1, b"w", 0)
    try:
        with socket.create_connection((host, int(port)), timeout=1) as link, link.makefile("rb") as answer:
            link.sendall(struct.pack(">i", len(request)) + request)
            head = answer.read(12)  # length, correlation id, number of brokers
            return int(struct.unpack(">iii", head)[2]) if len(head) == 12 else 0
    except OSError:
        return 0
