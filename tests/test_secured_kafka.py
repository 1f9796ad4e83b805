"""A real Kafka behind TLS and logins: who gets in, and what those are told who do not."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from shippers.permission import WRITE
from tests.pipeline import Pipeline, until
from tests.servers.secured_kafka import PASSWORD, USER, Secured, secured_kafka
from tests.servers.token_server import CLIENT, SCOPE, SECRET, token, token_server

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("jars")]

ROOT = Path(__file__).parents[1]
DEADLINE_S = 120
DESCRIBE = 8  # the number of Kafka's operation
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Give a broker with a port for each way in."""
    with secured_kafka(tmp_path_factory.mktemp("secured")) as found:
        yield found


def _shipped(where: str, topic: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Ship one line."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FLYWATCH_")}
    environ |= {"FLYWATCH_KAFKA__BOOTSTRAP": where, "FLYWATCH_TOPICS__LOGS": topic}
    environ |= {f"FLYWATCH_KAFKA__{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "shippers", "stdin", "--timeout", "5"]
    return subprocess.run(
        command, cwd=ROOT, env=environ, input=b"a line\n", capture_output=True, timeout=DEADLINE_S, check=False
    )


def _login(kafka: Secured, mechanism: str, password: str = PASSWORD) -> dict[str, str]:
    return {
        "security": "sasl_ssl",
        "sasl_mechanism": mechanism,
        "username": USER,
        "password": password,
        "ca_file": kafka.ca_file,
    }


async def test_who_gets_in(kafka: Secured, tmp_path: Path) -> None:
    """TLS, a client's certificate, each mechanism and both ways to a token: the line is in the topic."""
    mutual = {"security": "ssl", "ca_file": kafka.ca_file, "cert_file": kafka.cert_file, "key_file": kafka.key_file}
    (tmp_path / "token").write_text(token(300))
    bearer = {"security": "sasl_ssl", "sasl_mechanism": "OAUTHBEARER", "ca_file": kafka.ca_file}
    async with Pipeline(kafka.plain, tmp_path) as pipeline, token_server() as server:
        asked = {"token_url": server.url, "client_id": CLIENT, "scope": SCOPE, "client_secret": SECRET}
        ways = [
            ("TLS", {"security": "ssl", "ca_file": kafka.ca_file}),
            ("MUTUAL", mutual),
            *(("LOGIN", _login(kafka, mechanism)) for mechanism in MECHANISMS),
            ("LOGIN", bearer | {"token_file": str(tmp_path / "token")}),
            ("LOGIN", bearer | asked),
        ]
        for name, settings in ways:
            done = await _in_thread(kafka.ways[name], pipeline.topics["logs"], **settings)
            assert done.returncode == 0, done.stderr.decode()
        assert len(await pipeline.read("logs")) == len(ways)


async def _in_thread(where: str, topic: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Ship one line while the token server of this loop goes on."""
    return await asyncio.to_thread(_shipped, where, topic, **settings)


async def test_who_does_not_get_in(kafka: Secured, tmp_path: Path) -> None:
    """Each way not to get in ends with 1 and a sentence of its own, and no password stands in it."""
    (tmp_path / "token").write_text(token(-300))
    old = {"security": "sasl_ssl", "sasl_mechanism": "OAUTHBEARER", "token_file": str(tmp_path / "token")}
    ca = {"ca_file": kafka.ca_file}
    ways = {**kafka.ways, "PLAIN": kafka.plain}
    tried: list[tuple[str, dict[str, str], str]] = [
        ("LOGIN", _login(kafka, "SCRAM-SHA-512", "wrong-of-the-test"), f"it refuses the login of {USER}"),
        ("LOGIN", _login(kafka, "PLAIN", "wrong-of-the-test"), f"it refuses the login of {USER}"),
        ("LOGIN", old | ca, "it refuses the token"),
        ("TLS", {"security": "ssl"}, "its certificate is not trusted"),
        ("PLAIN", {"security": "ssl"} | ca, "it hangs up on TLS: that port may speak plaintext"),
        ("TLS", {}, "that port may speak TLS"),
        ("TLS", _login(kafka, "PLAIN"), "nobody logs in at that port"),
        ("MUTUAL", {"security": "ssl"} | ca, "or a certificate (FLYWATCH_KAFKA__CERT_FILE)"),
    ]
    found = await asyncio.gather(*(_in_thread(ways[name], "fly.logs", **settings) for name, settings, _ in tried))
    for (_, _, told), done in zip(tried, found, strict=True):
        assert done.returncode == 1, done.stderr.decode()
        assert told in done.stderr.decode()
        assert "of-the-test" not in done.stderr.decode()


async def _allow(kafka: Secured, topic: str, operation: int) -> None:
    """Let the test's user do one thing with a topic, and nobody anything else."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.plain)
    await admin.start()
    try:
        rule = CreateAclsRequest(2, topic, 3, f"User:{USER}", "*", operation, 3)  # a topic, by its very name; allowed
        answer = await admin._client.send(admin._client.get_random_node(), rule)  # noqa: SLF001  # there is no method for it
        assert [code for code, *_ in answer.creation_responses] == [0]
    finally:
        await admin.close()


async def test_doctor_knows_whether_we_may_write(kafka: Secured, tmp_path: Path) -> None:
    """Without leave to write doctor says so; nothing is in the topic after it has looked."""
    login = {f"FLYWATCH_KAFKA__{name.upper()}": value for name, value in _login(kafka, "SCRAM-SHA-512").items()}
    login |= {"FLYWATCH_KAFKA__BOOTSTRAP": kafka.ways["LOGIN"], "FLYSHIP_STATE": str(tmp_path / "state")}
    async with Pipeline(kafka.plain, tmp_path) as pipeline:

        async def told() -> str:
            done = await asyncio.to_thread(pipeline.run, "shippers", "doctor")
            return str(done.stdout.decode().splitlines()[0])

        pipeline.env |= login
        topic = pipeline.topics["logs"]
        assert (await told()).endswith(f"has the topic {topic}, which we may write to")
        await _allow(kafka, topic, DESCRIBE)
        assert await told() == (
            f"FAIL kafka: {kafka.ways['LOGIN']} answers, and has the topic {topic}, but we may not write to it: "
            f"allow {USER} the operation WRITE on it"
        )
        await _allow(kafka, topic, WRITE)
        assert "which we may write to; not read: what had arrived before a kill may come twice" in await told()
        assert sum((await pipeline.ends("logs")).values()) == 0


async def test_workers_get_in(kafka: Secured, tmp_path: Path) -> None:
    """The topics are made, a worker counts, and alerts are read through TLS and a login."""
    login = {f"KAFKA__{name.upper()}": value for name, value in _login(kafka, "SCRAM-SHA-512").items()}
    async with Pipeline(kafka.ways["LOGIN"], tmp_path, login) as pipeline:
        assert pipeline.run("streams", "alerts", "--until-idle", "1").returncode == 0
        pipeline.start_worker()
        plain = Pipeline(kafka.plain, tmp_path)
        plain.topics = pipeline.topics

        async def ticked() -> bool:
            return sum((await plain.ends("logs")).values()) > 0

        await until("a worker ticks", ticked, DEADLINE_S)
