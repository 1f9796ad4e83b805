"""``flyship receive`` over a real socket: what each sender sends, who is refused, and when an answer comes."""

import asyncio
import base64
import gzip
import random
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from config.kafka.broker import Broker
from tests.pipeline import Pipeline, until
from tests.receiving import BEARER, DEADLINE_S, FIRST, FLY, ROOT, TOKEN, environment, peak_bytes, receiving

SYSLOG = b"<45>1 2025-10-10T18:36:01.5Z host shop web.1 - - GET /orders/2 200 12 - 4.2 ms"
OTLP = {
    "resourceLogs": [
        {
            "resource": {
                "attributes": [
                    {"key": "service.name", "value": {"stringValue": "shop"}},
                    {"key": "service.instance.id", "value": {"stringValue": "148e1"}},
                ]
            },
            "scopeLogs": [
                {
                    "logRecords": [
                        {
                            "timeUnixNano": "1760121362000000000",
                            "severityText": "ERROR",
                            "body": {"stringValue": "GET /orders/3 500 12 - 5.2 ms"},
                        }
                    ]
                }
            ],
        }
    ]
}


class Sent(NamedTuple):
    """What a sender sends, and what must come out of it: (app, text) of each line."""

    path: str
    headers: dict[str, str]
    body: bytes
    lines: list[tuple[str, str]]
    status: int = 200


def _protobuf() -> bytes:
    request = ExportLogsServiceRequest()
    of = request.resource_logs.add()
    attribute = of.resource.attributes.add()
    attribute.key, attribute.value.string_value = "service.name", "shop"
    record = of.scope_logs.add().log_records.add()
    record.time_unix_nano, record.body.string_value = 1_760_121_363_000_000_000, "GET /orders/4 200 12 - 6.2 ms"
    return bytes(request.SerializeToString())


ONE = orjson.dumps(FLY)
TWO = orjson.dumps(FLY | {"message": "a second"})
FRAMES = b"%d %s%d %s" % (len(SYSLOG), SYSLOG, len(SYSLOG), SYSLOG)
OF_SYSLOG = ("shop", "GET /orders/2 200 12 - 4.2 ms")
FORMS = {
    "NDJSON, packed by gzip": Sent(
        "/", {"Content-Encoding": "gzip"}, gzip.compress(ONE + b"\n" + TWO), [("shop", FIRST), ("shop", "a second")]
    ),
    "NDJSON, packed by zstd": Sent("/logs", {"Content-Encoding": "zstd"}, zstandard.compress(ONE + b"\n"), [("shop", FIRST)]),
    "NDJSON, deflated": Sent("/logs", {"Content-Encoding": "deflate"}, zlib.compress(ONE), [("shop", FIRST)]),
    "a JSON array": Sent("/logs", {}, b"[" + ONE + b"," + TWO + b"]", [("shop", FIRST), ("shop", "a second")]),
    "text, a line each, of a named app": Sent("/logs?app=web", {}, b"one\ntwo\n", [("web", "one"), ("web", "two")]),
    "a broken line between good ones": Sent(
        "/logs?app=web",
        {},
        ONE + b'\n{"broken\n' + TWO,
        [("shop", FIRST), ("web", '{"broken'), ("shop", "a second")],
    ),
    "a drain's frames": Sent("/drain", {"Logplex-Msg-Count": "2"}, FRAMES, [OF_SYSLOG, OF_SYSLOG], 204),
    "OTLP in JSON": Sent(
        "/v1/logs", {"Content-Type": "application/json"}, orjson.dumps(OTLP), [("shop", "GET /orders/3 500 12 - 5.2 ms")]
    ),
    "OTLP in protobuf": Sent(
        "/v1/logs", {"Content-Type": "application/x-protobuf"}, _protobuf(), [("shop", "GET /orders/4 200 12 - 6.2 ms")]
    ),
}
BOMB = gzip.compress(bytes(64 * 1024 * 1024))
REFUSED = {
    "no token": ("/logs", {}, b"x", 401),
    "a wrong token": ("/logs", {"Authorization": "Bearer another"}, b"x", 401),
    "a path that is none": ("/log", BEARER, b"x", 404),
    "a type of something else": ("/logs", BEARER | {"Content-Type": "image/png"}, b"x", 415),
    "an encoding nobody knows": ("/logs", BEARER | {"Content-Encoding": "br"}, b"x", 415),
    "a body that is no gzip": ("/logs", BEARER | {"Content-Encoding": "gzip"}, b"no gzip", 400),
    "a bomb": ("/logs", BEARER | {"Content-Encoding": "gzip"}, BOMB, 413),
    "OTLP that is no protobuf": ("/v1/logs", BEARER | {"Content-Type": "application/x-protobuf"}, b"\xff\xff\xff", 400),
    "OTLP that is no JSON": ("/v1/logs", BEARER | {"Content-Type": "application/json"}, b"{", 400),
}


@pytest.fixture
def env() -> dict[str, str]:
    """Give an environment in which only the token is set."""
    return environment()


def _shipped(records: list[Any]) -> list[tuple[str, str]]:
    return sorted((record["app"], row[1]) for record in records for row in record.get("lines", ()))


@pytest.mark.kafka
async def test_every_form_is_shipped_before_its_answer(kafka_bootstrap: str, tmp_path: Path, env: dict[str, str]) -> None:
    """What each sender sends is in Kafka, whole, once it has its answer: kill -9 right behind the last one loses nothing."""
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        async with receiving(env | pipeline.env, tmp_path / "told") as receiver:
            for name, sent in FORMS.items():
                headers = {"Content-Type": "text/plain"} | BEARER | sent.headers
                status, _ = await receiver.post(sent.path, sent.body, headers)
                assert status == sent.status, name
            receiver.process.kill()
        records = await pipeline.read("logs")
    assert _shipped(records) == sorted(line for sent in FORMS.values() for line in sent.lines)


async def test_what_is_refused(tmp_path: Path, env: dict[str, str]) -> None:
    """Each wrong request gets its own status, and the next right one is taken all the same; Basic is as good as Bearer."""
    async with receiving(env, tmp_path / "told", "--dry-run") as receiver:
        for name, (path, headers, body, status) in REFUSED.items():
            assert (await receiver.post(path, body, headers))[0] == status, name
        basic = base64.b64encode(f"any:{TOKEN}".encode()).decode()
        assert (await receiver.post("/logs", b"x", {"Authorization": f"Basic {basic}"}))[0] == 200
    assert TOKEN not in (tmp_path / "told").read_text()


async def test_damaged_bodies_are_no_fault_of_ours(tmp_path: Path, env: dict[str, str]) -> None:
    """Hundreds of damaged bodies of every form are taken or refused, and none is answered with 500."""
    rng, several = random.Random(6), list(FORMS.values())
    async with receiving(env, tmp_path / "told", "--dry-run") as receiver:
        for _ in range(300):
            sent = rng.choice(several)
            body = bytearray(sent.body)
            for _ in range(rng.randrange(1, 6)):
                body[rng.randrange(len(body))] = rng.randrange(256)
            status, _ = await receiver.post(sent.path, bytes(body[: rng.randrange(1, len(body) + 1)]), BEARER | sent.headers)
            assert status < 500, (sent.path, bytes(body))


@pytest.mark.kafka
async def test_a_broker_that_is_away(own_broker: Broker, tmp_path: Path, env: dict[str, str]) -> None:
    """While nothing becomes safe, what is beyond the bound is answered with 429 and takes no memory; later all is in Kafka."""
    (tmp_path / "flyship.toml").write_text("[receive]\nheld_bytes = 1_000_000\nbody_bytes = 200_000\n")
    config = {"FLYSHIP_CONFIG": str(tmp_path / "flyship.toml")}
    async with (
        Pipeline(own_broker.bootstrap, tmp_path) as pipeline,
        receiving(env | pipeline.env | config, tmp_path / "told", "--spool-bytes", "0") as receiver,
    ):
        assert (await receiver.post("/logs?app=web", b"before", BEARER))[0] == 200
        await asyncio.to_thread(own_broker.kill)
        bodies = [f"{number} ".encode() + bytes(100_000).replace(b"\0", b"x") for number in range(300)]
        peak = peak_bytes(receiver.process.pid)
        posts = [asyncio.create_task(receiver.post("/logs?app=web", body, BEARER)) for body in bodies]
        try:

            async def refused() -> int:
                return sum(post.done() for post in posts)

            assert await until("some are refused", refused, DEADLINE_S) > 0
            refusals = [post.result() for post in posts if post.done()]
            assert {status for status, _ in refusals} == {429}
            assert all(headers["Retry-After"] == "1" for _, headers in refusals)
        finally:
            await asyncio.to_thread(own_broker.start)
        statuses = [status for status, _ in await asyncio.gather(*posts)]
        assert peak_bytes(receiver.process.pid) - peak < 30_000_000  # less than was sent
        records = await pipeline.read("logs")
    numbers = {text.split()[0] for _, text in _shipped(records)}
    assert numbers >= {str(number) for number, status in enumerate(statuses) if status == 200}
    assert set(statuses) <= {200, 429, 503}


def test_without_a_token_only_this_machine_may_send(env: dict[str, str]) -> None:
    """Where others reach it, a receiver without a token does not start, and says what to do."""
    del env["FLYSHIP_RECEIVE_TOKEN"]
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "shippers", "receive", "--listen", "0.0.0.0:0"], capture_output=True, env=env, cwd=ROOT,
        timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"set FLYSHIP_RECEIVE_TOKEN, or listen on 127.0.0.1" in done.stderr
    assert time.monotonic() - began_s < DEADLINE_S
