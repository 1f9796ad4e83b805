"""The probe ``machines`` against a local Machines API: states, checks, exits told once, and every way of not being answered."""

import gzip
from typing import Any

import orjson
import pytest
from aiohttp import web

from config.kafka.broker import free_port
from shippers.probes.machine_answers import machines_of
from shippers.probes.machines import MachinesProbe, probes
from shippers.probes.machines_table import Machines
from shippers.secrets import SecretError
from streams.core.values import Line
from tests.servers.answering import saying
from tests.servers.machines import TOKEN, event, machines_api

AT_MS = 1_760_121_360_000
MINUTE_MS = 60_000


def probe_of(base: str, app: str = "shop", token: str = TOKEN) -> MachinesProbe:
    """Make the probe of one app."""
    table = Machines.model_validate({"apps": [app], "base": base, "deadline": "30s"})
    (probe,) = probes(table, {"FLY_API_TOKEN": token})
    return probe


async def said(probe: MachinesProbe, at_ms: int = AT_MS) -> dict[str, dict[str, Any]]:
    """Measure once; return what each line says by its instance, and what happened to a machine by ``instance!``."""
    lines = await probe.measure(at_ms)
    return {line.instance + "!" * ("event" in _document(line)): _document(line) for line in lines}


def _document(line: Line) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(line.text)
    return document


async def test_an_app_of_many_machines() -> None:
    """Each machine has a line with its state, its checks and its size, and the app one with how many are in which state."""
    passing, failing = {"name": "http", "status": "passing"}, {"name": "db", "status": "critical", "output": "no route\nto it"}
    async with machines_api() as api:
        api.machine("shop", "148e1", checks=[passing, {"name": "bg_deployments_compat-x", "status": "critical"}])
        api.machine("shop", "148e2", checks=[passing, failing])
        api.machine("shop", "148e3", "stopped", checks=[failing])
        api.machine("shop", "148e4", "failed", region="iad")
        api.machine("shop", "148e5", "hibernating")
        api.machine("shop", "148e6", host_status="unreachable", config=None, incomplete_config={"guest": {"cpus": 4}})
        lines = await probe_of(f"{api.base}/").measure(AT_MS)
    told = {line.instance: _document(line) for line in lines}
    assert {(line.app, line.provider, line.stamp) for line in lines} == {("shop", "probe", "2025-10-10T18:36:00Z")}
    assert [line.region for line in lines] == ["", "ams", "ams", "ams", "iad", "ams", "ams"]
    assert told["machines"] == {
        "probe": "machines", "ok": True, "machines": 6,
        "states": {"failed": 1, "started": 3, "stopped": 1, "unknown": 1},
    }  # fmt: skip
    assert told["148e1"] == {
        "probe": "machines", "ok": True, "state": "started", "checks_passing": 1, "checks_warning": 0, "checks_critical": 0,
        "process": "app", "image": "registry.fly.io/shop:deployment-7", "cpu_kind": "shared", "cpus": 2, "memory_mb": 512,
    }  # fmt: skip
    assert (told["148e2"]["error"], told["148e2"]["detail"]) == ("check", "db: no route to it")
    assert told["148e3"]["ok"], "checks of a machine that does not run say nothing"
    assert (told["148e4"]["error"], told["148e4"]["detail"]) == ("state", "the machine is failed")
    assert (told["148e5"]["ok"], told["148e5"]["state"]) == (True, "unknown")
    assert told["148e5"]["detail"] == "Fly calls the state 'hibernating'"
    assert (told["148e6"]["error"], told["148e6"]["cpus"], "memory_mb" in told["148e6"]) == ("unavailable", 4, False)


async def test_what_ended_is_told_once() -> None:
    """An exit is told with its code and reason when it is new, stamped with its own time; nothing of long before the first."""
    async with machines_api() as api:
        machine = api.machine("shop", "148e1", events=[event(AT_MS - 10 * MINUTE_MS, "exit", "stopped", exit_code=1)])
        probe = probe_of(api.base)
        assert "148e1!" not in await said(probe)
        machine["events"].insert(0, event(AT_MS + 9_000, "exit", "stopped", oom_killed=True, exit_code=137, signal=-1))
        (line,) = [line for line in await probe.measure(AT_MS + MINUTE_MS) if "event" in _document(line)]
        assert (line.stamp, line.level) == ("2025-10-10T18:36:09Z", "error")
        assert _document(line) == {
            "probe": "machines", "ok": False, "error": "oom", "event": "exit", "source": "flyd", "exit_code": 137,
            "oom_killed": True, "detail": "the machine was killed for want of memory",
        }  # fmt: skip
        machine["events"].insert(0, event(AT_MS + 99_000, "exit", "stopped", exit_code=143, requested_stop=True, signal=-1))
        told = await said(probe, AT_MS + 2 * MINUTE_MS)
        assert (told["148e1!"]["ok"], told["148e1!"]["requested_stop"]) == (True, True)
        assert "148e1!" not in await said(probe, AT_MS + 3 * MINUTE_MS)
        machine["events"].insert(0, event(AT_MS + 200_000, "restart", "starting", "user"))
        assert (await said(probe, AT_MS + 4 * MINUTE_MS))["148e1!"]["event"] == "restart"


async def test_what_ended_shortly_before_and_during_an_outage() -> None:
    """The first round tells what is fresh; the first one after an outage what happened in it; a machine that was out of the
    list for a round tells nothing again."""
    async with machines_api() as api:
        machine = api.machine("shop", "148e1", events=[event(AT_MS - MINUTE_MS, "exit", "stopped", exit_code=3)])
        probe = probe_of(api.base)
        told = await said(probe)
        assert (told["148e1!"]["error"], told["148e1!"]["detail"]) == ("exit", "the machine exited with code 3")
        api.faults["shop"] = [web.Response(status=502) for _ in range(60)]
        for minute in range(60):
            assert (await said(probe, AT_MS + minute * MINUTE_MS))["machines"]["error"] == "unavailable"
        machine["events"].insert(0, event(AT_MS + 9 * MINUTE_MS, "exit", "stopped", signal=11))
        assert (await said(probe, AT_MS + 60 * MINUTE_MS))["148e1!"]["detail"] == "the machine exited by signal 11"
        gone, api.apps["shop"] = api.apps["shop"], []
        assert list(await said(probe, AT_MS + 61 * MINUTE_MS)) == ["machines"]
        api.apps["shop"] = gone
        assert "148e1!" not in await said(probe, AT_MS + 62 * MINUTE_MS)


FAULTS = {
    "rate_limited": web.json_response({"error": "rate limit exceeded"}, status=429, headers={"Retry-After": "1"}),
    "unavailable": web.Response(status=503, text="upstream connect error"),
    "bad_answer": web.Response(text="<html>a captive portal</html>"),
    "auth": web.json_response({"error": f"no, {TOKEN} may not"}, status=403),
}


@pytest.mark.parametrize("error", FAULTS)
async def test_a_fault_is_one_line_and_passes(error: str) -> None:
    """What the API answers instead is one line that says what it is, without the token; the next round is as if nothing was."""
    async with machines_api() as api:
        api.machine("shop", "148e1")
        api.faults["shop"] = [FAULTS[error]]
        probe = probe_of(api.base)
        told = await said(probe)
        assert [(key, line["ok"], line["error"]) for key, line in told.items()] == [("machines", False, error)]
        assert TOKEN not in str(told)
        assert set(await said(probe)) == {"machines", "148e1"}


async def test_who_cannot_be_asked() -> None:
    """A wrong token, an app that is none, a port that refuses and a server that is none are told apart."""
    async with machines_api() as api, saying(b"nonsense\r\n\r\n") as other:
        api.machine("shop", "148e1")
        wrong = await said(probe_of(api.base, token="FlyV1 fm2_another"))  # noqa: S106  # of this test alone
        assert wrong["machines"]["detail"] == "status 401: Authenticate: token validation error"
        assert wrong["machines"]["error"] == "auth"
        assert (await said(probe_of(api.base, "shoe")))["machines"]["error"] == "not_found"
        assert (await said(probe_of(f"http://127.0.0.1:{free_port()}")))["machines"]["error"] == "refused"
        assert (await said(probe_of(f"http://127.0.0.1:{other}")))["machines"]["error"] == "bad_answer"
        (finding,) = await probe_of(api.base, "shoe").try_out()
    assert (finding.ok, "fly apps list" in finding.text) == (False, True)


async def test_an_odd_machine_does_not_hide_the_others() -> None:
    """A machine without an id, or of other types, is counted and named in the app's line; the others have their lines."""
    async with machines_api() as api:
        api.machine("shop", "148e1", state=None, region=None, config={"guest": None}, checks=None, events=None)
        api.apps["shop"].append({"state": "started"})
        told = await said(probe_of(api.base))
    assert told["148e1"]["state"] == "unknown"
    assert (told["machines"]["error"], told["machines"]["machines"]) == ("bad_answer", 2)
    assert told["machines"]["detail"].startswith("1 cannot be read: Object missing required field `id`")


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"[1", b'[{"id":"\xff"}]', b"[" * 5_000, gzip.compress(b"[]", mtime=0)])
def test_garbage_is_no_list(body: bytes) -> None:
    """Whatever an answer is, it is machines, odd machines, or no list: nothing else is raised."""
    try:
        found: object = machines_of(body)
    except ValueError as error:
        found = str(error)
    assert found


def test_without_a_token_it_does_not_begin() -> None:
    """Without FLY_API_TOKEN there is no probe, and the error says how to make one."""
    with pytest.raises(SecretError, match="fly tokens create readonly"):
        list(probes(Machines(apps=("shop",)), {}))


async def test_each_app_by_itself() -> None:
    """Each app has a probe of its own: one that is refused does not hold up the other."""
    async with machines_api() as api:
        api.machine("shop", "148e1")
        table = Machines.model_validate({"apps": ["none", "shop"], "base": api.base})
        found = [list(await said(probe)) for probe in probes(table, {"FLY_API_TOKEN": TOKEN})]
    assert found == [["machines"], ["machines", "148e1"]]
