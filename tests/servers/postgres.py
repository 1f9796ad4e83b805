"""A PostgreSQL of a test's own: small, throw-away, to be killed, stopped and started again."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from config.kafka.broker import free_port
from tests.servers import program

PASSWORD = "a-password-of-the-test"  # noqa: S105  # of this test alone
UP_S = 60.0
USER = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
MAX_CONNECTIONS, RESERVED = 14, 2
SETTINGS = f"""
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = {MAX_CONNECTIONS}
superuser_reserved_connections = {RESERVED}
shared_buffers = 16MB
fsync = off
deadlock_timeout = 50ms
autovacuum = off
shared_preload_libraries = 'pg_stat_statements'
"""
ACCESS = """
hostssl all tls_only 127.0.0.1/32 scram-sha-256
hostnossl all tls_only 127.0.0.1/32 reject
host replication all 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""


class Postgres:
    """One cluster in a directory; the superuser is ``postgres``."""

    def __init__(self, directory: Path) -> None:
        """``directory`` is one that ``postgres`` may write to."""
        self.port = free_port()
        self._directory = directory
        self._data = directory / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def dsn(self, user: str = "postgres", database: str = "postgres", password: str = PASSWORD) -> str:
        """Return where it is, and as whom."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def create(self, settings: str = "") -> None:
        """Make the cluster."""
        password = self._directory / "password"
        password.write_text(PASSWORD)
        _owned(password)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "--pwfile", str(password), "--no-sync")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS + settings)
        (self._data / "pg_hba.conf").write_text(ACCESS)

    def clone(self, directory: Path, *, hot: bool = True) -> "Postgres":
        """Return a running standby of this one; one that is not ``hot`` is up, and lets nobody in."""
        other = Postgres(directory)
        at = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres")
        other._run("pg_basebackup", *at, "-D", str(other._data), "-R", "--no-sync", "-c", "fast")
        if not hot:
            with (other._data / "postgresql.conf").open("a") as file:
                file.write("hot_standby = off\n")
        other.start(ready=0 if hot else 1)
        return other

    def start(self, ready: int = 0) -> None:
        """Start it unless it runs, and wait until ``pg_isready`` says that it takes connections (1: that it refuses them)."""
        if self._process is not None:
            return
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", str(self._data), "-p", str(self.port)],
                stdout=log, stderr=log, user=USER, group=USER, cwd="/",
            )  # fmt: skip
        deadline = time.monotonic() + UP_S
        asking = [_program("pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        while subprocess.run(asking, check=False).returncode != ready:
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            self._wait()

    def kill(self) -> None:
        """End it at once, as an operator does who pulls the plug."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(UP_S)
            self._process = None

    def pause(self) -> None:
        """Let it take connections, by the kernel's hand, and answer nobody."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def log(self) -> str:
        """Return what it said last."""
        return (self._directory / "log").read_text()[-2000:]

    def _pids(self) -> list[int]:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [self._process.pid, *map(int, children)]

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            [_program(words[0]), *words[1:]], capture_output=True, check=False, user=USER, group=USER, cwd="/"
        )
        assert not done.returncode, done.stderr.decode()

    @staticmethod
    def _wait() -> None:
        time.sleep(0.05)


@contextmanager
def directory_of_postgres() -> Iterator[Path]:
    """Give a directory that ``postgres`` may write to: pytest's own may be closed to others."""
    made = Path(tempfile.mkdtemp(prefix="flywatch-postgres-"))
    _owned(made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def postgres(settings: str = "") -> Iterator[Postgres]:
    """Give a running server."""
    with directory_of_postgres() as directory:
        server = Postgres(directory)
        server.create(settings)
        try:
            server.start()
            yield server
        finally:
            server.kill()


async def connected(server: Postgres, **given: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Open a connection, as the superuser unless told otherwise."""
    return await asyncpg.connect(server.dsn(**given), timeout=UP_S)


def _program(name: str) -> str:
    return program(name, "postgresql and postgresql-contrib", f"usr/lib/postgresql/*/bin/{name}")


def _owned(path: Path) -> None:
    if USER is not None:
        shutil.chown(path, USER, USER)
