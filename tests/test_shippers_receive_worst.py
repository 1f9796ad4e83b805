"""``flyship receive`` and the worst that is sent to it: bombs, slow senders, endless lines, a stop in the middle, a flood."""

import asyncio
import base64
import time
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from shippers.receiving import otlp_protobuf
from shippers.receiving.refusals import Refused
from tests.pipeline import Pipeline, until
from tests.receiving import BEARER, DEADLINE_S, FLY, TOKEN, environment, peak_bytes, receiving

MIB = 1024 * 1024
PROTOBUF = BEARER | {"Content-Type": "application/x-protobuf"}


def _field(number: int, inside: bytes) -> bytes:
    """Return a field that holds bytes, as protobuf has it."""
    size, left = bytearray(), len(inside)
    while left > 127:
        size.append(left & 127 | 128)
        left >>= 7
    size.append(left)
    return bytes([number << 3 | 2, *size]) + inside


def _record(body: bytes) -> bytes:
    return _field(1, _field(2, _field(2, body)))


EMPTY = b"\x12\x00" * (2 * MIB)
BOMBS = {
    "records": _field(1, _field(2, EMPTY)),
    "scopes": _field(1, EMPTY),
    "resources": b"\x0a\x00" * (2 * MIB),
    "attributes of a resource": _field(1, _field(1, b"\x0a\x00" * (2 * MIB)) + _field(2, _field(2, b""))),
    "attributes of a record": _record(b"\x32\x00" * (2 * MIB)),
    "items of a body": _record(_field(5, _field(5, b"\x0a\x00" * (2 * MIB)))),
    "pairs of pairs": _record(_field(5, _field(6, _field(1, _field(2, _field(6, b"\x0a\x00" * (2 * MIB))))))),
}


@pytest.fixture
def env() -> dict[str, str]:
    """Give an environment in which only the token is set."""
    return environment()


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_of_empty_messages_are_refused(bomb: str) -> None:
    """Millions of empty messages, wherever they stand, are refused before any is made."""
    with pytest.raises(Refused) as refused:
        otlp_protobuf.lines(BOMBS[bomb], "", "", 100_000)
    assert refused.value.status == 413


async def test_bombs_take_little_memory(tmp_path: Path, env: dict[str, str]) -> None:
    """Four such bodies at once of 4 MiB each cost not much more than the bodies."""
    async with receiving(env, tmp_path / "told", "--dry-run") as receiver:
        assert (await receiver.post("/v1/logs", _record(_field(5, _field(1, b"first"))), PROTOBUF))[0] == 200
        before = peak_bytes(receiver.process.pid)
        answers = await asyncio.gather(*(receiver.post("/v1/logs", bomb, PROTOBUF) for bomb in BOMBS.values()))
        assert {status for status, _ in answers} == {413}
        assert peak_bytes(receiver.process.pid) - before < 100 * MIB


@settings(max_examples=200)
@given(data=st.data())
def test_records_are_what_the_library_reads(data: st.DataObject) -> None:
    """Read record by record a request gives the same texts as when the library reads it as a whole, damaged or not."""
    request = ExportLogsServiceRequest()
    for texts in data.draw(st.lists(st.lists(st.text(max_size=5), max_size=4), max_size=3)):
        scope = request.resource_logs.add().scope_logs.add()
        for text in texts:
            record = scope.log_records.add()
            record.body.string_value, record.time_unix_nano = text, 7
            record.attributes.add().key = "k"
    body = bytearray(request.SerializeToString())
    if body and data.draw(st.booleans()):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        whole = ExportLogsServiceRequest.FromString(bytes(body))
    except Exception:  # noqa: BLE001  # whatever the library says: it cannot read it
        return
    try:
        found = otlp_protobuf.lines(bytes(body), "", "", 100)
    except Refused:
        return  # groups, which the library skips
    records = [record for of in whole.resource_logs for scope in of.scope_logs for record in scope.log_records]
    assert len(found) == len(records)
    for line, record in zip(found, records, strict=True):
        if record.body.string_value:
            assert line.text == record.body.string_value.rstrip("\r\n")


async def test_fly_log_shippers_own_sink(tmp_path: Path, env: dict[str, str]) -> None:
    """Its ``http`` sink sends JSON arrays with Basic auth, the token as HTTP_PASSWORD, and gets what it wants: 200."""
    body = orjson.dumps([FLY | {"host": "edge1"}, FLY | {"host": "edge1", "message": "a second"}])
    async with receiving(env, tmp_path / "told", "--dry-run") as receiver:
        for password, status in ((TOKEN, 200), ("wrong", 401)):
            basic = f"Basic {base64.b64encode(f'flyctl:{password}'.encode()).decode()}"
            headers = {"Content-Type": "application/json", "Authorization": basic, "User-Agent": "Vector/0.34.1"}
            assert (await receiver.post("/", body, headers))[0] == status
        assert (await receiver.stopped()) == 0
    assert "shipped 2 lines" in (tmp_path / "told").read_text()


async def test_a_line_of_ten_megabytes(tmp_path: Path, env: dict[str, str]) -> None:
    """A line that long is one line, cut to what a record takes, and what stands beside it is whole."""
    body = b"before\n" + b"x" * 10_000_000 + b"\nbehind\n"
    async with receiving(env, tmp_path / "told", "--dry-run") as receiver:
        assert (await receiver.post("/logs?app=web", body, BEARER))[0] == 200
        assert (await receiver.stopped()) == 0
    assert "shipped 3 lines, 1 of them cut at 65536 bytes" in (tmp_path / "told").read_text()


async def test_a_slow_sender_is_cut_off(tmp_path: Path, env: dict[str, str]) -> None:
    """Who sends a head or a body byte by byte is hung up after its time, and meanwhile the others are served."""
    (tmp_path / "flyship.toml").write_text('[receive]\nbody_time = "1s"\nidle_time = "1s"\n')
    config = {"FLYSHIP_CONFIG": str(tmp_path / "flyship.toml")}
    head = f"POST /logs HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nHost: x".encode()
    async with receiving(env | config, tmp_path / "told", "--dry-run") as receiver:
        slow = [
            asyncio.create_task(_until_cut_off(receiver.address, start))
            for start in (head + b"\r\nContent-Length: 1000\r\n\r\n", head)
        ]
        began_s = time.monotonic()
        while not all(task.done() for task in slow):
            assert (await receiver.post("/logs?app=web", b"quick", BEARER))[0] == 200
            assert time.monotonic() - began_s < DEADLINE_S
            await asyncio.wait(slow, timeout=0.1)
        of_body, of_head = [task.result() for task in slow]
    assert b" 408 " in of_body.partition(b"\r\n")[0]
    assert of_head == b""


async def _until_cut_off(address: str, start: bytes) -> bytes:
    """Send a letter every tenth of a second until the other side hangs up; return what it said."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(start)
    reading = asyncio.create_task(reader.read())
    while not reading.done():
        writer.write(b"x")
        await asyncio.wait({reading}, timeout=0.1)
    writer.close()
    return reading.result() if reading.exception() is None else b""


@pytest.mark.kafka
async def test_a_stop_with_a_request_in_hand(kafka_bootstrap: str, tmp_path: Path, env: dict[str, str]) -> None:
    """SIGTERM in the middle of a body: the rest of it is taken, answered when it is in Kafka, and then it ends by itself."""
    head = f"POST /logs?app=web HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    async with Pipeline(kafka_bootstrap, tmp_path) as pipeline:
        async with receiving(env | pipeline.env, tmp_path / "told") as receiver:
            host, _, port = receiver.address.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"{head}Content-Length: 11\r\nExpect: 100-continue\r\n\r\n".encode())
            assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"first\nse")
            receiver.process.terminate()

            async def closing() -> bool:
                return await receiver.health() == 503

            await until("it is closing", closing, DEADLINE_S)
            assert (await receiver.post("/logs?app=web", b"too late", BEARER))[0] == 503
            writer.write(b"con")
            assert b" 200 " in await reader.readline()
            writer.close()
            assert await receiver.ended() == 0, (tmp_path / "told").read_text()
        rows = [row[1] for record in await pipeline.read("logs") for row in record.get("lines", ())]
    assert rows == ["first", "secon"]
