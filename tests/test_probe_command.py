"""``flyship probe`` as a process: what it prints and ships, its exit codes, wrong configs; and a worker that reads it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from config.kafka.broker import free_port
from streams.core.tally import Tally, merged
from tests.pipeline import Pipeline, until
from tests.servers.machines import TOKEN, machines_api
from tests.test_exact import owns_partitions
from tests.test_probe_health import app

ROOT = Path(__file__).parents[1]
DEADLINE_S = 60.0


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Give an environment without settings of ours but the place of the config."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLYWATCH_", "FLYSHIP_", "FLY_"))}
    return kept | {"FLYSHIP_CONFIG": str(tmp_path / "flyship.toml")}


async def run(env: dict[str, str], *words: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run ``flyship`` to its end; return its exit code, the lines of all records, and what it told people."""
    command = [sys.executable, "-m", "shippers", *words]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=env, capture_output=True, timeout=DEADLINE_S, check=False
    )
    records = [orjson.loads(line) for line in done.stdout.splitlines()]
    lines = [record | {"said": orjson.loads(row[1])} for record in records for row in record["lines"]]
    return done.returncode, lines, done.stderr.decode()


def started(env: dict[str, str], out: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start ``flyship``; what it prints goes to a file."""
    with out.open("wb") as printed:
        return subprocess.Popen([sys.executable, "-m", "shippers", *words], cwd=ROOT, env=env, stdout=printed)


def configured(env: dict[str, str], text: str) -> None:
    """Write the config."""
    Path(env["FLYSHIP_CONFIG"]).write_text(text)


async def test_once(env: dict[str, str]) -> None:
    """With --once each probe measures once, people read what it found, and what is wrong is exit code 1."""
    async with machines_api() as api, app() as at:
        api.machine("shop", "148e1")
        health = f'[[probes.health]]\napp = "shop"\nurl = "{at}/fine"\n'
        machines = f'[probes.machines]\napps = ["shop"]\nbase = "{api.base}"\n'
        down = f'[[probes.health]]\napp = "blog"\nurl = "http://127.0.0.1:{free_port()}/"\n'
        configured(env, health + machines)
        code, lines, told = await run(env | {"FLY_API_TOKEN": TOKEN}, "probe", "--once", "--dry-run")
        assert (code, sorted(line["instance"] for line in lines)) == (0, ["148e1", "health", "machines"])
        assert {line["provider"] for line in lines} == {"probe"}
        assert "shop 148e1: ok, state started" in told
        assert TOKEN not in told
        configured(env, health + down)
        code, lines, told = await run(env, "probe", "health", "--once", "--dry-run")
    assert (code, sorted((line["app"], line["said"]["ok"]) for line in lines)) == (1, [("blog", False), ("shop", True)])
    assert "blog: refused: 127.0.0.1:" in told


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("", (), "turns no probe on"),
        ('[[probes.health]]\napp = "shop"\nurl = "localhost:80"\n', (), "url: must be a URL such as"),
        ('[[probes.health]]\napp = "shop"\nurl = "https://x:b@localhost"\n', (), "secrets come from the environment"),
        ('[[probes.health]]\napp = "shop"\nurl = "http://localhost"\nbody = "("\n', (), "body: is no pattern of RE2"),
        ('[[probes.health]]\napp = "shop"\nurl = "http://localhost"\nevry = "5s"\n', (), 'did you mean "every"?'),
        ('[probes.machines]\napps = ["shop"]\n', (), "FLY_API_TOKEN: is not set"),
        ('[probes.machines]\napps = ["shop"]\n', ("health",), "turns no probe on of these kinds"),
    ],
)
async def test_wrong_configs(env: dict[str, str], text: str, words: tuple[str, ...], told: str) -> None:
    """A mistake ends it at once, with exit code 2 and a line that says where it is and how to mend it."""
    configured(env, text)
    code, lines, found = await run(env, "probe", *words, "--once", "--dry-run")
    assert (code, lines) == (2, [])
    assert told in found
    assert "Traceback" not in found
    assert found.count("\n") == 1


async def test_it_stops_at_once(env: dict[str, str], tmp_path: Path) -> None:
    """A signal ends it though a round hangs, and with exit code 0: an app that is down is no failure to ship."""
    async with app() as at:
        slow = f'[[probes.health]]\napp = "shop"\nurl = "{at}/slow"\ndeadline = "5m"\n'
        configured(env, slow + f'[[probes.health]]\napp = "shop"\nurl = "{at}/down"\nevery = "1s"\n[probes]\njitter = 0\n')
        process = started(env, tmp_path / "out", "run", "--dry-run")
        try:

            async def measured() -> bool:
                return (tmp_path / "out").read_bytes().count(b"status") >= 2

            await until("it has measured twice", measured, DEADLINE_S)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 20) == 0
        finally:
            process.kill()
            process.wait()


@pytest.mark.kafka
async def test_from_a_probe_to_a_pane(kafka_bootstrap: str, tmp_path: Path, env: dict[str, str]) -> None:
    """What a probe measures is in the app's panes: shipped to Kafka, read by a worker; a failing check is an event."""
    async with app() as at, Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        configured(env, "".join(f'[[probes.health]]\napp = "shop"\nurl = "{at}{path}"\n' for path in ("/fine", "/down")))
        await owns_partitions(pipeline, pipeline.start_worker())
        code, _, said = await run(pipeline.env | {"FLYSHIP_CONFIG": env["FLYSHIP_CONFIG"]}, "probe", "--once")
        assert code == 1, said

        async def told() -> Tally | None:
            panes = {pane["start_ms"]: pane for pane in await pipeline.read("panes") if pane.get("app") == "shop"}
            whole = merged(Tally.load(pane["tally"]) for pane in panes.values())
            return whole if whole.lines == 2 else None

        tally = await until("its panes are told", told, DEADLINE_S)
        (event,) = await pipeline.read("events")
    assert (tally.probes, tally.gauges["health_ok"].dump()) == (2, [2, 1_000_000, 1_000_000, 0])
    assert (event["event"], event["about"], event["instance"]) == ("health_check_failed", "status", "health")
