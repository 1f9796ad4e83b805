"""``flyship nats`` when something is wrong: usage, tokens, subjects, dead peers, gaps that stay. A clear line for each."""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from shippers.__main__ import cli
from shippers.context import Context
from shippers.fly_nats.table import Nats
from shippers.fly_nats.trial import try_out
from shippers.gaps.checkpoint import earlier
from shippers.sources.nats import NatsStream
from tests.fly_stream import DEADLINE_S, Publisher, Shipper, holds
from tests.pipeline import ROOT
from tests.servers.fly_api import TOKEN
from tests.servers.fly_org import FlyOrg

WRONG = {
    ("--server", "fdaa::3"): "--server must be",
    ("--server", "nats://me:secret@fdaa::3"): "without a user",
    ("--subject", "log.>"): '--subject must begin with "logs."',
    ("--subject", "logs.shop*.>"): "stands for one whole part",
    ("--subject", "logs.>", "--subject", "logs.shop.>"): "ask for the same lines",
    ("--org", "my org"): "--org must be",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    """What cannot be meant ends with 2 and one line that says how to mend it."""
    done = CliRunner().invoke(cli, ["nats", "--dry-run", *arguments], env={"FLY_ACCESS_TOKEN": TOKEN})
    assert done.exit_code == 2
    assert WRONG[arguments] in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_empty_token() -> None:
    """A token that is set and empty is told before anything is tried."""
    done = CliRunner().invoke(cli, ["nats", "--dry-run"], env={"FLY_ACCESS_TOKEN": " "})
    assert (done.exit_code, done.stderr) == (2, "flyship: FLY_ACCESS_TOKEN: is empty\n")


async def test_a_wrong_token_is_told_once_and_read_again(tmp_path: Path, org: FlyOrg) -> None:
    """A wrong token is a line without the token in it; when the file holds a right one, lines come."""
    secret = tmp_path / "token"
    secret.write_text("wrong-token")
    shipper = Shipper(_without_token(org) | {"FLY_ACCESS_TOKEN_FILE": str(secret)}, tmp_path / "one", "--dry-run")
    starting = asyncio.create_task(shipper.start())
    try:
        await holds("it tells of the token", lambda: "the token or the organisation" in shipper.told())
        secret.write_text(TOKEN)
        await starting
        assert shipper.told().count("the token or the organisation") == 1
        assert "wrong-token" not in shipper.told()
        assert await shipper.stop() == 0
    finally:
        starting.cancel()
        shipper.kill()


def _without_token(org: FlyOrg) -> dict[str, str]:
    return {name: value for name, value in org.env.items() if name != "FLY_ACCESS_TOKEN"}


async def test_no_token_is_told(tmp_path: Path, org: FlyOrg) -> None:
    """Where no token is set and the server wants one, what is told does not say that one is wrong."""
    shipper = Shipper(_without_token(org), tmp_path / "one", "--dry-run")
    starting = asyncio.create_task(shipper.start())
    try:
        await holds("it tells of the token", lambda: "the token is missing: set FLY_ACCESS_TOKEN" in shipper.told())
    finally:
        starting.cancel()
        shipper.kill()


async def test_a_subject_that_is_not_allowed(tmp_path: Path, org: FlyOrg) -> None:
    """A subject of another organisation is told once, and a run that never heard anything ends with 1."""
    org.server.kill()
    org.server.may = "logs.other.>"
    org.server.start()
    shipper = Shipper(org.env, tmp_path / "one", "--dry-run")
    starting = asyncio.create_task(shipper.start())
    try:
        await holds("it tells of the subject", lambda: "may not listen to a subject" in shipper.told())
        assert await shipper.stop() == 1
        assert shipper.listened() == 0
    finally:
        starting.cancel()
        shipper.kill()
        await asyncio.gather(starting, return_exceptions=True)


async def test_a_dead_peer_is_noticed(tmp_path: Path, org: FlyOrg) -> None:
    """A server that stands still without a word is given up within seconds, and heard again when it moves."""
    shipper = Shipper(org.env, tmp_path / "one", "--dry-run")
    await shipper.start()
    try:
        org.server.signal(signal.SIGSTOP)
        await holds("it notices", lambda: "answers no more" in shipper.told(), 30.0)
        org.server.signal(signal.SIGCONT)
        await holds("it listens again", lambda: shipper.listened() == 2)
    finally:
        org.server.signal(signal.SIGCONT)
        shipper.kill()


async def _line(stream: asyncio.StreamReader | None) -> bytes:
    assert stream is not None
    return await asyncio.wait_for(stream.readline(), DEADLINE_S)


async def test_a_gap_that_stays_is_a_line(tmp_path: Path, org: FlyOrg) -> None:
    """What could not be filled comes as a line of each app that says when, and why."""
    org.configure('fill_time = "3s"\n')
    publisher = Publisher(org.api, org.server)
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "shippers", "nats", "--dry-run"]
    env = org.env | {"FLYSHIP_STATE": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=env, cwd=ROOT)
    gaps: list[dict[str, Any]] = []
    try:
        while b"listening" not in await _line(process.stderr):
            pass
        await publisher.say(200, 500)
        org.api.is_down = True
        org.server.kill()
        org.server.start()
        while b"listening" not in await _line(process.stderr):
            pass
        await publisher.say(200, 500)
        while len(gaps) < 2:
            record = json.loads(await _line(process.stdout))
            gaps += [record] if record["instance"] == "nats" else []
    finally:
        process.kill()
        await process.wait()
        await publisher.close()
    assert {gap["app"] for gap in gaps} == {"shop", "web"}
    for gap in gaps:
        said = json.loads(gap["lines"][0][1])
        assert (said["probe"], said["ok"], said["source"], said["reason"]) == ("log_gap", False, "nats", "api_unavailable")
        assert said["from_ms"] < said["to_ms"]
        assert gap["provider"] == "probe"


def _context(org: FlyOrg, directory: Path, **environ: str) -> Context:
    return Context.of(str(directory / "state"), {**org.env, **environ})


async def test_doctor_tries_the_stream_and_the_api(tmp_path: Path, org: FlyOrg) -> None:
    """What is right is told, and of a wrong token, a server that is away and an unknown app, what to do."""
    org.api.app("shop")
    right = Nats.model_validate({"server": org.server.url, "org": "my-org", "api": org.api.base, "apps": ["shop"]})
    found = await try_out(right, _context(org, tmp_path))
    assert [(each.name, each.ok) for each in found] == [("nats", True), ("nats gaps", True)]
    found = await try_out(right, _context(org, tmp_path, FLY_ACCESS_TOKEN="another"))  # noqa: S106  # of this test alone
    assert [each.ok for each in found] == [False, False]
    assert "check FLY_ACCESS_TOKEN, and org in [nats]" in found[0].text
    assert "another" not in "".join(each.text for each in found)
    found = await try_out(right, Context.of(str(tmp_path / "state"), _without_token(org)))
    assert (found[0].ok, found[0].text) == (False, f"{org.server.url}: the token is missing: set FLY_ACCESS_TOKEN")
    found = await try_out(right.model_copy(update={"apps": ("shopp",)}), _context(org, tmp_path))
    assert (found[1].ok, "no such app" in found[1].text) == (False, True)
    org.server.kill()
    found = await try_out(right, _context(org, tmp_path))
    assert (found[0].ok, "nobody listens there" in found[0].text) == (False, True)


async def test_what_is_no_nats_is_told(tmp_path: Path, org: FlyOrg) -> None:
    """A server that speaks something else is told as such, whatever it says."""
    words = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"INFO {broken\r\n", b"\xff\xfe\x00" * 50_000, b""]

    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words[0] if words else b"")
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1") as other:
        port = other.sockets[0].getsockname()[1]
        table = Nats.model_validate({"server": f"nats://127.0.0.1:{port}", "api": org.api.base})
        while words:
            found = await try_out(table, _context(org, tmp_path))
            assert not found[0].ok
            assert "Traceback" not in found[0].text
            words.pop(0)


async def test_a_stop_while_it_connects(tmp_path: Path, org: FlyOrg) -> None:
    """A server that takes connections and says nothing does not hold up a stop: Fly waits for few seconds."""
    connecting, stop = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connecting.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1") as other:
        port = other.sockets[0].getsockname()[1]
        stream = NatsStream(Nats.model_validate({"server": f"nats://127.0.0.1:{port}"}), _context(org, tmp_path))

        async def read() -> None:
            async for _ in stream.read(stop):
                raise AssertionError("nobody said anything")

        reading = asyncio.create_task(read())
        await asyncio.wait_for(connecting.wait(), DEADLINE_S)
        stop.set()
        began_s = time.monotonic()
        await asyncio.wait_for(reading, DEADLINE_S)
        assert time.monotonic() - began_s < 3
        assert stream.problems == 1


def test_a_checkpoint_that_cannot_be_read(tmp_path: Path, org: FlyOrg) -> None:
    """A checkpoint that may not be read ends the start: to go on without it would forget a gap; one that is none is told."""
    (tmp_path / "nats.json").mkdir()
    done = CliRunner().invoke(cli, ["nats", "--dry-run"], env={**org.env, "FLYSHIP_STATE": str(tmp_path)})
    assert done.exit_code == 2
    assert "nats.json: cannot be read" in done.stderr
    assert earlier({"v": 1, "heard_ns": 1, "apps": [], "fills": {}, "seen": [[1, "no hex", 1]]}) is None
