"""The probe ``metrics`` against a real Prometheus with series of Fly's names: right values and units, and what can fail."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import ValidationError

from shippers.flyship_file import FlyshipFile
from shippers.probes.gathering import MOST, Gathering
from shippers.probes.metrics import MetricsProbe
from shippers.probes.metrics_table import Metrics, Query, shipped_queries
from shippers.probes.prometheus_answers import Reading
from shippers.secrets import SecretError
from streams.config_errors import explained
from tests.servers.prometheus import ORG, TOKEN, Door, Series, fly_prometheus

AT_S = 1_760_121_360
ONE = {"app": "shop", "instance": "148e1", "region": "ams", "host": "ab12"}
TWO = {"app": "shop", "instance": "148e2", "region": "fra", "host": "ab13"}
DATABASE = {"app": "shop-db", "instance": "9080a", "region": "ams", "host": "ab14"}
EDGE = {"app": "shop", "region": "ams", "host": "e1"}
BUCKETS = {"0.1": 1.8, "0.5": 2.0, "1": 2.0, "+Inf": 2.0}  # of 2 responses a second 90 % are faster than 100 ms, all than 500
SERIES: tuple[Series, ...] = (
    ("fly_instance_memory_mem_total", ONE, 1e9, 0),
    ("fly_instance_memory_mem_available", ONE, 2.5e8, 0),
    ("fly_instance_memory_mem_total", TWO, 5e8, 0),
    ("fly_instance_memory_mem_available", TWO, 4e8, 0),
    *(
        ("fly_instance_cpu", ONE | {"cpu_id": cpu, "mode": mode}, 1e6, per_s)  # centiseconds: a core has a hundred a second
        for cpu in ("0", "1")
        for mode, per_s in (("idle", 60), ("user", 30), ("system", 10), ("guest", 25), ("guest_nice", 0))
    ),
    ("fly_instance_filesystem_blocks", ONE | {"mount": "/"}, 1000, 0),
    ("fly_instance_filesystem_blocks_avail", ONE | {"mount": "/"}, 600, 0),
    ("fly_instance_filesystem_blocks", ONE | {"mount": "/data"}, 2000, 0),
    ("fly_instance_filesystem_blocks_avail", ONE | {"mount": "/data"}, 200, 0),
    ("fly_instance_filesystem_blocks", ONE | {"mount": "/none"}, 0, 0),  # 0 of 0 is no number
    ("fly_instance_filesystem_blocks_avail", ONE | {"mount": "/none"}, 0, 0),
    ("fly_volume_used_pct", {"app": "shop", "region": "ams", "host": "ab12", "id": "vol_1"}, 45, 0),
    ("fly_instance_net_recv_bytes", ONE | {"device": "eth0"}, 1e9, 1000),
    ("fly_instance_net_recv_bytes", ONE | {"device": "dummy0"}, 1e9, 5e6),
    ("fly_instance_net_sent_bytes", ONE | {"device": "eth0"}, 1e9, 250),
    ("fly_edge_http_responses_count", {"app": "shop", "region": "ams", "host": "e1", "status": "200"}, 9e3, 2),
    ("fly_edge_http_responses_count", {"app": "shop", "region": "iad", "host": "e2", "status": "200"}, 9e3, 1),
    ("fly_edge_http_responses_count", {"app": "shop", "region": "iad", "host": "e2", "status": "500"}, 9e3, 0.2),
    *(
        (
            "fly_edge_http_response_time_seconds_bucket",
            {"app": "shop", "region": "ams", "status": status, "le": le},
            9e3,
            rate * per_s,
        )
        for status, rate in (("200", 1), ("500", 0))  # of the 500s there are none of late
        for le, per_s in BUCKETS.items()
    ),
    ("pg_stat_activity_count", DATABASE | {"datname": "shop", "state": "active"}, 3, 0),
    ("pg_stat_activity_count", DATABASE | {"datname": "shop", "state": "idle"}, 5, 0),
    ("pg_stat_activity_count", DATABASE | {"datname": "other", "state": "idle"}, 1, 0),
    ("pg_stat_activity_max_tx_duration", DATABASE | {"datname": "shop", "state": "active"}, 12.5, 0),
    ("fly_instance_memory_mem_total", {"app": "not-ours", "instance": "x", "region": "ams", "host": "ab15"}, 1e9, 0),
)
WHOLE = {
    ("shop", "148e1", "ams"): {
        "memory_ratio": 0.75,
        "memory_total_bytes": 1e9,
        "cpu_ratio": 0.4,
        "disk_ratio": 0.9,
        "disk_ratio_by_mount": {"/": 0.4, "/data": 0.9},
        "recv_bytes_per_s": 1000,
        "sent_bytes_per_s": 250,
    },
    ("shop", "148e2", "fra"): {"memory_ratio": 0.2, "memory_total_bytes": 5e8},
    ("shop", "metrics", ""): {
        "disk_ratio": 0.45,
        "disk_ratio_by_id": {"vol_1": 0.45},
        "responses_per_s": 3.2,
        "responses_per_s_by_status": {"200": 3, "500": 0.2},
        "response_p95_ms": 300,
        "response_p95_ms_by_status": {"200": 300},
    },
    ("shop-db", "9080a", "ams"): {
        "connections": 9,
        "connections_by_state": {"active": 3, "idle": 6},
        "transaction_s": 12.5,
    },
}
MACHINES = {key: fields for key, fields in WHOLE.items() if key[1] != "metrics"}
Told = dict[tuple[str, str, str], dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """Give the way to a filled Prometheus."""
    async with fly_prometheus(tmp_path_factory.mktemp("prometheus"), SERIES, AT_S) as found:
        yield found


pytestmark = pytest.mark.asyncio(loop_scope="module")


def _probe(door: Door, token: str = TOKEN, **given: Any) -> MetricsProbe:
    door.faults.clear()
    door.asked.clear()
    table = Metrics.model_validate({"org": ORG, "apps": ["shop", "shop-db"], "base": door.base, "deadline": "60s"} | given)
    return MetricsProbe(table, {"FLY_API_TOKEN": token})


async def _told(probe: MetricsProbe) -> Told:
    """Return what a round tells, by app, instance and region; no line names the token."""
    lines = await probe.measure(AT_S * 1000)
    assert all(line.provider == "probe" and line.stamp == "2025-10-10T18:36:00Z" for line in lines)
    assert not any(TOKEN in line.text for line in lines)
    told = {(line.app, line.instance, line.region): orjson.loads(line.text) for line in lines}
    assert len(told) == len(lines)
    return told


def _fields(told: Told) -> Told:
    return {
        key: {name: value for name, value in document.items() if name not in {"probe", "ok"}} for key, document in told.items()
    }


async def test_what_fly_measures(door: Door) -> None:
    """Every shipped query gives the value that the series were made for, in its unit; what is no number is absent."""
    told = await _told(_probe(door))
    assert all(document["probe"] == "metrics" and document["ok"] is True for document in told.values())
    assert _fields(told) == WHOLE
    assert len(door.asked) == len(shipped_queries())


async def test_queries_of_the_file(door: Door) -> None:
    """A query of the file replaces the shipped one of its name, others can be left out, and strangers' apps are not told."""
    free = {"name": "memory", "field": "memory_free_bytes", "unit": "bytes", "promql": "fly_instance_memory_mem_available"}
    every = {"name": "every", "field": "total_bytes", "unit": "bytes", "promql": "fly_instance_memory_mem_total"}
    probe = _probe(door, query=[free, every], without=["cpu", "disk", "recv", "sent"], apps=["shop"])
    told = _fields(await _told(probe))
    assert set(told) == {("shop", "148e1", "ams"), ("shop", "148e2", "fra"), ("shop", "metrics", "")}
    assert told["shop", "148e1", "ams"] == {"memory_total_bytes": 1e9, "memory_free_bytes": 2.5e8, "total_bytes": 1e9}


async def test_queries_that_fail(door: Door) -> None:
    """A query that Prometheus refuses is named with its error, for each app, and takes nothing from the others."""
    broken = [
        ("parse", "sum by (app) (fly_instance_memory_mem_total", "parse error"),
        ("matching", "fly_instance_memory_mem_total / on (app) fly_instance_filesystem_blocks", "duplicate series"),
        ("scalar", "time()", "gives a scalar"),
        ("matrix", "fly_instance_memory_mem_total[5m]", "gives a matrix"),
    ]
    for name, promql, said in broken:
        told = await _told(_probe(door, query=[{"name": name, "field": "x_s", "unit": "s", "promql": promql}]))
        assert {key: fields for key, fields in _fields(told).items() if key in MACHINES} == MACHINES
        for app in ("shop", "shop-db"):
            document = told[app, "metrics", ""]
            assert (document["ok"], document["failed_queries"]) == (False, 1)
            assert document["error"] == "bad_query"
            assert document["detail"].startswith(f"{name}: ")
            assert said in document["detail"]
        assert told["shop", "metrics", ""]["response_p95_ms"] == 300


FAULTS = {
    "a limit": (web.Response(status=429, text="slow down"), "rate_limited", "status 429"),
    "an outage": (web.Response(status=502, text="<html>bad gateway</html>"), "unavailable", "status 502"),
    "a page": (web.Response(text="<html>please log in</html>"), "bad_answer", "no answer of Prometheus"),
    "another shape": (web.Response(text='{"status":"success","data":[]}'), "bad_answer", "no answer of Prometheus"),
    "a value that is none": (
        web.Response(text='{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}'),
        "bad_answer",
        "a value is no number",
    ),
    "nesting": (web.Response(text='{"status":"success","data":' + "[" * 100_000), "bad_answer", "no answer of Prometheus"),
    "too much": (web.Response(body=bytes(17 * 1024 * 1024)), "bad_answer", "more than"),
    "a fault with the token in it": (web.json_response({"error": f"bad {TOKEN}"}, status=503), "unavailable", "***"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_faults_of_the_server(door: Door, name: str) -> None:
    """Each fault of the API is told with its own error, and what was answered is told all the same."""
    answer, error, said = FAULTS[name]
    probe = _probe(door)
    door.faults["fly_instance_cpu"] = answer
    told = await _told(probe)
    document = told["shop", "metrics", ""]
    assert (document["ok"], document["error"]) == (False, error)
    assert document["detail"].startswith("cpu: ")
    assert said in document["detail"]
    assert "cpu_ratio" not in told["shop", "148e1", "ams"]
    assert told["shop", "148e1", "ams"]["memory_ratio"] == 0.75


async def test_what_all_queries_would_meet(door: Door) -> None:
    """A token, an organisation or a host that is wrong is asked once, not with every query; doctor says how to mend it."""
    for error, given, mend in (
        ("auth", {"token": "fm2_another"}, "fly tokens create readonly"),
        ("not_found", {"org": "no-such-org"}, "fly orgs list"),
        ("dns", {"base": "https://no-such-host.example"}, ""),
    ):
        probe = _probe(door, **given)
        told = await _told(probe)
        assert {key: (document["ok"], document["error"]) for key, document in told.items()} == {
            ("shop", "metrics", ""): (False, error),
            ("shop-db", "metrics", ""): (False, error),
        }
        assert len(door.asked) <= 1
        found = await probe.try_out()
        assert [finding.ok for finding in found] == [False, False]
        assert all(mend in finding.text for finding in found)


async def test_a_query_that_hangs(door: Door) -> None:
    """A query without an answer is named, and the round tells the others' answers before its deadline."""
    probe = _probe(door, deadline="4s")
    door.faults["fly_instance_cpu"] = None
    async with asyncio.timeout(probe.deadline_s):
        told = await _told(probe)
    assert told["shop", "metrics", ""]["error"] == "timeout"
    assert told["shop", "metrics", ""]["detail"].startswith("cpu: no answer within")
    assert told["shop", "148e1", "ams"]["memory_ratio"] == 0.75


async def test_an_app_of_which_nothing_is_known(door: Door) -> None:
    """Nothing is told of it, as nothing is not zero; doctor has a word for it."""
    probe = _probe(door, apps=["shop", "shpo"])
    assert {app for app, _, _ in await _told(probe)} == {"shop"}
    wrong = [finding.text for finding in await probe.try_out() if not finding.ok]
    # Doctor asks as of now, when this Prometheus knows nothing of either.
    assert [text.partition(":")[0] for text in wrong] == ["shop", "shpo"]


RIGHT = {"org": "o", "apps": ["a"]}
QUESTION = {"name": "q", "field": "rss_bytes", "unit": "bytes", "promql": "x"}
MISSPELT = {"name": "q", "feild": "rss_bytes", "unit": "bytes", "promql": "x"}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no app": ({"apps": []}, "apps: must not be an empty list"),
    "no such query": ({"without": ["cpus"]}, 'unknown query "cpus"; did you mean "cpu"?'),
    "nothing to ask": ({"shipped": False}, "no query is left"),
    "no address": ({"base": "api.fly.io"}, "base: must be a URL"),
    "a field without its unit": ({"query": [QUESTION | {"field": "rss"}]}, 'query "q": field must end with its unit'),
    "a field that is taken": ({"query": [QUESTION | {"field": "ok", "unit": "count"}]}, 'query "q": field: must be'),
    "the sum of nothing": ({"query": [QUESTION | {"of": "sum"}]}, "goes with by"),
    "a label that is always told apart": ({"query": [QUESTION | {"by": "app"}]}, 'query "q": by: must be a label'),
    "a setting that nobody knows": ({"query": [MISSPELT]}, 'feild: unknown setting; did you mean "field"?'),
    "a name twice": ({"query": [QUESTION, QUESTION]}, 'two queries are named "q"'),
}


@pytest.mark.parametrize("name", WRONG)
async def test_config_that_is_wrong(name: str) -> None:
    """Each mistake in the table is one line that says where and how to mend it."""
    given, said = WRONG[name]
    document = {"probes": {"metrics": RIGHT | given}}
    with pytest.raises(ValidationError) as raised:
        FlyshipFile.model_validate(document)
    (line,) = explained(raised.value, FlyshipFile, document, Path("flyship.toml"))
    assert line.startswith("flyship.toml: probes: metrics: ")
    assert said in line


async def test_what_is_told_is_bounded() -> None:
    """Of very many values of a label the largest hundred are told apart, all count in the sum; machines have a bound, too."""
    query = Query(name="q", field="jobs", unit="count", promql="x", by="queue", of="sum")
    gathering = Gathering(["a"])
    gathering.add(query, [Reading({"app": "a", "queue": str(number)}, float(number)) for number in range(300)])
    (found,) = gathering.told()
    assert found.fields == {"jobs": sum(range(300)), "jobs_by_queue": {str(number): number for number in range(200, 300)}}
    gathering.add(query, [Reading({"app": "a"}, 1e300)])
    assert found.fields["jobs"] == 1e300  # no whole number that JSON's readers could take
    gathering.add(query, [Reading({"app": "a", "instance": str(number)}, 1.0) for number in range(2 * MOST)])
    assert len(list(gathering.told())) == MOST
    assert gathering.left_out == MOST + 1


async def test_a_token_is_needed() -> None:
    """Without a token the start says which variable to set."""
    with pytest.raises(SecretError, match=re.escape("FLY_API_TOKEN")):
        MetricsProbe(Metrics(org="o", apps=("a",)), {})


async def test_the_page_names_every_query() -> None:
    """What is asked is what docs/shipping/metrics.md says is asked."""
    page = (Path(__file__).parents[1] / "docs" / "shipping" / "metrics.md").read_text()
    assert all(f"`{query.name}`" in page and f"`{query.field}`" in page for query in shipped_queries())
