"""``flyship status``, ``--metrics`` and ``flyship doctor``: what a run tells of itself, and what it finds before it runs."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import parser

from shippers.doctor import TRIALS
from shippers.flyship_file import FlyshipFile
from shippers.metrics import Metrics
from shippers.probes.rounds import Probes
from shippers.status import RATE_S, STUCK_S, TROUBLE_S, Watch
from tests.pipeline import Pipeline, until
from tests.servers import program
from tests.test_probe_rounds import Measured

ROOT = Path(__file__).parents[1]
DEADLINE_S = 60.0
FLYSHIP = [sys.executable, "-m", "shippers"]
CONFIG = """
state = "{directory}/state"
[metrics]
listen = "127.0.0.1:0"
[receive]
listen = "127.0.0.1:0"
[files]
paths = ["{directory}/*.log"]
from_start = true
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Give an environment with a config of files and receive."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLYWATCH_", "FLYSHIP_"))}
    (tmp_path / "flyship.toml").write_text(CONFIG.format(directory=tmp_path))
    return kept | {"FLYSHIP_CONFIG": str(tmp_path / "flyship.toml")}


def _run(env: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*FLYSHIP, *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


def _started(env: dict[str, str], errors: Path, *words: str) -> "subprocess.Popen[bytes]":
    with errors.open("wb") as told:
        return subprocess.Popen([*FLYSHIP, "run", *words], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=told)


def _checked(text: str) -> "subprocess.CompletedProcess[str]":
    """Let Prometheus' own tool say what it thinks of the counters."""
    command = [program("promtool", "prometheus"), "check", "metrics"]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def _told(errors: Path) -> str:
    return errors.read_text()


def _get(where: str, path: str) -> tuple[str, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{where}{path}", timeout=DEADLINE_S) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]


@contextlib.asynccontextmanager
async def _running(env: dict[str, str], errors: Path, *words: str) -> AsyncIterator[tuple[subprocess.Popen[bytes], str, str]]:
    """Start ``flyship run``; give it and where it serves its counters and takes requests."""
    process = _started(env, errors, *words)

    async def listening() -> list[str] | None:
        told = _told(errors)
        assert process.poll() is None, told
        found = re.findall(r"(?:metrics|receive): listening on (\S+)", told)
        return found if len(found) == 2 else None

    try:
        metrics, receive = await until("it listens", listening, DEADLINE_S)
        yield process, metrics, receive
    finally:
        process.kill()
        process.wait()


async def test_what_a_run_tells(env: dict[str, str], tmp_path: Path) -> None:
    """/metrics, /status and ``flyship status`` agree about lines, bytes and lag by source; an error is shown and gives 1."""
    lines = ["bare", "2025-10-10T17:02:56Z app[i1] ord [info]GET / 200"]
    (tmp_path / "a.log").write_text("".join(f"{line}\n" for line in lines))
    async with _running(env, tmp_path / "told", "--dry-run") as (process, where, receive):

        async def shipped() -> bool:
            return '"sent_lines":2,' in (await asyncio.to_thread(_get, where, "/status"))[0]

        await until("both lines are shipped", shipped, DEADLINE_S)
        text, content_type = await asyncio.to_thread(_get, where, "/metrics")
        assert content_type.startswith("text/plain")
        checked = await asyncio.to_thread(_checked, text)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        families = {family.name: family for family in parser.text_string_to_metric_families(text)}
        totals = [sample for sample in families["flyship_lines"].samples if sample.name == "flyship_lines_total"]
        taken = {sample.labels["source"]: sample.value for sample in totals}
        assert taken == {"files": 2, "receive": 0}
        (lag,) = families["flyship_lag_seconds"].samples
        assert lag.value > 3600
        fine = await asyncio.to_thread(_run, env, "status", "--at", where)
        assert fine.returncode == 0, fine.stderr
        assert re.search(r"files +2 +13 ", fine.stdout)
        with contextlib.suppress(urllib.error.HTTPError):
            await asyncio.to_thread(_get, receive, "/nowhere")
        wrong = await asyncio.to_thread(_run, env, "status", "--at", where, "--json")
        assert wrong.returncode == 1
        status = orjson.loads(wrong.stdout)
        (of_receive,) = [source for source in status["sources"] if source["name"] == "receive"]
        assert of_receive["last_error"]["kind"] == "path"
        assert not status["ok"]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, DEADLINE_S) == 0


def test_nobody_answers(env: dict[str, str]) -> None:
    """Where no run serves its counters, status ends with 2 and a line that says how to start one."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{reserved.getsockname()[1]}"
        done = _run(env, "status", "--at", where)
    assert done.returncode == 2
    (told,) = done.stderr.splitlines()
    assert f"nobody answers at {where}" in told
    assert _run(env, "status", "--at", "nowhere").returncode == 2


async def test_a_taken_port_does_not_stop_the_shipping(env: dict[str, str], tmp_path: Path) -> None:
    """Where the counters cannot be served that is said, and the lines are shipped all the same."""
    (tmp_path / "a.log").write_text("line\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        done = await asyncio.to_thread(_run, env, "files", "--dry-run", "--metrics", where, str(tmp_path / "a.log"))
    assert done.returncode == 0
    assert f"cannot listen on {where}" in done.stderr
    assert "shipped 1 lines" in done.stderr


async def test_every_address_is_heard(env: dict[str, str], tmp_path: Path) -> None:
    """[::] listens on IPv4's addresses, too: Fly's checks come from there, its Prometheus does not."""
    config = (tmp_path / "flyship.toml").read_text().replace("127.0.0.1:0", "[::]:0")
    (tmp_path / "flyship.toml").write_text(config)
    token = {"FLYSHIP_RECEIVE_TOKEN": "of-this-test"}
    async with _running(env | token, tmp_path / "told", "--dry-run") as (_, metrics, receive):
        for where in (metrics, receive):
            port = where.rpartition(":")[2]
            assert "[::]" in where
            for host in ("127.0.0.1", "[::1]"):
                assert (await asyncio.to_thread(_get, f"{host}:{port}", "/healthz"))[0].startswith("{")
            told = await asyncio.to_thread(_run, env, "status", "--at", f"[::]:{port}")
            assert told.returncode == (0 if where == metrics else 2)


def test_what_grows_is_told_as_lines_a_second() -> None:
    """Lines/s are those of the last seconds alone."""
    metrics = Metrics()
    watch = Watch(metrics, 0)
    for second in range(60):
        metrics.lines.labels("files").inc(100 if second < 30 else 0)
        (source,) = watch.status(1000.0 + second, {"files": 0}, 0, 0).sources
        if second == 29:
            assert source.lines_per_s == 100.0
    assert source.lines_per_s == 0.0
    assert source.lines == 3_000
    assert RATE_S < 30


def test_a_trouble_passes() -> None:
    """An error is a trouble for some minutes, with what was said of it; then only its count is left."""
    metrics = Metrics()
    watch = Watch(metrics, 0)
    watch.status(1000.0, {"api": 0}, 0, 0)
    metrics.failed("api", "auth", "the token is wrong")
    (during,) = watch.status(1001.0, {"api": 0}, 0, 0).sources
    (after,) = watch.status(1002.0 + TROUBLE_S, {"api": 0}, 0, 0).sources
    assert during.trouble == "the token is wrong"
    assert after.trouble is None
    assert after.errors == {"auth": 1}
    (unread,) = watch.status(1003.0 + TROUBLE_S, {"api": 2}, 0, 0).sources
    assert unread.trouble == "2 inputs could not be read"


def test_probes_are_told_by_kind() -> None:
    """The source that runs probes has no row: each kind of them has, from the beginning on, unless it is what is wrong."""
    metrics = Metrics()
    Probes([Measured("shop"), Measured("web")], metrics, jitter=0, concurrency=1)
    watch = Watch(metrics, 0)
    assert [source.name for source in watch.status(1000.0, {"probes": 0, "files": 0}, 0, 0).sources] == ["files", "health"]
    metrics.failed("probes", "unexpected", "a fault of ours")
    names = [source.name for source in watch.status(1001.0, {"probes": 1}, 0, 0).sources]
    assert names == ["health", "probes"]


def test_a_broker_that_takes_nothing_is_a_trouble() -> None:
    """Lines that wait while none is acknowledged are no source's trouble; a quiet run is none at all."""
    watch = Watch(Metrics(), 0)
    assert watch.status(1000.0, {}, 5, 3).ok
    assert "acknowledged nothing" in (watch.status(1001.0 + STUCK_S, {}, 5, 3).trouble or "")
    assert watch.status(1002.0 + STUCK_S, {}, 8, 0).ok
    assert watch.status(1003.0 + 9 * STUCK_S, {}, 8, 0).ok


@pytest.mark.kafka
async def test_doctor_where_all_is_well(kafka_bootstrap: str, env: dict[str, str], tmp_path: Path) -> None:
    """With a broker, its topic, a state directory and files that can be read every line says ok."""
    (tmp_path / "a.log").write_text("line\n")
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        done = await asyncio.to_thread(_run, pipeline.env | env | _kafka(pipeline), "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    names = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert names == [
        "ok   kafka",
        "ok   state",
        "ok   metrics",
        "ok   receive tokens",
        "ok   receive",
        f"ok   files {tmp_path}/*.log",
    ]


def _kafka(pipeline: Pipeline) -> dict[str, str]:
    return {name: value for name, value in pipeline.env.items() if name.startswith("FLYWATCH_")}


def test_doctor_knows_every_table() -> None:
    """Each table of flyship.toml that is a source has a trial."""
    assert set(FlyshipFile.model_fields) - {"state", "metrics"} == set(TRIALS)


def test_doctor_tells_everything_that_is_wrong(env: dict[str, str], tmp_path: Path) -> None:
    """No broker, a state directory that is none, a missing token, taken ports, no files: a line each, and exit code 1."""
    here = ("127.0.0.1", 0)
    with socket.create_server(here) as taken, socket.create_server(here) as other, socket.socket() as reserved:
        reserved.bind(here)
        port, counted, nobody = (each.getsockname()[1] for each in (taken, other, reserved))
        (tmp_path / "none").write_text("")
        text = f'state = "{tmp_path}/none/state"\n[receive]\nlisten = "127.0.0.1:{port}"\ntokens = {{ shop = "SHOP_TOKEN" }}\n'
        text += f'[files]\npaths = ["{tmp_path}/*.log"]\n[metrics]\nlisten = "127.0.0.1:{counted}"\n'
        (tmp_path / "flyship.toml").write_text(text)
        done = _run(env | {"FLYWATCH_KAFKA__BOOTSTRAP": f"127.0.0.1:{nobody}"}, "doctor", "--json")
    assert done.returncode == 1
    found: dict[str, Any] = {finding["name"]: finding for finding in map(orjson.loads, done.stdout.splitlines())}
    assert not any(finding["ok"] for finding in found.values())
    for name, told in {
        "kafka": "FLYWATCH_KAFKA__BOOTSTRAP",
        "state": "cannot be written",
        "metrics": "Address already in use",
        "receive tokens": "set SHOP_TOKEN or SHOP_TOKEN_FILE",
        "receive": "Address already in use",
        f"files {tmp_path}/*.log": "no file matches",
    }.items():
        assert told in found[name]["text"], found[name]
    assert done.stderr == ""
