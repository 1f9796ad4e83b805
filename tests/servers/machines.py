"""Fly's Machines API as its documentation and Fly's own client have it, as far as reading goes: made machines, made faults."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.servers.answering import answering

TOKEN = "fm2_a-token-of-the-test"  # noqa: S105  # of this test alone


class MachinesApi:
    """What the API has: ``apps`` are machines by app; ``faults`` are answers that an app's next questions get instead."""

    def __init__(self) -> None:
        """Begin without apps."""
        self.apps: dict[str, list[dict[str, Any]]] = {}
        self.faults: dict[str, list[web.Response]] = {}
        self.base = ""
        self.asked: list[str] = []

    def machine(self, app: str, name: str, state: str | None = "started", **more: Any) -> dict[str, Any]:
        """Add a machine, as the API describes one."""
        made = {
            "id": name,
            "name": "quiet-river-7",
            "state": state,
            "region": "ams",
            "instance_id": "01G3SHPT434MNW8TS4ENX11RQY",
            "private_ip": "fdaa:0:3ec2:a7b:5adc:6068:5b85:2",
            "config": {
                "env": {"APP_ENV": "production"},
                "guest": {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512},
                "image": "registry.fly.io/shop:deployment-7",
                "metadata": {"fly_process_group": "app", "fly_platform_version": "v2"},
                "restart": {"policy": "on-failure", "max_retries": 10},
            },
            "image_ref": {"registry": "registry.fly.io", "repository": "shop", "tag": "deployment-7", "labels": None},
            "created_at": "2025-10-10T18:00:00Z",
            "updated_at": "2025-10-10T18:00:09Z",
            "events": [],
            "checks": [],
            "host_status": "ok",
        } | more
        self.apps.setdefault(app, []).append(made)
        return made

    async def answer(self, request: web.Request) -> web.Response:
        """Answer ``GET /v1/apps/{app}/machines``."""
        app = request.match_info["app"]
        self.asked.append(app)
        if request.method != "GET":
            return web.json_response({"error": "method not allowed"}, status=405)
        if request.headers.get("Authorization") != f"FlyV1 {TOKEN}":
            return web.json_response({"error": "Authenticate: token validation error"}, status=401)
        if faults := self.faults.get(app):
            return faults.pop(0)
        if app not in self.apps:
            return web.json_response({"error": f"Could not find App {app!r}", "status": "unknown"}, status=404)
        return web.json_response(self.apps[app])


def event(at_ms: int, kind: str, status: str, source: str = "flyd", **exit_event: Any) -> dict[str, Any]:
    """Return an event as the API lists it, the newest first."""
    said: dict[str, Any] = {"type": kind, "status": status, "source": source, "timestamp": at_ms}
    if exit_event:
        said["request"] = {"exit_event": {"guest_exit_code": 0, "guest_signal": -1, "exited_at": at_ms - 3} | exit_event}
    return said


@asynccontextmanager
async def machines_api() -> AsyncIterator[MachinesApi]:
    """Serve an API; it gives its own address as ``base``."""
    api = MachinesApi()
    async with answering({"/v1/apps/{app}/machines": api.answer}) as port:
        api.base = f"http://127.0.0.1:{port}"
        yield api
