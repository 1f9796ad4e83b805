"""Debian's nats-server as Fly's stream: one user with a password, to be killed and started again. Knows no line."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.kafka.broker import free_port
from tests.servers import program

DEADLINE_S = 60.0


class NatsServer:
    """A server on a port that stays the same."""

    def __init__(self, directory: Path, user: str, password: str, may: str = ">") -> None:
        """``may``: the subjects that a subscription of the user may ask for; another user, ``fly``, may all."""
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._directory, self._user, self.may = directory, user, may
        self._program = program("nats-server", "nats-server", "usr/sbin/nats-server")
        self._process: subprocess.Popen[bytes] | None = None
        self.password = password

    def start(self) -> None:
        """Start, and wait until it answers."""
        config = self._directory / "nats.conf"
        may = f'{{subscribe: "{self.may}", publish: "_none"}}'
        config.write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            "authorization { users = [\n"
            f'  {{user: "{self._user}", password: "{self.password}", permissions: {may}}},\n'
            f'  {{user: "fly", password: "{self.password}"}}\n'
            "]}\n"
        )
        with (self._directory / "nats.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", str(config)], stdout=log, stderr=log)
        self._wait()

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: int) -> None:
        """Send it a signal: SIGSTOP makes it a peer that is dead and does not say so."""
        assert self._process is not None
        self._process.send_signal(number)

    def _wait(self) -> None:
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    if connection.recv(5) == b"INFO ":
                        return
            except OSError:
                pass
            assert time.monotonic() < deadline_s, (self._directory / "nats.log").read_text()
            time.sleep(0.05)


@contextmanager
def nats_server(directory: Path, user: str, password: str, may: str = ">") -> Iterator[NatsServer]:
    """Give a server that runs."""
    server = NatsServer(directory, user, password, may)
    server.start()
    try:
        yield server
    finally:
        server.kill()
