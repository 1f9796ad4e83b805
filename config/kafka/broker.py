"""Starts one Kafka. Knows no topic.

The order in which a broker is looked for: the address in FLYWATCH_KAFKA__BOOTSTRAP; docker, if an engine answers;
Apache Kafka's own jars on this machine's Java (jars.py); none, with an error that names what is missing. Run as a
script it takes the whole order and stays in the foreground. Standard library only: it must work before anything is
installed.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from types import FrameType

if not __package__:  # run as a script: the repository is not yet on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from config.kafka.jars import REPO, Broker, container_environment, local_broker, missing_tools, resolve_libs
from config.kafka.ports import HOST, PORT_SETTING, BrokerError, check_free, free_port, wait_ready

__all__ = [
    "BOOTSTRAP_SETTING",
    "PORT_SETTING",
    "Broker",
    "BrokerError",
    "Source",
    "choose",
    "container_environment",
    "engine_answers",
    "free_port",
    "local_broker",
    "missing_tools",
    "none_found",
    "resolve_libs",
    "wait_ready",
]

BOOTSTRAP_SETTING = "FLYWATCH_KAFKA__BOOTSTRAP"


class Source(StrEnum):
    """Where a broker comes from, in the order of preference."""

    GIVEN = "given"
    DOCKER = "docker"
    JARS = "jars"
    NONE = "none"


def engine_answers() -> bool:
    """Say whether a docker engine is there, not only its client."""
    if shutil.which("docker") is None:
        return False
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=5, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def choose(
    environ: Mapping[str, str],
    engine: Callable[[], bool] = engine_answers,
    missing: Callable[[], list[str]] = missing_tools,
) -> Source:
    """Take the first broker of the order that can be had; later ones are not even asked for."""
    if environ.get(BOOTSTRAP_SETTING):
        return Source.GIVEN
    if engine():
        return Source.DOCKER
    return Source.NONE if missing() else Source.JARS


def none_found() -> str:
    """Say in one line what would have to be there."""
    return (
        f"no broker: docker gave none and {' and '.join(missing_tools())} not found; "
        f"install that, start docker, or set {BOOTSTRAP_SETTING}"
    )


def _port(environ: Mapping[str, str]) -> int:
    text = environ.get(PORT_SETTING) or "9092"
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise BrokerError(f"{PORT_SETTING} is {text!r}: give a port number, 1 to 65535")
    check_free(int(text))
    return int(text)


def _announce(bootstrap: str, source: Source) -> None:
    print(f"kafka is ready at {bootstrap} ({source}); ctrl-C stops it and removes its data", flush=True)


def _compose_command() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):  # the plugin, or the older program
        if shutil.which(command[0]) is not None:
            known = subprocess.run([*command, "version"], capture_output=True, check=False)
            if known.returncode == 0:
                return command
    return None


def _run_compose(port: int) -> None:
    """Run docker-compose.yml until interrupted; return when docker could not bring it up."""
    command = _compose_command()
    if command is None:
        print("docker answers, but has no compose: taking Kafka's jars instead", file=sys.stderr)
        return
    compose = [*command, "-f", str(REPO / "docker-compose.yml")]
    environ = os.environ | {PORT_SETTING: str(port)}
    try:
        if subprocess.run([*compose, "up", "-d"], env=environ, stdout=sys.stderr, check=False).returncode != 0:
            print("docker could not start Kafka's image: taking Kafka's jars instead", file=sys.stderr)
            return
        wait_ready(f"{HOST}:{port}")
        _announce(f"{HOST}:{port}", Source.DOCKER)
        # Stays for as long as the container does, and shows the warnings it logs.
        subprocess.run([*compose, "logs", "--follow", "--tail=0"], env=environ, stdout=sys.stderr, check=False)
        raise BrokerError("Kafka's container ended by itself; its last lines are above")
    finally:
        subprocess.run([*compose, "down", "-v"], env=environ, stdout=sys.stderr, check=False)


def _run_jars(port: int) -> None:
    data_dir = REPO / ".kafka" / f"data-{port}"
    shutil.rmtree(data_dir, ignore_errors=True)  # of a run that could not clean up; the port says nobody uses it
    try:
        with local_broker(port, data_dir) as broker:
            _announce(broker.bootstrap, Source.JARS)
            status = broker.wait()
            raise BrokerError(f"Kafka ended by itself with status {status}:\n{broker.log_end()}")
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def run(environ: Mapping[str, str]) -> None:
    """Take the order from its top, and stay until interrupted."""
    source = choose(environ)
    if source is Source.GIVEN:
        print(f"{BOOTSTRAP_SETTING} is set to {environ[BOOTSTRAP_SETTING]}: nothing to start", flush=True)
        return
    if source is Source.DOCKER:
        _run_compose(_port(environ))
    if missing_tools():
        raise BrokerError(none_found())
    _run_jars(_port(environ))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    """Take the command line; 0 after an interrupt, 2 with one line when there is no broker to be had."""
    parser = argparse.ArgumentParser(description="One local Kafka, in the foreground; ctrl-C stops it and cleans up.")
    parser.add_argument(
        "what", nargs="?", choices=["run", "libs"], default="run", help="libs: only fetch the jars, to build the image"
    )
    what = parser.parse_args(arguments).what
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a shell's background job ignores SIGINT otherwise
        signal.signal(ending, _interrupt)
    try:
        if what == "libs":
            print(resolve_libs())
        else:
            run(os.environ)
    except BrokerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
