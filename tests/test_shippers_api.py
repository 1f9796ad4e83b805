"""``flyship api`` against a server that behaves as Fly's logs API does: nothing lost, whatever happens; wrong input told."""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from shippers import checkpoints, configured, flyship_file
from shippers.__main__ import cli
from shippers.context import Context
from shippers.fly_api import client, feed
from shippers.fly_api.table import FlyApiTable
from shippers.metrics import Metrics
from shippers.nanoseconds import SECOND_NS, stamp_of
from shippers.sources import Resumable
from shippers.sources.fly_api import FlyApi as Source
from streams.config_errors import ConfigError
from streams.core.values import Line
from tests.pipeline import Pipeline, until
from tests.servers.fly_api import DAY_NS, TOKEN, FlyApi

ROOT = Path(__file__).parents[1]
DEADLINE_S = 60.0


@pytest.fixture
def server() -> Iterator[FlyApi]:
    """Give a server that knows the app ``shop``."""
    with FlyApi() as running:
        running.app("shop")
        yield running


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the waits of a source be short."""
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.005)
    monkeypatch.setattr(feed, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(feed, "MEND_S", 0.05)


def _context(directory: Path, token: str = TOKEN) -> Context:
    return Context({"FLY_API_TOKEN": token}, Metrics(), checkpoints.Checkpoints(directory))


def _source(server: FlyApi, context: Context, **table: Any) -> Source:
    given = {"apps": ("shop",), "base": server.base, "poll": "1s", "late": "1s"} | table
    return Source(FlyApiTable.model_validate(given), context)


async def _all(source: Source, *, kept: bool = True) -> list[Line]:
    """Read a source to its end."""
    found = [line async for lines in source.read(asyncio.Event()) for line in lines]
    if kept:
        await source.kept(source.position())
    return found


@asynccontextmanager
async def following(source: Source) -> AsyncIterator[list[Line]]:
    """Read a source beside the test; the list grows."""
    found, stop = list[Line](), asyncio.Event()

    async def read() -> None:
        async for lines in source.read(stop):
            found.extend(lines)
            await source.kept(source.position())

    reading = asyncio.create_task(read())
    try:
        yield found
    finally:
        stop.set()
        await asyncio.wait_for(reading, DEADLINE_S)


async def _until(what: str, holds: Callable[[], object]) -> None:
    async def asked() -> object:
        return holds()

    await until(what, asked, DEADLINE_S, every=0.01)


def _texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def _has(lines: list[Line], text: str) -> bool:
    return text in _texts(lines)


def _value(context: Context, name: str, **labels: str) -> float:
    return context.metrics.registry.get_sample_value(name, {"source": "api"} | labels) or 0.0


async def test_a_run_goes_on_where_the_last_one_was(server: FlyApi, tmp_path: Path) -> None:
    """Each run ships what no run before it has, and of one stamp the lines that came later; anew it begins at ``since``."""
    at_ns = time.time_ns() - 3600 * SECOND_NS
    for text in ("a", "same", "same"):
        server.say("shop", "i1", at_ns, text)
    of = {"follow": False, "since": "2h"}
    context = _context(tmp_path)
    assert isinstance(_source(server, context, **of), Resumable)
    assert _texts(await _all(_source(server, context, **of))) == ["a", "same", "same"]
    assert await _all(_source(server, context, **of)) == []
    for later_ns, text in ((0, "same"), (0, "b"), (1, "c")):
        server.say("shop", "i1", at_ns + later_ns, text)
    assert _texts(await _all(_source(server, context, **of), kept=False)) == ["same", "b", "c"]
    assert _texts(await _all(_source(server, context, **of))) == ["same", "b", "c"]
    table = FlyApiTable.model_validate({"apps": ("shop",), "base": server.base} | of)
    assert len(await _all(Source(table, context, anew=True))) == 6


async def test_a_span_ends_where_it_should(server: FlyApi, tmp_path: Path) -> None:
    """``until`` leaves out what is stamped then or later, and the next run brings it."""
    first_ns = time.time_ns() - 3600 * SECOND_NS
    for number in range(300):
        server.say("shop", "i1", first_ns + number * SECOND_NS, str(number))
    of = {"follow": False, "since": "2h"}
    context = _context(tmp_path)
    end = stamp_of(first_ns + 130 * SECOND_NS)
    assert _texts(await _all(_source(server, context, until=end, **of))) == [str(n) for n in range(130)]
    assert await _all(_source(server, context, until=end, **of)) == []
    assert _texts(await _all(_source(server, context, **of))) == [str(n) for n in range(130, 300)]


@pytest.mark.usefixtures("hurried")
async def test_lines_that_reach_the_api_late_come_all_the_same(server: FlyApi, tmp_path: Path) -> None:
    """A line whose stamp is older than what was read already comes once, as do those around it."""
    source = _source(server, _context(tmp_path))
    async with following(source) as found:
        for number in range(30):
            now_ns = time.time_ns()
            server.say("shop", "quick", now_ns, f"quick {number}")
            await _until("the quick one is read", partial(_has, found, f"quick {number}"))
            server.say("shop", "slow", now_ns - SECOND_NS // 2, f"slow {number}")
        await _until("the slow ones are read", lambda: len(found) >= 60)
    assert Counter(_texts(found)) == Counter(f"{who} {number}" for who in ("quick", "slow") for number in range(30))


@pytest.mark.usefixtures("hurried")
async def test_trouble_is_told_once_and_passes(server: FlyApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While the API is away or the token is wrong that is one line; then one that it answers, and nothing is missing."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    context = Context({"FLY_API_TOKEN_FILE": str(token)}, Metrics(), checkpoints.Checkpoints(tmp_path / "state"))
    source = _source(server, context)
    async with following(source) as found:
        server.say("shop", "i1", time.time_ns(), "before")
        await _until("the first is read", lambda: found)
        server.is_down = True
        server.say("shop", "i1", time.time_ns(), "meanwhile")
        await _until("it has tried some times", lambda: server.answers["down"] > 10)
        server.is_down = False
        await _until("the second is read", lambda: len(found) == 2)
        server.token = "fm2_another"  # noqa: S105  # of this test alone
        await _until("the old token is refused again and again", lambda: server.answers["401"] > 3)
        token.write_text("fm2_another")
        server.say("shop", "i1", time.time_ns(), "after")
        await _until("the third is read", lambda: len(found) == 3)
    told = capsys.readouterr().err
    assert (told.count("cannot be reached"), told.count("401"), told.count("answers again")) == (1, 1, 2)
    assert "fm2_" not in told
    assert (source.problems, _value(context, "flyship_errors_total", kind="unauthorized") > 3) == (0, True)


async def test_apps_take_turns_and_a_wrong_one_stops_none(
    server: FlyApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quiet app beside a busy one does not wait for its end; an app that is none is a problem of its own."""
    first_ns = time.time_ns() - 3600 * SECOND_NS
    for number in range(5_000):
        server.say("shop", "i1", first_ns + number, str(number))
    server.say("quiet", "i1", first_ns, "here")
    source = _source(server, _context(tmp_path), apps=("shop", "none", "quiet"), follow=False, since="2h")
    apps = [line.app for line in await _all(source)]
    assert Counter(apps) == {"shop": 5_000, "quiet": 1}
    assert apps.index("quiet") < 1_000
    assert source.problems == 1
    assert "api: none: there is no such app" in capsys.readouterr().err


@pytest.mark.parametrize("says_gone", [True, False])
async def test_what_is_older_than_the_api_keeps_is_told(
    server: FlyApi, tmp_path: Path, capsys: pytest.CaptureFixture[str], says_gone: bool
) -> None:
    """Who was away for longer than the API remembers ships what there is, and a line that says what is missing."""
    server.says_gone = says_gone
    context = _context(tmp_path)
    old_ns = time.time_ns() - 20 * DAY_NS
    document = {"v": 1, "ask_ns": old_ns, "looked_ns": old_ns + DAY_NS, "seen": []}
    context.checkpoints.save("api+shop", document)
    server.say("shop", "i1", time.time_ns() - 2 * DAY_NS, "kept")
    source = _source(server, context, follow=False)
    gap, kept = await _all(source)
    said = json.loads(gap.text)
    assert (gap.provider, gap.app, gap.instance, kept.text) == ("probe", "shop", "api", "kept")
    assert (said["probe"], said["ok"], said["reason"], said["source"]) == ("log_gap", False, "beyond_history", "api")
    assert said["from_ms"] == (old_ns + DAY_NS) // 1_000_000
    assert abs(said["to_ms"] - (time.time() - 15 * 86_400) * 1000) < 60_000
    assert _value(context, "flyship_gaps_total", state="unfilled") == 1
    assert "may be gone" in capsys.readouterr().err
    assert source.problems == 1
    assert await _all(_source(server, context, follow=False)) == []


async def test_a_checkpoint_that_is_none(server: FlyApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no checkpoint is told, and ``since`` counts; where none can be written, shipping goes on."""
    server.say("shop", "i1", time.time_ns(), "here")
    (tmp_path / "api+shop.json").write_text('{"v": 1, "seen": [[1, "xyz", 1]]}')
    (tmp_path / "api+shop.new.json").mkdir()
    source = _source(server, _context(tmp_path), follow=False)
    assert _texts(await _all(source)) == ["here"]
    told = capsys.readouterr().err
    assert ("api+shop cannot be read" in told, "cannot be noted: Is a directory" in told) == (True, True)
    assert source.problems == 1
    (tmp_path / "api+shop.json").unlink()
    (tmp_path / "api+shop.json").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        _source(server, _context(tmp_path))


async def test_trying_it_out(server: FlyApi, tmp_path: Path) -> None:
    """The doctor hears of each app whether it answers, and of what is wrong how to mend it."""
    server.say("shop", "i1", 1_760_121_360_000_000_000, "long ago")
    server.horizon_ns = time.time_ns()
    good, bad = await _source(server, _context(tmp_path), apps=("shop", "none")).try_out()
    assert (good.ok, "2025-10-10T18:36:00Z" in good.text) == (True, True)
    assert (bad.name, bad.ok, "fly apps list" in bad.text) == ("api none", False, True)
    (wrong,) = await _source(server, _context(tmp_path, "fm2_wrong")).try_out()
    assert (wrong.ok, "fly tokens create" in wrong.text, "fm2_" in wrong.text) == (False, True, False)


WRONG = {
    "--since must be a duration": ("--app", "shop", "--since", "yesterday"),
    'did you mean "24h"?': ("--app", "shop", "--since", "24 hours"),
    "must name its zone": ("--app", "shop", "--since", "2025-10-10T18:00:00"),
    "--until must be a duration": ("--app", "shop", "--until", "-1h"),
    "must be after since": ("--app", "shop", "--since", "1h", "--until", "2h"),
    "leave one of them out": ("--app", "shop", "--until", "1m", "--follow"),
    "--app must be 1 to 100 letters": ("--app", "shop,a b"),
    'apps names "shop" twice': ("--app", "shop,shop"),
    "--app: name the app": (),
    "--base must be a URL": ("--app", "shop", "--base", "api.fly.io"),
    "--base must be a URL without user and password": ("--app", "shop", "--base", "https://x:fm2_a@example.com"),
    "would send the token unencrypted": ("--app", "shop", "--base", "http://example.com"),
    "--machine must be": ("--app", "shop", "--machine", "a/b"),
}


@pytest.mark.parametrize("told", WRONG)
def test_wrong_words_are_told(told: str, tmp_path: Path) -> None:
    """What the command line says wrongly ends with 2 and a line that says how to write it."""
    env = {"FLY_API_TOKEN": TOKEN, "FLYSHIP_STATE": str(tmp_path), "FLYSHIP_CONFIG": None}
    done = CliRunner().invoke(cli, ["api", *WRONG[told], "--dry-run"], env=env)
    assert (done.exit_code, done.stderr.count("\n"), TOKEN in done.stderr) == (2, 1, False)
    assert "fm2_" not in done.stderr
    assert told in done.stderr


def test_the_table_turns_it_on(tmp_path: Path) -> None:
    """``[api]`` in flyship.toml is a source that follows; what is wrong in it is told with its place."""
    file = tmp_path / "flyship.toml"
    file.write_text('[api]\napps = ["shop"]\nsince = "2h"\npoll = "5s"\n')
    (source,) = configured.sources(flyship_file.read({"FLYSHIP_CONFIG": str(file)}), _context(tmp_path))
    assert isinstance(source, Source)
    file.write_text('[api]\nap = ["shop"]\nsince = "2 hours"\nlate = "1d"\n')
    with pytest.raises(ConfigError) as told:
        flyship_file.read({"FLYSHIP_CONFIG": str(file)})
    assert [part in str(told.value) for part in ('did you mean "apps"?', 'did you mean "2h"?', "from 0s to 10m")] == [True] * 3


def test_without_a_token(tmp_path: Path) -> None:
    """Without a token nothing is asked for."""
    env = {"FLY_API_TOKEN": None, "FLY_ACCESS_TOKEN": None, "FLYSHIP_STATE": str(tmp_path)}
    done = CliRunner().invoke(cli, ["api", "--app", "shop"], env=env)
    assert (done.exit_code, "set FLY_API_TOKEN" in done.stderr) == (2, True)


def _started(env: dict[str, str], server: FlyApi, errors: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "shippers", "api", "--app", "shop,web", "--since", "1h", "--follow", "--base", server.base]
    with errors.open("ab") as told:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told, env=env, cwd=ROOT)


def _rows(records: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    return [(one["app"], one["instance"], row[0], row[1]) for one in records for row in one.get("lines", ())]


class Sayer:
    """Says numbered lines, of two apps with three instances each."""

    def __init__(self, server: FlyApi) -> None:
        """Nothing was said yet."""
        self.said: list[str] = []
        self._server, self._rng = server, random.Random(6)
        server.app("web")

    def say(self, lines: int) -> None:
        """Say so many more."""
        for _ in range(lines):
            text = str(len(self.said))
            self.said.append(text)
            self._server.say(self._rng.choice(("shop", "web")), f"i{len(self.said) % 3}", time.time_ns(), text)


async def _until_asked(server: FlyApi, sayer: Sayer, goal: int) -> None:
    async def asked() -> bool:
        sayer.say(40)
        return server.answers["200"] >= goal

    await until("it has asked some more", asked, DEADLINE_S, every=0.02)


@pytest.mark.kafka
async def test_kill_9_loses_nothing(kafka_bootstrap: str, tmp_path: Path, server: FlyApi) -> None:
    """Killed at random moments while lines are said, it loses none and sends none again, and none changes."""
    rng, sayer = random.Random(6), Sayer(server)
    server.bad, server.per_second = {"500": 0.02, "half": 0.02}, 60
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLYWATCH_", "FLYSHIP_"))}
        env = kept | pipeline.env | {"FLY_API_TOKEN": TOKEN, "FLYSHIP_STATE": str(tmp_path / "state")}
        for _ in range(5):
            process = _started(env, server, tmp_path / "told")
            try:
                await _until_asked(server, sayer, server.answers["200"] + rng.randrange(2, 25))
            finally:
                process.kill()
                process.wait()
        process = _started(env, server, tmp_path / "told")
        sayer.say(500)

        async def there() -> bool:
            return {text for *_, text in _rows(await pipeline.read("logs"))} >= set(sayer.said)

        try:
            await until("every line is in Kafka", there, DEADLINE_S, every=0.5)
        finally:
            process.terminate()
            code = await asyncio.to_thread(process.wait, DEADLINE_S)
        rows = _rows(await pipeline.read("logs"))
    assert code == 0, (tmp_path / "told").read_text()
    assert sorted(text for *_, text in rows) == sorted(sayer.said), (tmp_path / "told").read_text()
    for instance in {row[:2] for row in rows}:
        numbers = [int(text) for *place, _, text in rows if tuple(place) == instance]
        assert numbers == sorted(numbers), instance
