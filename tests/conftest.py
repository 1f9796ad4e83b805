"""Gives a test a broker: one for the whole run, or one of its own to kill. Knows no topic.

The order is that of config/kafka/broker.py. A run that found none skips those tests and says so in its last lines;
with CI=true it fails.
"""

import contextlib
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.kafka.broker import (
    BOOTSTRAP_SETTING,
    Broker,
    BrokerError,
    Source,
    choose,
    container_environment,
    free_port,
    local_broker,
    missing_tools,
    none_found,
    resolve_libs,
    wait_ready,
)
from tests.servers.fly_org import FlyOrg, fly_org

NOTES = pytest.StashKey[list[str]]()
IMAGE = os.environ.get("FLYWATCH_KAFKA_IMAGE") or "apache/kafka:4.1.1"


@pytest.fixture(scope="session")
def kafka_bootstrap(pytestconfig: pytest.Config) -> Iterator[str]:
    """Give the address of a broker that the whole run shares: topics need names of their own."""
    source = choose(os.environ)
    with contextlib.ExitStack() as stack:
        address = None
        if source is Source.GIVEN:
            address = os.environ[BOOTSTRAP_SETTING]
        elif source is Source.DOCKER:
            address = _from_docker(stack, pytestconfig)
        if address is None:
            _need_jars(pytestconfig)
            source, address = Source.JARS, stack.enter_context(local_broker()).bootstrap
        _note(pytestconfig, f"kafka: the broker at {address} ({source})")
        yield address


@pytest.fixture
def jars(pytestconfig: pytest.Config) -> None:
    """Let a test that starts brokers itself run only where the jars can."""
    _need_jars(pytestconfig)


@pytest.fixture
def own_broker(jars: None) -> Iterator[Broker]:  # noqa: ARG001 - skips where there are none
    """Give a broker that nobody else uses, so the test may kill it; always from the jars."""
    with local_broker() as broker:
        yield broker


@pytest.fixture
def org(tmp_path: Path) -> Iterator[FlyOrg]:
    """Give an organisation."""
    with fly_org(tmp_path) as running:
        yield running


def _need_jars(config: pytest.Config) -> None:
    if missing_tools():
        _give_up(config, none_found())
    try:
        resolve_libs()
    except BrokerError as error:
        _give_up(config, str(error))


def _from_docker(stack: contextlib.ExitStack, config: pytest.Config) -> str | None:
    """Start the image; None, with a line said, when this engine cannot have it."""
    # Here and not above: runs without docker need not have these, nor wait for them.
    from docker.errors import DockerException  # type: ignore[import-untyped]  # noqa: PLC0415
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415

    port = free_port()  # chosen before the start: Kafka tells its clients the address it was started with
    try:
        with contextlib.ExitStack() as attempt:
            container = DockerContainer(IMAGE).with_bind_ports(9092, port)
            address = f"{container.get_docker_client().host()}:{port}"
            attempt.enter_context(container.with_envs(**container_environment(address)))
            wait_ready(address)
            stack.push(attempt.pop_all())
    except (DockerException, BrokerError, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][-160:]  # the cause stands at the end
        _note(config, f"kafka: docker answers, but could not run {IMAGE} ({reason}): took the jars instead")
        return None
    return address


def _give_up(config: pytest.Config, reason: str) -> None:
    """Skip the test that asked, or fail it where a skipped test would look like a passed one."""
    _note(config, f"kafka: tests that need a broker did not run: {reason}")
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true needs a broker: {reason}", pytrace=False)
    pytest.skip(reason)


def _note(config: pytest.Config, line: str) -> None:
    notes = config.stash.setdefault(NOTES, [])
    if line not in notes:
        notes.append(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give what is to be said at the end to the process that says it, where tests run in several."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["notes"] = session.config.stash.get(NOTES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what another process gives."""
    for line in getattr(node, "workeroutput", {}).get("notes", []):
        _note(node.config, line)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> Generator[None, None, None]:
    """Say which broker the run had, or that it had none, behind everything else."""
    yield
    for line in config.stash.get(NOTES, []):
        terminalreporter.write_line(line)
