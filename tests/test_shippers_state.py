"""The state directory of several processes: each kind of source is one process's, until that ends, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shippers.checkpoints import Checkpoints
from shippers.locks import InUseError, Lock
from streams.config_errors import ConfigError
from tests.servers.fly_api import TOKEN, FlyApi
from tests.test_shippers_status import DEADLINE_S, FLYSHIP, ROOT

HOLD = """
import sys, pathlib
from shippers.checkpoints import Checkpoints
held = Checkpoints(pathlib.Path(sys.argv[1]))
held.own(sys.argv[2])
print("has it", flush=True)
sys.stdin.read()
"""


class Holder:
    """Another process that has a kind of source."""

    def __init__(self, directory: Path, kind: str) -> None:
        """Wait until it has it."""
        command = [sys.executable, "-c", HOLD, str(directory), kind]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"has it\n"

    def kill(self) -> None:
        """End it as nobody can clean up after."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    """Give a process that has ``api``."""
    found = Holder(tmp_path, "api+")
    yield found
    found.kill()


def test_a_second_process_is_refused(tmp_path: Path, holder: Holder) -> None:
    """It may have other kinds in the same directory; that kind as soon as the first is killed, and no trace is in the way."""
    checkpoints = Checkpoints(tmp_path)
    with pytest.raises(ConfigError) as raised:
        checkpoints.load("api+shop")
    told = str(raised.value)
    assert told.startswith(f"{tmp_path} is in use by process {holder.process.pid}")
    assert "set FLYSHIP_STATE" in told
    checkpoints.save("files", [1])
    assert Checkpoints(tmp_path, dry=True).load("api+shop") is None, "who notes nothing may look"
    holder.kill()
    assert checkpoints.load("api+shop") is None
    checkpoints.save("api+shop", [2])
    assert Checkpoints(tmp_path).load("api+shop") == [2], "one process may ask for it twice"


def test_a_lock_ends_with_who_holds_it(tmp_path: Path) -> None:
    """Within a process, too, nobody waits for a lock that is forgotten or was released."""
    first = Lock(tmp_path / "lock")
    with pytest.raises(InUseError, match=str(os.getpid())):
        Lock(tmp_path / "lock")
    first.release()
    first.release()
    second = Lock(tmp_path / "lock")
    del second
    Lock(tmp_path / "lock").release()


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    """A directory that is none is no reason not to read: what cannot be noted is told when it is."""
    (tmp_path / "file").write_text("")
    Checkpoints(tmp_path / "file" / "state").own("nats")


@pytest.mark.parametrize("words", [("api", "--app", "shop"), ("files", "--resume", "x.log"), ("run",), ("nats",)])
def test_commands_say_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A command that keeps how far it came ends with 2, and one line that names the directory and what to set."""
    (tmp_path / "x.log").write_text("line\n")
    state = tmp_path / "state"
    kind = {"api": "api+", "run": "files", "nats": "nats"}.get(words[0])
    (tmp_path / "flyship.toml").write_text(f'[files]\npaths = ["{tmp_path}/*.log"]\n')
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLYWATCH_", "FLYSHIP_", "FLY_"))}
    env = kept | {"FLYSHIP_STATE": str(state), "FLY_API_TOKEN": TOKEN, "FLYSHIP_CONFIG": str(tmp_path / "flyship.toml")}
    env["FLYWATCH_KAFKA__BOOTSTRAP"] = "127.0.0.1:1"
    arguments = [str(tmp_path / word) if word == "x.log" else word for word in words]
    if kind is None:  # of files each command line has its own
        subprocess.run(
            [*FLYSHIP, *arguments, "--timeout", "0.1"], cwd=ROOT, env=env, capture_output=True, timeout=60, check=False
        )
        (kind,) = [path.stem for path in state.glob("files-once-*.lock")]
    holder = Holder(state, kind)
    try:
        with FlyApi() as server:
            server.app("shop")
            base = ("--base", server.base) if words[0] == "api" else ()
            done = subprocess.run(
                [*FLYSHIP, *arguments, *base],
                cwd=ROOT,
                env=env,
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                check=False,
            )
    finally:
        holder.kill()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert f"{state} is in use by process {holder.process.pid}" in done.stderr
    assert f"how far {words[0] if words[0] != 'run' else 'files'} came: set FLYSHIP_STATE" in done.stderr
