"""What others choose - names of files, of apps, answers of servers - stops no shipper and forges none of its lines."""

import os
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from shippers.__main__ import cli
from shippers.checkpoints import Checkpoints
from shippers.console import say
from shippers.context import Context
from shippers.findings import Finding
from shippers.metrics import Metrics

ODD = b"caf\xe9\n\x1b[31m.log"  # Latin-1, a newline, a colour


def test_a_file_whose_name_is_no_unicode_is_shipped_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any file has its lines shipped, how far it was read is noted, and its loss is told in one line."""
    monkeypatch.setenv("FLYSHIP_STATE", str(tmp_path / "state"))
    directory = os.fsencode(tmp_path / "logs")
    Path(os.fsdecode(directory)).mkdir()
    path = Path(os.fsdecode(directory + b"/" + ODD))
    path.write_bytes(b"a\n")
    done = CliRunner().invoke(cli, ["files", "--dry-run", f"{os.fsdecode(directory)}/*.log"])
    record = orjson.loads(done.stdout)
    assert (done.exit_code, record["instance"], record["lines"]) == (0, "caf?\n\x1b[31m.log", [[None, "a"]])
    checkpoints = Checkpoints(tmp_path / "state")
    noted = {"files": [{"path": str(path), "offset": 2}]}
    checkpoints.save("files", noted)
    assert checkpoints.load("files") == noted


def test_a_checkpoint_that_nobody_wrote_is_none(tmp_path: Path) -> None:
    """What is no document at all is as if it were not there."""
    for content in (b"", b"{", b"\xff", b"[" * 100_000):
        (tmp_path / "x.json").write_bytes(content)
        assert Checkpoints(tmp_path).load("x") is None


def test_what_is_said_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No name and no answer can start a line of its own, colour a terminal, or break what prints it."""
    odd = os.fsdecode(ODD)
    say(f"{odd} cannot be read")
    assert capsys.readouterr().err == "flyship: caf\\udce9\\n\\x1b[31m.log cannot be read\n"
    assert str(Finding("files", False, odd)) == "FAIL files: caf\\udce9\\n\\x1b[31m.log"
    metrics = Metrics()
    metrics.failed("files", "unreadable", odd)
    assert orjson.dumps(list(metrics.said.values()))


def test_doctor_prints_odd_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern with a NUL or a newline is a finding in a line like any other."""
    config = tmp_path / "flyship.toml"
    config.write_text('[files]\npaths = ["/nowhere/\\u0000x", "/nowhere/\\nok   kafka: all is well"]\n')
    monkeypatch.setenv("FLYSHIP_CONFIG", str(config))
    monkeypatch.setenv("FLYSHIP_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("FLYWATCH_KAFKA__BOOTSTRAP", "127.0.0.1:1")
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "FAIL kafka",
        "ok   state",
        "FAIL files /nowhere/\\x00x",
        "FAIL files /nowhere/\\nok   kafka",
    ]


def test_a_dry_run_notes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed instead of shipped is still to be shipped: a dry run begins where the last run was, and stays there."""
    monkeypatch.setenv("FLYSHIP_STATE", str(tmp_path))
    Context.of(None, os.environ).checkpoints.save("x", 1)
    dry = Context.of(None, os.environ, dry=True).checkpoints
    dry.save("x", 2)
    dry.save("y", 2)
    assert (dry.load("x"), dry.load("y")) == (1, None)


def test_doctor_tries_the_probes_whose_secrets_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that one kind of probe lacks is told, and the other kinds are tried all the same."""
    config = tmp_path / "flyship.toml"
    health = '[[probes.health]]\napp = "shop"\nurl = "http://127.0.0.1:1/"\n'
    config.write_text(f'{health}[[probes.database]]\napp = "shop"\nsecret = "NOBODY_SET_IT"\n')
    monkeypatch.setenv("FLYSHIP_CONFIG", str(config))
    monkeypatch.setenv("FLYSHIP_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("FLYWATCH_KAFKA__BOOTSTRAP", "127.0.0.1:1")
    told = CliRunner().invoke(cli, ["doctor"]).stdout
    assert "FAIL health http://127.0.0.1:1/: shop: refused" in told
    assert "FAIL database: [[probes.database]] of shop: set NOBODY_SET_IT or NOBODY_SET_IT_FILE" in told


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ('[nats]\nserver = "nats://u:hunter2@h:4"', 'not "nats://***@h:4"'),
        ('[nats]\napi = "https//u:hunter2@h"', "must be a URL"),
        ('[api]\napps = ["shop"]\nbase = "u:hunter2@api.example.com"', "must be a URL"),
        ('[[probes.health]]\napp = "shop"\nurl = "htp://u:hunter2@h/"', 'not "htp://***@h/"'),
        ('[receive]\ntokens = { shop = "hunter2" }', "must be the name of the variable"),
        ('[[probes.database]]\napp = "shop"\nsecret = "postgres://u:hunter2@h/db"', "must be the name of the variable"),
        ('[[probes.supabase]]\napp = "shop"\nref = "abcdef"\nsecret = "eyJ.hunter2"', "must be the name of the variable"),
        ('[metrics]\nlisten = "[::]:1"\n[receive]\nlisten = "[::]:1"', "receive: listens on [::]:1, as metrics does"),
        ('[api]\napps = ["shop"]\n[nats]', "nats: asks for what shop says, as api does"),
        ('[api]\napps = ["web", "shop"]\n[nats]\nsubjects = ["logs.shop.ams.>"]', "nats: asks for what shop says, as api does"),
    ],
)
def test_a_secret_in_the_file_is_not_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str, told: str) -> None:
    """Who writes a secret where its variable's name belongs, or into a URL, is told so without it."""
    (tmp_path / "flyship.toml").write_text(config)
    monkeypatch.setenv("FLYSHIP_CONFIG", str(tmp_path / "flyship.toml"))
    done = CliRunner().invoke(cli, ["run"])
    assert done.exit_code == 2
    assert told in done.stderr
    assert "hunter2" not in done.output


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """Who names a directory is told to name its files."""
    done = CliRunner().invoke(cli, ["files", "--dry-run", str(tmp_path)])
    assert done.exit_code == 2
    assert f"is a directory: name its files, such as '{tmp_path}/*.log'" in done.stderr
