"""A token endpoint as RFC 6749, 4.4 has it, which gives tokens that Kafka's own validator takes (unsecured JWS)."""

import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from aiohttp import web

CLIENT, SECRET, SCOPE = "flyship", "right-of-the-client", "kafka"


class TokenServer:
    """The endpoint: what was asked, and for how long the tokens it gives live."""

    def __init__(self) -> None:
        """Give tokens that live for five minutes."""
        self.url = ""
        self.asked = 0
        self.life_s = 300

    async def answer(self, request: web.Request) -> web.Response:
        """Give a token to who knows the secret and asks in the right words."""
        self.asked += 1
        login = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {login}":
            return web.json_response({"error": "invalid_client"}, status=401)
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        if form.get("scope") != SCOPE:
            return web.json_response({"error": "invalid_scope"}, status=400)
        return web.json_response({"access_token": token(self.life_s), "token_type": "Bearer", "expires_in": self.life_s})


def token(life_s: float) -> str:
    """Return a token that dies in ``life_s``; below 0 it is dead."""
    now_s = time.time()
    claims = {"sub": CLIENT, "iat": now_s + min(life_s, 0) - 60, "exp": now_s + life_s}
    parts = (base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in ({"alg": "none"}, claims))
    return ".".join(parts) + "."


@asynccontextmanager
async def token_server() -> AsyncIterator[TokenServer]:
    """Run one on a free port."""
    server = TokenServer()
    app = web.Application()
    app.router.add_post("/token", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
        yield server
    finally:
        await runner.cleanup()
