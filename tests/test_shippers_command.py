"""The ``flyship`` command as a process, without Kafka: output, exit codes, signals, pipes that break."""

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from shippers.settings import Settings

DEADLINE_S = 30.0
FLYSHIP = [sys.executable, "-m", "shippers"]
REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def environ() -> dict[str, str]:
    """Give an environment in which nothing of flywatch is set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLYWATCH_")}
    return kept | {"PYTHONPATH": str(REPOSITORY)}


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Give a list of processes that are ended and closed in the end."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        with process:
            pass


def _run(
    environ: dict[str, str], *arguments: str, given: bytes = b"", settings: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = [*FLYSHIP, *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, env=environ | (settings or {}), timeout=DEADLINE_S, check=False
    )


def _rows(out: bytes) -> list[Any]:
    return [row for record in out.splitlines() for row in orjson.loads(record)["lines"]]


def test_a_dry_run_prints_records(environ: dict[str, str]) -> None:
    """Lines of stdin come out as the records' JSON, one document a line; the summary goes to stderr."""
    given = b"2025-10-10T17:02:56Z app[i1] ord [info]GET / 200\nbare\n"
    done = _run(environ, "stdin", "--dry-run", "--app", "shop", given=given)
    first, second = map(orjson.loads, done.stdout.splitlines())
    assert first == {
        "v": 1,
        "app": "shop",
        "instance": "i1",
        "region": "ord",
        "provider": "app",
        "level": "info",
        "lines": [["2025-10-10T17:02:56Z", "GET / 200"]],
    }
    assert (second["app"], second["instance"], second["lines"]) == ("shop", "stdin", [[None, "bare"]])
    assert b"shipped 2 lines in 2 records" in done.stderr
    assert done.returncode == 0


def test_lines_of_no_app_belong_to_local(environ: dict[str, str]) -> None:
    """Without --app the envelope's app counts, and a line without one belongs to the app local."""
    nats = {"fly": {"app": {"name": "web", "instance": "i"}, "region": "iad"}, "message": "m"}
    given = orjson.dumps(nats | {"timestamp": "2025-10-10T17:02:56Z"}) + b"\nbare"
    done = _run(environ, "stdin", "--dry-run", given=given)
    assert [orjson.loads(record)["app"] for record in done.stdout.splitlines()] == ["web", "local"]


def test_files_in_one_run(environ: dict[str, str], tmp_path: Path) -> None:
    """A damaged file gives exit code 1 and its sound beginning; the files beside it are whole."""
    packed = gzip.compress(b"".join(b"%d %s\n" % (number, os.urandom(8).hex().encode()) for number in range(20_000)))
    (tmp_path / "a.log.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.log").write_text("b 1\nb 2\n")
    done = _run(environ, "files", "--dry-run", str(tmp_path / "*.log*"))
    rows = _rows(done.stdout)
    assert rows[-2:] == [[None, "b 1"], [None, "b 2"]]
    assert [int(text.split()[0]) for _, text in rows[:-3]] == list(range(len(rows) - 3))
    assert done.returncode == 1
    assert f"a.log.gz ends at byte {len(packed) // 2}".encode() in done.stderr


@pytest.mark.parametrize(
    ("arguments", "settings", "told"),
    [
        (["files", "no-such-*.log"], {}, "no file matches 'no-such-*.log'"),
        (["stdin", "--batch-lines", "many"], {}, "--batch-lines: 'many'"),
        (["stdin", "--batch-lines", "0"], {}, "--batch-lines: '0'"),
        (["stdin", "--app", "a/b"], {}, "--app: 'a/b'"),
        (["stdin", "--compression", "best"], {}, "--compression: 'best'"),
        (["stdin"], {"FLYWATCH_KAFKA__BOOTSTRAP": "nowhere"}, "FLYWATCH_KAFKA__BOOTSTRAP: 'nowhere' is not HOST:PORT"),
        (["stdin"], {"FLYWATCH_TOPICS__LOGS": "a b"}, "FLYWATCH_TOPICS__LOGS: 'a b'"),
        (["files", "x", "--history", "--follow"], {}, "--history"),
        (["files", "x", "--from-start"], {}, "--from-start"),
    ],
)
def test_bad_usage_is_one_line(environ: dict[str, str], arguments: list[str], settings: dict[str, str], told: str) -> None:
    """A wrong value ends with exit code 2 and one line that names it."""
    done = _run(environ, *arguments, settings=settings)
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert told in line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[topics]\nlogs = 'a b'", "flywatch.toml: topics: logs: 'a b'"),
        ("[kafka]\nbootstrap = 'nowhere'", "flywatch.toml: kafka: bootstrap: 'nowhere' is not HOST:PORT"),
        ("[kafka]\nbootstrap = 1", "flywatch.toml: kafka: bootstrap: 1"),
        ("[topics", "flywatch.toml: Expected"),
    ],
)
def test_a_shared_setting_that_is_wrong(environ: dict[str, str], tmp_path: Path, text: str, told: str) -> None:
    """What flywatch.toml says wrongly of broker and topic ends with one line that says where it stands."""
    (tmp_path / "flywatch.toml").write_text(text)
    done = _run(environ, "stdin", settings={"FLYWATCH_CONFIG": str(tmp_path)})
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert told in line


def test_the_broker_and_the_topic_of_the_file(environ: dict[str, str], tmp_path: Path) -> None:
    """Broker and topic come from flywatch.toml, below the environment; its other settings are not the shipper's affair."""
    (tmp_path / "flywatch.toml").write_text("unlisted = 3\n[kafka]\nbootstrap = 'b:1'\n[topics]\nlogs = 'mine'")
    given = environ | {"FLYWATCH_CONFIG": str(tmp_path), "FLYWATCH_KAFKA__BOOTSTRAP": "c:2"}
    settings = Settings.read(given, {})
    assert (settings.bootstrap, settings.topic) == ("c:2", "mine")


def test_a_broker_that_is_not_there(environ: dict[str, str]) -> None:
    """Without a broker the shipper waits, says so, gives up after the timeout, and says what to set."""
    with socket.socket() as reserved:  # bound, not listening: nobody answers there
        reserved.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{reserved.getsockname()[1]}"
        done = _run(environ, "stdin", "--timeout", "2", given=b"line\n", settings={"FLYWATCH_KAFKA__BOOTSTRAP": where})
    assert done.returncode == 1
    told = done.stderr.decode()
    assert f"waiting for Kafka at {where}" in told
    assert f"cannot reach Kafka at {where}: " in told
    assert "set FLYWATCH_KAFKA__BOOTSTRAP" in told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains(environ: dict[str, str], processes: list[subprocess.Popen[bytes]], number: signal.Signals) -> None:
    """At a signal what was written so far is shipped, a partial line too, and the exit code is 0."""
    process = _piped(environ, "stdin", "--dry-run", "--batch-age-ms", "100")
    processes.append(process)
    assert process.stdin and process.stdout  # noqa: PT018  # for the type checker
    process.stdin.write(b"first\n")
    process.stdin.flush()
    shipped = process.stdout.readline()  # it runs, its handlers are there
    process.stdin.write(b"second\npart")
    process.stdin.flush()
    process.send_signal(number)
    with _deadline(process):
        rest, told = process.stdout.read(), process.stderr.read() if process.stderr else b""
        assert process.wait() == 0
    assert [text for _, text in _rows(shipped + rest)] == ["first", "second", "part"]
    assert b"shipped 3 lines" in told


def test_a_follower_drains_at_sigterm(
    environ: dict[str, str], processes: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """A follower ends at SIGTERM with exit code 0; a dry run notes nothing, so the next one has the same lines."""
    (tmp_path / "a.log").write_text("first\nsecond\npart")
    environ["FLYSHIP_STATE"] = str(tmp_path / "state")
    process = _piped(environ, "files", "--dry-run", "--follow", "--from-start", str(tmp_path / "*.log"))
    processes.append(process)
    assert process.stdout
    shipped = process.stdout.readline()
    process.terminate()
    with _deadline(process):
        rest = process.stdout.read()
        assert process.wait() == 0
    assert [text for _, text in _rows(shipped + rest)] == ["first", "second"], "a partial line is the next run's"
    assert not (tmp_path / "state").exists()


def test_a_dry_run_of_all_sources_notes_nothing(
    environ: dict[str, str], processes: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """``flyship run --dry-run`` leaves how far the sources came as it is: what it printed is still to be shipped."""
    (tmp_path / "a.log").write_text("first\n")
    config = tmp_path / "flyship.toml"
    config.write_text(f'state = "{tmp_path}/state"\n[files]\npaths = ["{tmp_path}/*.log"]\nfrom_start = true\n')
    process = _piped(environ | {"FLYSHIP_CONFIG": str(config)}, "run", "--dry-run")
    processes.append(process)
    assert process.stdout
    assert [text for _, text in _rows(process.stdout.readline())] == ["first"]
    process.terminate()
    with _deadline(process):
        process.stdout.read()
        assert process.wait() == 0
    assert not (tmp_path / "state").exists()


def test_a_second_signal_ends_at_once(environ: dict[str, str], processes: list[subprocess.Popen[bytes]]) -> None:
    """When the drain cannot go on, a second signal ends the process with 1 and the number of lines it had read."""
    process = _piped(environ, "stdin", "--dry-run", "--batch-age-ms", "0", "--batch-lines", "1")
    processes.append(process)
    assert process.stdin and process.stdout and process.stderr  # noqa: PT018  # for the type checker
    process.stdin.write(b"first\n")
    process.stdin.flush()
    process.stdout.readline()
    with _deadline(process):
        process.send_signal(signal.SIGSTOP)  # both signals arrive before it can drain
        process.terminate()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        assert process.wait() == 1
        assert b"ended at once: 0 lines were not acknowledged" in process.stderr.read()


def test_a_reader_that_hangs_up(environ: dict[str, str], processes: list[subprocess.Popen[bytes]]) -> None:
    """A closed stdout ends a dry run quietly, and a closed stderr does not matter."""
    process = _piped(environ, "stdin", "--dry-run", "--batch-lines", "1")
    processes.append(process)
    assert process.stdin and process.stdout and process.stderr  # noqa: PT018  # for the type checker
    process.stdout.close()
    process.stdin.write(b"a line\n")
    process.stdin.flush()
    with _deadline(process):
        assert process.wait() == 0
    assert process.stderr.read() == b""


def _piped(environ: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen([*FLYSHIP, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, env=environ)


@contextmanager
def _deadline(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill a process that does not end, so that reading from it does."""
    timer = threading.Timer(DEADLINE_S, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
