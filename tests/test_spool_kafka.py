"""Shippers whose Kafka goes away: lines go to the spool and from there to Kafka, through kills of both."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from shippers.batching import Batching, Limits
from shippers.metrics import Metrics
from shippers.pipeline import ship
from shippers.producer import Producer
from shippers.settings import Settings
from shippers.spool.outlet import Outlet
from shippers.spool.segments import Segments
from shippers.spool.spool import Spool
from shippers.spool.telling import Telling
from streams.core.values import Line
from tests.pipeline import Pipeline, until
from tests.servers.cable import Cable, Cabled, cabled_kafka

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("jars")]

ROOT = Path(__file__).parents[1]
DEADLINE_S = 90.0
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def kafka() -> Iterator[Cabled]:
    """Give a broker of this file's own."""
    with cabled_kafka() as found:
        yield found


class Shipper:
    """A flyship of its own, with its state and what it says in a directory."""

    def __init__(self, pipeline: Pipeline, directory: Path, *arguments: str) -> None:
        """Start it."""
        self.said = directory / "said.txt"
        self.spool = directory / "state" / "spool"
        env = pipeline.env | {"FLYSHIP_STATE": str(directory / "state"), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "shippers", *arguments]
        with self.said.open("ab") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=env
            )

    async def listening(self) -> str:
        """Return the address it listens on, once it does."""
        before = self.said.read_text().count("listening on")

        async def said() -> Any:
            found: list[str] = re.findall(r"listening on (\S+)", self.said.read_text())
            return found[before:] and found[-1]

        return str(await until("it listens", said, DEADLINE_S))

    def waits(self) -> int:
        """Return how many bytes wait on disk."""
        return sum(path.stat().st_size for path in self.spool.glob("*.spool"))

    async def empty(self) -> None:
        """Wait until nothing waits on disk."""

        async def nothing() -> bool:
            return not self.waits()

        await until(f"the spool is empty: {self.said.read_text()[-2000:]}", nothing, DEADLINE_S)

    async def stop(self) -> int:
        """End it the polite way."""
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, DEADLINE_S)


class Sender:
    """Sends numbered lines by HTTP, and again those that were not answered by 200, in order."""

    def __init__(self) -> None:
        """Nothing is answered yet."""
        self.answered = self.repeated = 0
        self.address = ""
        self.going = True

    async def send(self) -> None:
        """Go on until told otherwise."""
        async with aiohttp.ClientSession() as session:
            while self.going:
                body = "".join(f"{number}\n" for number in range(self.answered, self.answered + 50))
                try:
                    async with session.post(f"http://{self.address}/logs?app=a&instance=i", data=body) as answer:
                        good = answer.status == 200
                except (aiohttp.ClientError, OSError):
                    good = False
                if good:
                    self.answered += 50
                else:
                    self.repeated += 50
                    await asyncio.sleep(0.1)  # not for luck: nobody is there meanwhile

    async def reaches(self, number: int) -> None:
        """Wait until so many lines are answered."""

        async def there() -> bool:
            return self.answered >= number

        await until(f"{number} lines are answered, not {self.answered}", there, DEADLINE_S)


async def _numbers(pipeline: Pipeline) -> list[int]:
    """Return the numbers in the topic, in the order of the one instance."""
    batches = await pipeline.read("logs")
    return [int(row[1]) for batch in batches for row in batch["lines"] if len(row) == 2]


def _first(numbers: list[int]) -> list[int]:
    return list(dict.fromkeys(numbers))


async def test_broker_and_shipper_killed_under_load(kafka: Cabled, tmp_path: Path) -> None:
    """Broker away, shipper killed, both back: every line that was answered is there, in order, and the spool is empty."""
    own_broker = kafka.broker
    async with Pipeline(own_broker.bootstrap, tmp_path) as pipeline:
        shipper, sender = Shipper(pipeline, tmp_path, "receive", "--listen", "127.0.0.1:0"), Sender()
        sender.address = await shipper.listening()
        sending = asyncio.create_task(sender.send())
        try:
            await sender.reaches(1_000)
            await asyncio.to_thread(own_broker.kill)
            await sender.reaches(sender.answered + 1_500)
            assert shipper.waits() > 0
            shipper.process.kill()
            shipper.process.wait()
            shipper = Shipper(pipeline, tmp_path, "receive", "--listen", "127.0.0.1:0")
            sender.address = await shipper.listening()
            await sender.reaches(sender.answered + 1_500)
            await asyncio.to_thread(own_broker.start)
            await sender.reaches(sender.answered + 1_000)
            await shipper.empty()
            sender.going = False
            await sending
            assert await shipper.stop() == 0
        finally:
            sending.cancel()
            shipper.process.kill()
            shipper.process.wait()
        numbers = await _numbers(pipeline)
    assert set(range(sender.answered)) <= set(numbers)
    assert _first(numbers) == sorted(set(numbers))
    said = shipper.said.read_text()
    assert re.search(r"[1-9]\d* lines in [1-9]\d* records wait in the spool", said)
    assert "the spool is read to its end" in said
    assert "Traceback" not in said


async def test_a_start_without_a_broker(kafka: Cabled, tmp_path: Path) -> None:
    """A lasting shipper starts without a broker and ends with 0: its lines wait in the spool, and the next start ships them."""
    log = tmp_path / "a.log"
    log.write_text("".join(f"{number}\n" for number in range(2_000)))
    words = ("files", "--follow", "--from-start", "--app", "a", str(log))
    async with Cable(kafka) as cable, Pipeline(kafka.broker.bootstrap, tmp_path) as pipeline:
        await cable.cut()
        pipeline.env["FLYWATCH_KAFKA__BOOTSTRAP"] = cable.bootstrap
        shipper = Shipper(pipeline, tmp_path, *words)

        async def spooled() -> bool:
            return shipper.waits() > 2_000 * 10

        await until("its lines are on disk", spooled, DEADLINE_S)
        assert await shipper.stop() == 0
        said = shipper.said.read_text()
        assert "waiting for Kafka at" in said
        assert f"2000 lines wait in the spool {shipper.spool}: the next start ships them" in said
        assert "shipped 0 lines" in said
        await cable.mend()
        shipper = Shipper(pipeline, tmp_path, *words[:2], *words[3:])
        await shipper.empty()
        assert await shipper.stop() == 0
        assert await _numbers(pipeline) == list(range(2_000))
        assert "2000 lines in 10 records wait in the spool" in shipper.said.read_text()


async def test_killed_before_it_heard_that_lines_arrived(kafka: Cabled, tmp_path: Path) -> None:
    """Kafka has lines, the shipper does not know and is killed: the next one looks them up, and ships the others alone."""
    words = ("receive", "--listen", "127.0.0.1:0", "--batch-lines", "20")
    async with Cable(kafka) as cable, Pipeline(kafka.broker.bootstrap, tmp_path) as pipeline:
        pipeline.env["FLYWATCH_KAFKA__BOOTSTRAP"] = cable.bootstrap
        shipper = Shipper(pipeline, tmp_path, *words)
        address = await shipper.listening()
        await _posted(address, range(200))
        cable.answers.clear()
        await _posted(address, range(200, 1_200))  # arrives, and is answered when it is in the spool

        async def arrived() -> bool:
            return len(await _numbers(pipeline)) == 1_200

        await until("lines arrive", arrived, DEADLINE_S)
        await _posted(address, range(1_200, 2_200))
        assert shipper.waits() > 0
        shipper.process.kill()
        shipper.process.wait()
        cable.answers.set()
        shipper = Shipper(pipeline, tmp_path, *words)
        await shipper.listening()
        await shipper.empty()
        assert await shipper.stop() == 0
        assert await _numbers(pipeline) == list(range(2_200))
    said = shipper.said.read_text()
    assert "2000 lines in 100 records wait in the spool" in said
    assert re.search(r"were on their way when flyship ended last: [1-9]\d+ had arrived, and are not sent again", said)


async def _posted(address: str, numbers: Iterable[int]) -> None:
    body = "".join(f"{number}\n" for number in numbers)
    async with aiohttp.ClientSession() as client, client.post(f"http://{address}/logs?app=a&instance=i", data=body) as answer:
        assert answer.status == 200


async def test_an_outage_of_a_shipper_that_lives(kafka: Cabled, tmp_path: Path) -> None:
    """A broker that goes and comes while the shipper lives: every line once, in order, those on the way to it too."""
    async with Cable(kafka) as cable, Pipeline(kafka.broker.bootstrap, tmp_path) as pipeline:
        outlet, stop, source = _outlet(cable, pipeline, tmp_path), asyncio.Event(), Numbered()
        await outlet.start()
        shipping = asyncio.create_task(ship([source], _batching(), outlet, stop, Metrics()))
        try:
            await source.reaches(3_000)
            await cable.cut()
            await source.reaches(source.given + 5_000)
            await cable.mend()
            await source.reaches(source.given + 3_000)
            stop.set()
            await asyncio.wait_for(shipping, DEADLINE_S)
            await asyncio.wait_for(outlet.settle(asyncio.Event()), DEADLINE_S)
        finally:
            shipping.cancel()
            await outlet.close()
        assert await _numbers(pipeline) == list(range(source.given))
    assert list((tmp_path / "spool").glob("*.spool")) == []
    assert outlet.safe_lines == source.given


@pytest.mark.parametrize("can_wait", [True, False])
async def test_a_full_spool(kafka: Cabled, tmp_path: Path, *, can_wait: bool) -> None:
    """Full, a source that can wait is not read on; of one that cannot, the newest lines are dropped, counted and told."""
    async with Cable(kafka) as cable, Pipeline(kafka.broker.bootstrap, tmp_path) as pipeline:
        await cable.cut()
        metrics = Metrics()
        outlet, stop = _outlet(cable, pipeline, tmp_path, metrics, most_bytes=2 * MIB), asyncio.Event()
        source = Numbered(can_wait=can_wait, padding=1_000)
        await outlet.start()
        shipping = asyncio.create_task(ship([source], _batching(), outlet, stop, Metrics()))
        try:

            async def full() -> bool:
                return outlet.full

            await until("the spool is full", full, DEADLINE_S)
            held = source.given
            assert sum(path.stat().st_size for path in (tmp_path / "spool").glob("*.spool")) <= 2 * MIB
            if not can_wait:
                await source.reaches(held + 2_000)
            await cable.mend()
            await source.reaches(source.given + 3_000)
            stop.set()
            await asyncio.wait_for(shipping, DEADLINE_S)
            await asyncio.wait_for(outlet.settle(asyncio.Event()), DEADLINE_S)
        finally:
            shipping.cancel()
            await outlet.close()
        batches = await pipeline.read("logs")
    numbers = [int(row[1]) for batch in batches for row in batch["lines"] if "log_gap" not in row[1]]
    told = [row[1] for batch in batches for row in batch["lines"] if "log_gap" in row[1]]
    dropped = metrics.dropped.labels("numbered", "spool_full")._value.get()  # noqa: SLF001  # its only way to be read
    assert numbers == sorted(set(numbers))
    assert len(numbers) + dropped == source.given
    if can_wait:
        assert (dropped, told) == (0, [])
    else:
        assert sum(int(re.findall(r'"lines":(\d+)', text)[0]) for text in told) == dropped > 0
        assert '"probe":"log_gap","ok":false,"source":"numbered"' in told[0]


async def test_a_disk_without_room(kafka: Cabled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room on the disk at all: reading waits, and when Kafka answers again every line arrives, once and in order."""
    monkeypatch.setattr(Segments, "begin", lambda *_: False)
    async with Cable(kafka) as cable, Pipeline(kafka.broker.bootstrap, tmp_path) as pipeline:
        outlet, stop, source = _outlet(cable, pipeline, tmp_path), asyncio.Event(), Numbered()
        await outlet.start()
        shipping = asyncio.create_task(ship([source], _batching(), outlet, stop, Metrics()))
        try:
            await source.reaches(1_000)
            await cable.cut()

            async def full() -> bool:
                return outlet.full

            await until("there is no room", full, DEADLINE_S)
            await cable.mend()
            await source.reaches(source.given + 3_000)
            stop.set()
            await asyncio.wait_for(shipping, DEADLINE_S)
        finally:
            shipping.cancel()
            await outlet.close()
        assert await _numbers(pipeline) == list(range(source.given))


class Numbered:
    """A source of numbered lines, which goes on for as long as it is read."""

    name = "numbered"

    def __init__(self, *, can_wait: bool = True, padding: int = 0) -> None:
        """``padding``: blanks before each number."""
        self.problems = self.given = 0
        self.can_wait = can_wait
        self._padding = " " * padding

    async def read(self, stop: asyncio.Event) -> AsyncIterator[Sequence[Line]]:
        """Give lines, fifty at a time."""
        while not stop.is_set():
            yield [Line(f"{self._padding}{number}", app="a", instance="i") for number in range(self.given, self.given + 50)]
            self.given += 50
            await asyncio.sleep(0.01)  # not for luck: so many lines a second, and no more

    async def reaches(self, number: int) -> None:
        """Wait until so many lines are given."""

        async def there() -> bool:
            return self.given >= number

        await until(f"{number} lines are read, not {self.given}", there, DEADLINE_S)


def _batching() -> Batching:
    return Batching(Limits(lines=20))


def _outlet(
    cable: Cable, pipeline: Pipeline, directory: Path, metrics: Metrics | None = None, most_bytes: int = 64 * MIB
) -> Outlet:
    metrics = metrics or Metrics()
    settings = Settings(bootstrap=cable.bootstrap, topic=pipeline.topics["logs"])
    spool = Spool(directory / "spool", most_bytes)
    return Outlet(Producer(settings, metrics), spool, Telling(spool, metrics), settings)
