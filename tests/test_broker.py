"""The local broker: it starts, keeps what it acknowledged, and says clearly why it cannot."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from config.kafka.broker import (
    BOOTSTRAP_SETTING,
    PORT_SETTING,
    Broker,
    BrokerError,
    Source,
    choose,
    container_environment,
    free_port,
    local_broker,
    wait_ready,
)

REPO = Path(__file__).resolve().parent.parent
SCRIPT = REPO / "config" / "kafka" / "broker.py"
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent.sock"}


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def _send(bootstrap: str, topic: str, values: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for value in values:
            await producer.send_and_wait(topic, value, partition=0)


async def _read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, 0)])
    async with consumer:
        return [bytes((await consumer.getone()).value) for _ in range(count)]


@pytest.mark.kafka
async def test_the_shared_broker_takes_and_gives_records(kafka_bootstrap: str) -> None:
    """The broker of the run, wherever it comes from, gives back what was sent."""
    topic = f"broker-{os.getpid()}-{time.time_ns()}"
    await _create(kafka_bootstrap, topic)
    await _send(kafka_bootstrap, topic, [b"one", b"two"])
    assert await _read(kafka_bootstrap, topic, 2) == [b"one", b"two"]


@pytest.mark.kafka
async def test_acknowledged_records_outlive_sigkill(own_broker: Broker) -> None:
    """What was acknowledged before a SIGKILL is read after the start that follows, at the same address."""
    await _create(own_broker.bootstrap, "kept")
    await _send(own_broker.bootstrap, "kept", [b"before"])
    own_broker.kill()
    assert not own_broker.running
    own_broker.start()
    await _send(own_broker.bootstrap, "kept", [b"after"])
    own_broker.restart()
    assert await _read(own_broker.bootstrap, "kept", 2) == [b"before", b"after"]


@pytest.mark.kafka
async def test_a_broker_outlives_the_thread_that_started_it(own_broker: Broker) -> None:
    """Only the end of the whole program ends the broker, not that of a thread in it."""
    own_broker.stop()
    thread = threading.Thread(target=own_broker.start)
    thread.start()
    await asyncio.to_thread(thread.join)
    await _create(own_broker.bootstrap, "threads")
    await _send(own_broker.bootstrap, "threads", [b"alive"])
    assert own_broker.running


@pytest.mark.kafka
def test_only_data_of_its_own_making_is_removed(own_broker: Broker, tmp_path: Path) -> None:
    """A broker on a directory it was given leaves it there."""
    assert own_broker.log.is_file()
    with local_broker(data_dir=tmp_path / "data") as broker:
        assert broker.bootstrap != own_broker.bootstrap
    assert (tmp_path / "data" / "storage" / "meta.properties").is_file()


@pytest.mark.kafka
@pytest.mark.usefixtures("jars")
def test_a_taken_port_is_a_clear_error() -> None:
    """A port that somebody listens on gives one line that names the setting to change, and starts nothing."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} is taken.*{PORT_SETTING}"), local_broker(port):
            pytest.fail("a broker on a taken port")


@pytest.mark.kafka
@pytest.mark.usefixtures("jars")
def test_the_script_cleans_up_when_it_is_ended(tmp_path: Path) -> None:
    """The script prints its address when ready; SIGTERM ends it with status 0, no broker and no data left."""
    port = free_port()
    script = _script({**NO_ENGINE, PORT_SETTING: str(port)}, tmp_path)
    try:
        assert script.stdout is not None
        assert f"127.0.0.1:{port}" in script.stdout.readline()
        wait_ready(f"127.0.0.1:{port}")
        script.send_signal(signal.SIGTERM)
        assert script.wait(30) == 0
    finally:
        script.kill()
        script.communicate()
    assert not _listens(port)
    assert not (REPO / ".kafka" / f"data-{port}").exists()


@pytest.mark.kafka
@pytest.mark.usefixtures("jars")
def test_the_broker_dies_with_a_killed_script(tmp_path: Path) -> None:
    """A script that is killed outright leaves no java behind."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can tie a child's life to its parent's")
    port = free_port()
    script = _script({**NO_ENGINE, PORT_SETTING: str(port)}, tmp_path)
    try:
        assert script.stdout is not None
        assert script.stdout.readline()
    finally:
        script.kill()
        script.communicate()
        shutil.rmtree(REPO / ".kafka" / f"data-{port}", ignore_errors=True)  # it could not do so itself
    deadline = time.monotonic() + 10
    while _listens(port) and time.monotonic() < deadline:
        time.sleep(0.05)  # not for luck: until the deadline above
    assert not _listens(port)


def _script(environ: Mapping[str, str], where: Path) -> subprocess.Popen[str]:
    inherited = {key: value for key, value in os.environ.items() if key != BOOTSTRAP_SETTING}
    return subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        cwd=where,
        env={**inherited, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    ("environ", "engine", "missing", "expected"),
    [
        ({BOOTSTRAP_SETTING: "kafka.example:9092"}, True, [], Source.GIVEN),
        ({BOOTSTRAP_SETTING: ""}, True, [], Source.DOCKER),
        ({}, True, ["java"], Source.DOCKER),
        ({}, False, [], Source.JARS),
        ({}, False, ["mvn"], Source.NONE),
    ],
)
def test_the_order_of_the_choices(environ: dict[str, str], engine: bool, missing: list[str], expected: Source) -> None:
    """A given address wins over docker, docker over the jars, and the jars need their tools."""
    assert choose(environ, lambda: engine, lambda: missing) is expected


def test_a_given_address_asks_for_nothing_else() -> None:
    """With an address given, neither docker nor java is looked for."""

    def asked() -> bool:
        raise AssertionError("docker was asked")

    assert choose({BOOTSTRAP_SETTING: "kafka.example:9092"}, asked) is Source.GIVEN


def test_nothing_found_names_what_is_missing(tmp_path: Path) -> None:
    """Without docker and java the script ends with status 2 and one line that says so."""
    script = _script({**NO_ENGINE, "PATH": str(tmp_path), "JAVA_HOME": ""}, tmp_path)
    _, error = script.communicate(timeout=30)
    assert script.returncode == 2
    assert re.fullmatch(rf"error: no broker: .*java.*{BOOTSTRAP_SETTING}\n", error)


def test_compose_has_the_settings_of_the_template() -> None:
    """docker-compose.yml, people's way to the image, gives it the settings of server.properties."""
    text = (REPO / "docker-compose.yml").read_text(encoding="utf-8")
    said = dict(re.findall(r'^ +(KAFKA_\w+): "(.*)"$', text, re.MULTILINE))
    wanted = container_environment("127.0.0.1:${FLYWATCH_KAFKA_PORT:-9092}")
    assert said == wanted | {name: said.get(name) for name in ("KAFKA_HEAP_OPTS", "KAFKA_LOG4J_ROOT_LOGLEVEL")}
