"""The probe ``health`` against real sockets: what it measures, and what it says of each way in which an app can be wrong."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from config.kafka.broker import free_port
from shippers.probes.certificates import expires_ms
from shippers.probes.health import HealthProbe
from shippers.probes.health_table import Health
from shippers.probes.rounds import wall_ms
from tests.servers.answering import answering, saying
from tests.servers.certificates import Authority

DAY_MS = 86_400_000
DEADLINE = "30s"


async def measured(url: str, **settings: Any) -> dict[str, Any]:
    """Measure once; return the line's fields."""
    probe = HealthProbe(Health.model_validate({"app": "shop", "url": url, "deadline": DEADLINE} | settings))
    (line,) = await probe.measure(wall_ms())
    assert (line.app, line.instance, line.provider) == ("shop", "health", "probe")
    document: dict[str, Any] = orjson.loads(line.text)
    assert list(document)[:2] == ["probe", "ok"]
    assert line.level == ("error" if not document["ok"] else "warning" if "detail" in document else "info")
    return document


@asynccontextmanager
async def app(tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve an app that answers in many ways; give its address."""
    seen: list[object] = []

    async def fine(request: web.Request) -> web.Response:
        seen.append(request.transport)
        return web.json_response({"status": "ok", "connections": len(set(map(id, seen)))})

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun")
        await asyncio.sleep(3600)  # not for luck: longer than any deadline
        return response

    async def long(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(65_536))

    async def down(_: web.Request) -> web.Response:
        return web.Response(status=503, text="down")

    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/fine")

    async def round_and_round(_: web.Request) -> web.Response:
        raise web.HTTPFound("/round")

    async def empty(_: web.Request) -> web.Response:
        return web.Response(status=204)

    paths = {"/fine": fine, "/slow": slow, "/long": long, "/down": down, "/moved": moved, "/round": round_and_round}
    async with answering(paths | {"/empty": empty}, tls) as port:
        yield f"http{'s' if tls else ''}://localhost:{port}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make an authority."""
    return Authority(tmp_path_factory.mktemp("authority"))


async def test_an_app_that_is_well() -> None:
    """Its status and how long it took are told, in parts that fit into the whole; nothing is told of TLS that is not there."""
    async with app() as at:
        told = await measured(f"{at}/fine", body='"status": ?"ok"', header={"Content-Type": "^application/json"})
        assert told | {"duration_ms": 0, "dns_ms": 0, "connect_ms": 0, "first_byte_ms": 0} == {
            "probe": "health", "ok": True, "status": 200, "duration_ms": 0, "dns_ms": 0, "connect_ms": 0, "first_byte_ms": 0,
        }  # fmt: skip
        assert 0 < told["connect_ms"] <= told["first_byte_ms"] <= told["duration_ms"] < 30_000
        assert (await measured(f"{at}/empty", status=[200, 204]))["status"] == 204
        assert (await measured(f"{at}/moved", follow_redirects=True))["status"] == 200
        assert (await measured(f"{at}/moved", status=[302]))["ok"]
        endless = await measured(f"{at}/long")
        assert endless["ok"], "of a body without end a MiB is enough"


@pytest.mark.parametrize(
    ("path", "settings", "error", "detail"),
    [
        ("/down", {}, "status", "status 503, expected 200"),
        ("/moved", {}, "status", "status 302, expected 200"),
        ("/none", {"status": [200, 204]}, "status", "status 404, expected 200, 204"),
        ("/fine", {"body": "all is lost"}, "body", "'all is lost' is not in it"),
        ("/fine", {"header": {"X-Version": "v7"}}, "header", "X-Version: 'v7' is not in it"),
        ("/slow", {"deadline": "500ms"}, "timeout", "status 200, but not the whole answer within 0.5 s"),
        ("/round", {"follow_redirects": True}, "bad_answer", None),
    ],
)
async def test_an_app_that_is_not(path: str, settings: dict[str, Any], error: str, detail: str | None) -> None:
    """A wrong status, body or header, and an answer that does not end, each have a name and say what was expected."""
    async with app() as at:
        told = await measured(f"{at}{path}", **settings)
    assert (told["ok"], told["error"]) == (False, error)
    assert detail is None or told["detail"] == detail
    assert ("duration_ms" in told) == (error in {"status", "body", "header"}), "a duration is of a whole answer"


async def test_nobody_there() -> None:
    """A port that refuses, a name that is none, a server that is silent, and one that speaks no HTTP are told apart."""
    refused = await measured(f"http://127.0.0.1:{free_port()}/")
    assert (refused["error"], "status" in refused) == ("refused", False)
    assert (await measured("http://nowhere.example/"))["error"] == "dns"
    async with saying(None) as silent, saying(b"220 mail ready\r\n") as other, saying(b"") as short:
        told = await measured(f"http://127.0.0.1:{silent}/", deadline="300ms")
        assert (told["error"], told["detail"]) == ("timeout", "a connection, but no answer within 0.3 s")
        assert (await measured(f"http://127.0.0.1:{other}/"))["error"] == "bad_answer"
        assert (await measured(f"http://127.0.0.1:{short}/"))["error"] == "unreachable"
        assert (await measured(f"https://127.0.0.1:{other}/"))["error"] == "tls"


async def test_certificates(authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Days to a certificate's end are told, also when it is not to be trusted, and why it is not; soon is a warning."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    served = {
        "good": authority.server(),
        "soon": authority.server(days=5),
        "expired": authority.server(days=-1),
        "another": authority.server("elsewhere.example"),
        "stranger": Authority(tmp_path).server(),
    }
    async with AsyncExitStack() as stack:
        at = {name: await stack.enter_async_context(app(tls)) for name, tls in served.items()}
        told = {name: await measured(f"{url}/fine") for name, url in at.items()}
    assert {name: round(one["tls_days"]) for name, one in told.items()} == {
        "good": 90, "soon": 5, "expired": -1, "another": 90, "stranger": 90,
    }  # fmt: skip
    assert [told[name]["ok"] for name in served] == [True, True, False, False, False]
    assert {told[name]["error"] for name in ("expired", "another", "stranger")} == {"tls"}
    assert told["soon"]["detail"] == "the certificate expires in 5 days"
    assert "expired" in told["expired"]["detail"]
    assert "elsewhere" in told["another"]["detail"] or "ostname" in told["another"]["detail"]
    assert "unable to get local issuer" in told["stranger"]["detail"]


async def test_what_stands_in_a_url_is_not_told() -> None:
    """A token in a URL is neither in a probe's name nor in what it says of any failure."""
    url = "http://127.0.0.1:{}/?token=a-secret"
    async with app() as at, saying(b"220 mail ready\r\n") as other, saying(None) as silent:
        urls = [f"{at}/round?token=a-secret", f"{at}/down?token=a-secret", url.format(other), url.format(free_port())]
        settings = {"app": "shop", "follow_redirects": True, "deadline": "300ms"}
        for each in (*urls, url.format(silent)):
            probe = HealthProbe(Health.model_validate(settings | {"url": each}))
            (line,) = await probe.measure(wall_ms())
            assert line.level == "error"
            assert "a-secret" not in line.text + probe.name


async def test_a_new_connection_each_time() -> None:
    """Two rounds of one probe are two connections: what a kept one hides is measured."""
    async with app() as at:
        probe = HealthProbe(Health.model_validate({"app": "shop", "url": f"{at}/fine", "body": '"connections": 1'}))
        (first,) = await probe.measure(wall_ms())
        (second,) = await probe.measure(wall_ms())
    assert orjson.loads(first.text)["ok"]
    assert orjson.loads(second.text)["error"] == "body"


async def test_doctor_says_how_to_mend_it() -> None:
    """A finding names the URL, what is so, and what to do."""
    async with app() as at:
        (fine,) = await HealthProbe(Health.model_validate({"app": "shop", "url": f"{at}/fine"})).try_out()
        (down,) = await HealthProbe(Health.model_validate({"app": "shop", "url": f"{at}/down"})).try_out()
    assert (fine.ok, fine.name, fine.text.startswith("shop: ok, status 200, duration_ms ")) == (True, f"health {at}/fine", True)
    assert (down.ok, "list the status that is right" in down.text) == (False, True)


def test_damaged_certificates(authority: Authority) -> None:
    """Bytes that are no certificate, or half of one, have no end of validity; a real one ends to the second."""
    der = ssl.PEM_cert_to_DER_cert(authority.file.read_text())
    ends_ms = expires_ms(der)
    assert ends_ms is not None
    assert abs(ends_ms - wall_ms() - 9 * DAY_MS) < DAY_MS
    assert [expires_ms(der[:size]) for size in range(len(der))] == [None] * len(der)
    assert expires_ms(b"\x30\x82" + bytes(300)) is None
