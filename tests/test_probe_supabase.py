"""The probe of a Supabase project against its metrics endpoint, and the text form of Prometheus that it reads."""

from typing import Any

import orjson
import pytest
from aiohttp import encode_basic_auth, web
from hypothesis import given
from hypothesis import strategies as st

from shippers.probes.database_table import Supabase
from shippers.probes.exposition import samples
from shippers.probes.supabase import SupabaseProbe
from shippers.probes.supabase_fields import NAMES
from shippers.secrets import SecretError
from tests.servers.supabase import DATABASE, KEY, REF, Project, supabase

Document = dict[str, Any]
AT_MS = 1_760_121_360_000


def _probe(project: Project, key: str = KEY) -> SupabaseProbe:
    table = Supabase.model_validate({"app": "shop", "ref": REF, "base": project.base, "secret": "SHOP_KEY"})
    return SupabaseProbe(table, {"SHOP_KEY": key})


async def _measured(probe: SupabaseProbe) -> Document:
    """Return what a round tells; it names no key, in whatever form."""
    (line,) = await probe.measure(AT_MS)
    assert (line.app, line.instance, line.provider) == ("shop", "supabase", "probe")
    assert KEY not in line.text
    assert encode_basic_auth("service_role", KEY).partition(" ")[2] not in line.text
    document: Document = orjson.loads(line.text)
    return document


async def test_what_supabase_measures() -> None:
    """Ratios, counts and sizes are those of the series; what grows for ever is told from the second round on."""
    async with supabase() as project:
        probe = _probe(project)
        first = await _measured(probe)
        assert first == {
            "probe": "database",
            "ok": True,
            "memory_ratio": 0.6,
            "disk_ratio": 0.75,
            "disk_ratio_by_mount": {"/": 0.7, "/data": 0.75},
            "pool_ratio": 0.15,
            "connections": 9,
            "max_connections": 60,
            "pooler_clients": 12,
            "pooler_waiting": 3,
            "pooler_ratio": 0.75,
            "database_bytes": 267_500_000,
            "replication_lag_s": 0,
        }
        project.work(idle_s=15, user_s=45)
        project.set("pg_stat_database_deadlocks_total", 6, DATABASE)
        assert await _measured(probe) == first | {"cpu_ratio": 0.75, "deadlocks": 2}


async def test_what_is_not_told_is_absent() -> None:
    """Counters that stood still or fell, and series that are gone, leave no field and above all no zero."""
    async with supabase() as project:
        probe = _probe(project)
        await _measured(probe)
        assert "cpu_ratio" not in await _measured(probe)  # measured anew but once a minute there
        project.set("pg_stat_database_deadlocks_total", 0, DATABASE)
        project.values = {key: value for key, value in project.values.items() if "MemAvailable" not in key[0]}
        told = await _measured(probe)
        assert told["ok"] is True
        assert not {"deadlocks", "memory_ratio", "cpu_ratio"} & set(told)


FAULTS = {
    "a limit": (web.Response(status=429), "rate_limited"),
    "an outage": (web.Response(status=544, text="upstream timed out"), "unavailable"),
    "a project that is not there": (web.Response(status=404), "not_found"),
    "a page": (web.Response(text="<!DOCTYPE html>\n<html><body>401</body></html>\n"), "bad_answer"),
    "another's metrics": (web.Response(text="up 1\n"), "bad_answer"),
    "a broken line": (web.Response(text='pg_up{a="b} 1\n'), "bad_answer"),
    "no number": (web.Response(text="pg_up one\n"), "bad_answer"),
    "bytes": (web.Response(body=bytes(range(256))), "bad_answer"),
    "too much": (web.Response(body=b"x" * (17 * 1024 * 1024)), "bad_answer"),
    "the key in an error": (web.json_response({"error": f"bad key {KEY}"}, status=503), "unavailable"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_faults(name: str) -> None:
    """Each fault is one line with its own error, and the next round is as if nothing had been."""
    async with supabase() as project:
        probe = _probe(project)
        project.fault, error = FAULTS[name]
        told = await _measured(probe)
        assert (told["ok"], told["error"]) == (False, error)
        assert told["detail"]
        project.fault = None
        assert (await _measured(probe))["ok"] is True


async def test_a_wrong_key_and_a_wrong_host() -> None:
    """What is wrong in the settings is told with its own error, and doctor says how to mend it."""
    async with supabase() as project:
        probe = _probe(project, key="another")
        assert (await _measured(probe))["error"] == "auth"
        (finding,) = await probe.try_out()
        assert not finding.ok
        assert "service_role key" in finding.text
        assert [finding.ok for finding in await _probe(project).try_out()] == [True]
    assert (await _measured(_probe(project)))["error"] == "refused"


async def test_a_database_that_is_down() -> None:
    """When Supabase cannot reach its own PostgreSQL the line is wrong, and tells of the machine what is known."""
    async with supabase() as project:
        project.set("pg_up", 0, {"service_type": "postgresql"})
        told = await _measured(_probe(project))
        assert (told["ok"], told["error"], told["memory_ratio"]) == (False, "unavailable", 0.6)


def test_a_key_is_needed() -> None:
    """Without a key the start says which variable to set."""
    with pytest.raises(SecretError, match="SUPABASE_SERVICE_ROLE_KEY"):
        SupabaseProbe(Supabase(app="shop", ref=REF), {})


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: f"pg_up{text}\npg_up 1".encode())))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Whatever the bytes are, the values are finite numbers of names that were asked for, or the answer is refused."""
    try:
        found = samples(body, NAMES)
    except ValueError:
        return
    assert set(found) <= set(NAMES)
