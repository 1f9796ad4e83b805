"""A ``flyship receive`` of a test's own, as a process, with a client. Knows no form of what is sent."""

import asyncio
import io
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.pipeline import until

ROOT = Path(__file__).parents[1]
DEADLINE_S = 60.0
TOKEN = "a-token-of-the-test"  # noqa: S105  # of these tests alone
BEARER = {"Authorization": f"Bearer {TOKEN}"}
FIRST = "GET /orders/1 200 12 - 3.2 ms"
FLY = {
    "event": {"provider": "app"},
    "fly": {"app": {"instance": "148e1", "name": "shop"}, "region": "ams"},
    "log": {"level": "info"},
    "message": FIRST,
    "timestamp": "2025-10-10T18:36:00.123456789Z",
}


class Receiving:
    """A ``flyship receive`` of its own, and a client."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, client: aiohttp.ClientSession) -> None:
        """As ``receiving`` started it."""
        self.process, self.address, self._client = process, address, client

    async def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
        """Send a body; return the status and the headers of the answer."""
        given = {"Content-Type": "text/plain"} | (headers or {})
        async with self._client.post(f"http://{self.address}{path}", data=io.BytesIO(body), headers=given) as answer:
            await answer.read()
            return answer.status, dict(answer.headers)

    async def health(self) -> int:
        """Return the status of ``/healthz``."""
        async with self._client.get(f"http://{self.address}/healthz") as answer:
            return answer.status

    async def ended(self) -> int:
        """Wait for the end; return the exit code."""
        return await asyncio.to_thread(self.process.wait, DEADLINE_S)

    async def stopped(self) -> int:
        """Stop it; return the exit code."""
        self.process.terminate()
        return await self.ended()


def _started(env: dict[str, str], errors: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "shippers", "receive", "--listen", "127.0.0.1:0", *arguments]
    state = {"FLYSHIP_STATE": str(errors.parent / "state")}
    with errors.open("wb") as told:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told, env=env | state, cwd=ROOT)


def _address(process: subprocess.Popen[bytes], errors: Path) -> str | None:
    told = errors.read_text()
    assert process.poll() is None, told
    found = re.search(r"receive: listening on (\S+)", told)
    return found[1] if found else None


@asynccontextmanager
async def receiving(env: dict[str, str], errors: Path, *arguments: str) -> AsyncIterator[Receiving]:
    """Start a receiver at a free port, and wait until it listens."""
    process = _started(env, errors, *arguments)

    async def listening() -> str | None:
        return _address(process, errors)

    try:
        address = await until("it listens", listening, DEADLINE_S)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(DEADLINE_S)) as client:
            yield Receiving(process, address, client)
    finally:
        process.kill()
        process.wait()


def environment() -> dict[str, str]:
    """Return an environment in which only the token is set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLYWATCH_", "FLYSHIP_"))}
    return kept | {"FLYSHIP_RECEIVE_TOKEN": TOKEN}


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process has had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024
