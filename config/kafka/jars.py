"""Runs one Kafka from its own jars, on this machine's Java. Knows no topic, no docker and no order of choices."""

import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import BinaryIO

from config.kafka.ports import HOST, START_SECONDS, BrokerError, check_free, free_port, wait_ready

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
LIBS = REPO / ".kafka" / "libs"
POM = HERE / "pom.xml"
CLUSTER_ID = "Zmx5d2F0Y2hsb2NhbDAwMQ"  # any 16 bytes in base64
PR_SET_PDEATHSIG = 1


def missing_tools() -> list[str]:
    """Name the programs the jars still need: java to run them, mvn only while they are not there."""
    missing = [] if _java() else ["java (17 or newer)"]
    if not _libs_are_current() and shutil.which("mvn") is None:
        missing.append("mvn")
    return missing


def server_properties(*, port: int, controller_port: int, data: str, advertised: str, listen: str = HOST) -> str:
    """Fill the template in."""
    template = string.Template((HERE / "server.properties").read_text(encoding="utf-8"))
    return template.substitute(port=port, controller_port=controller_port, data=data, advertised=advertised, listen=listen)


def container_environment(advertised: str) -> dict[str, str]:
    """Give the same settings as the variables that apache/kafka's image and ours read."""
    text = server_properties(
        port=9092,
        controller_port=9093,
        data="/var/lib/kafka/data",
        advertised=advertised,
        listen="0.0.0.0",  # noqa: S104 - inside a container; what is published of it is docker's to say
    )
    lines = [line.partition("=") for line in text.splitlines() if line and not line.startswith("#")]
    return {"KAFKA_" + key.upper().replace(".", "_"): value for key, _, value in lines}


def resolve_libs() -> Path:
    """Have Maven copy Kafka's jars, unless they are there and the pom is the one they came from."""
    if _libs_are_current():
        return LIBS
    mvn = shutil.which("mvn")
    if mvn is None:
        raise BrokerError("mvn not found: Maven fetches Kafka's jars, once")
    LIBS.parent.mkdir(exist_ok=True)
    # Copied beside and then renamed: an interrupted download never looks like a complete one.
    fresh = Path(tempfile.mkdtemp(prefix="libs-", dir=LIBS.parent))
    try:
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={fresh}", "-DincludeScope=runtime"]
        done = subprocess.run([mvn, "-q", "-B", "-f", POM, *goal], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BrokerError(f"mvn could not fetch Kafka's jars:\n{_last_lines(done.stdout + done.stderr)}")
        (fresh / "pom.sha256").write_text(_pom_digest(), encoding="utf-8")
        if not _libs_are_current():  # another process may have been faster
            shutil.rmtree(LIBS, ignore_errors=True)
            fresh.chmod(0o755)
            fresh.rename(LIBS)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return LIBS


def _libs_are_current() -> bool:
    stamp = LIBS / "pom.sha256"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _pom_digest()


def _pom_digest() -> str:
    return hashlib.sha256(POM.read_bytes()).hexdigest()


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return (shutil.which("java", path=str(Path(home) / "bin")) if home else None) or shutil.which("java")


def _last_lines(text: str, count: int = 15) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


class Broker:
    """One Kafka process on this machine. Port and data stay the same over kill, stop and start."""

    def __init__(self, libs: Path, data_dir: Path, port: int, more: str = "", users: Sequence[str] = ()) -> None:
        """Describe it; `start` starts it. ``more``: further settings, as text; ``users``: of SCRAM, as Kafka writes them."""
        self.bootstrap = f"{HOST}:{port}"
        self.log = data_dir / "broker.log"
        self._libs = libs
        self._data_dir = data_dir
        self._port = port
        self._more = more
        self._users = [word for user in users for word in ("--add-scram", user)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Say whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Return when it answers; raise with the end of its log when it does not come up."""
        if self.running:
            return
        check_free(self._port)
        config = self._prepare()
        self._process = self._java("-Xms256m", "-Xmx768m", main=["kafka.Kafka", str(config)])
        try:
            wait_ready(self.bootstrap, lambda: self.running)
        except BaseException as error:
            self.kill()
            if isinstance(error, BrokerError):
                raise BrokerError(f"{error}; the end of {self.log}:\n{self.log_end()}") from None
            raise

    def kill(self) -> None:
        """End it by SIGKILL: what it had acknowledged must be there after `start`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self, seconds: float = 15) -> None:
        """End it the polite way, and by SIGKILL if that takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def restart(self) -> None:
        """Stop it politely and start it again."""
        self.stop()
        self.start()

    def wait(self) -> int:
        """Wait for the process to end by itself."""
        return self._process.wait() if self._process is not None else 0

    def log_end(self) -> str:
        """Read the last lines it logged."""
        return _last_lines(self.log.read_text(encoding="utf-8", errors="replace")) if self.log.exists() else ""

    def _prepare(self) -> Path:
        """Write the settings, and format the storage once: an existing one keeps its data."""
        storage = self._data_dir / "storage"
        config = self._data_dir / "server.properties"
        settings = server_properties(port=self._port, controller_port=free_port(), data=str(storage), advertised=self.bootstrap)
        self._data_dir.mkdir(parents=True, exist_ok=True)
        config.write_text(f"{settings}\n{self._more}", encoding="utf-8")
        if not (storage / "meta.properties").exists():
            format_storage = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(config), *self._users]
            quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # lives for a second: no time to optimise
            self._process = self._java(*quick, main=format_storage)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(START_SECONDS)
            if self._process.poll() != 0:
                self.kill()
                raise BrokerError(f"Kafka could not format its storage:\n{self.log_end()}")
        return config

    def _java(self, *options: str, main: list[str]) -> subprocess.Popen[bytes]:
        java = _java()
        if java is None:
            raise BrokerError("java not found: Kafka's jars need Java 17 or newer")
        classpath = f"{self._libs}/*"  # java expands it; there is no shell here that could
        logging = f"-Dlog4j2.configurationFile={HERE / 'log4j2.xml'}"
        with self.log.open("ab") as log:
            return _spawn([java, *options, logging, "-cp", classpath, *main], log)


def _spawn(command: list[str], log: BinaryIO) -> subprocess.Popen[bytes]:
    """Start it from a thread of its own, which stays: Linux counts the end of that thread as the parent's death."""
    started: Future[subprocess.Popen[bytes]] = Future()

    def hold() -> None:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # ctrl-C is for the program that started it, which then stops it in order
                preexec_fn=_die_with_parent(),  # noqa: PLW1509 - takes no lock that another thread could hold
            )
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()

    threading.Thread(target=hold, name="kafka", daemon=True).start()
    return started.result()


def _die_with_parent() -> Callable[[], None] | None:
    """Ask Linux to kill the child when the thread that started it is gone, however that ended."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork
    parent = os.getpid()

    def hook() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died between the fork and the call above
            os._exit(1)

    return hook


@contextlib.contextmanager
def local_broker(
    port: int | None = None, data_dir: Path | None = None, more: str = "", users: Sequence[str] = ()
) -> Iterator[Broker]:
    """Run a broker from the jars: on a free port, unless one is given; on data that is removed, unless it is given."""
    libs = resolve_libs()
    temporary = Path(tempfile.mkdtemp(prefix="flywatch-kafka-")) if data_dir is None else None
    broker = Broker(libs, data_dir or temporary or Path(), free_port() if port is None else port, more, users)
    try:
        broker.start()
        yield broker
    finally:
        if temporary is None:
            broker.stop()
        else:
            broker.kill()  # nothing of it is kept: no need to ask nicely
            shutil.rmtree(temporary, ignore_errors=True)
