"""The source ``nats`` in this process: what it takes while nobody takes it off its hands, and while nothing is asked for."""

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest

from shippers.context import Context
from shippers.fly_nats import subjects
from shippers.fly_nats.messages import line_of
from shippers.fly_nats.subjects import Origin
from shippers.fly_nats.table import Nats
from shippers.sources.nats import NatsStream
from streams.core.values import Line
from tests.fly_stream import DEADLINE_S, Publisher, Row, holds
from tests.servers.fly_org import FlyOrg

MIB = 1024 * 1024


def _stream(org: FlyOrg, state: Path, **more: object) -> tuple[NatsStream, Context]:
    given = {"server": org.server.url, "org": "my-org", "api": org.api.base, "overlap": "1s", "late": "0s"}
    context = Context.of(str(state), org.env)
    return NatsStream(Nats.model_validate(given | more), context), context


def _gaps(context: Context, state: str) -> float:
    return context.metrics.registry.get_sample_value("flyship_gaps_total", {"source": "nats", "state": state}) or 0.0


def _rows(lines: list[Line]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for line in lines:
        found[line.app, line.instance].append((line.stamp or "", line.text))
    return found


async def _take(stream: NatsStream, stop: asyncio.Event, may: asyncio.Event, lines: list[Line]) -> None:
    async for several in stream.read(stop):
        lines += several
        await may.wait()


async def test_more_than_can_wait_is_a_gap(tmp_path: Path, org: FlyOrg) -> None:
    """While nobody takes its lines a source holds up to its bound, and fetches the rest later: each line once, in order."""
    stream, context = _stream(org, tmp_path, waiting_bytes=MIB)
    publisher, stop, may, lines = Publisher(org.api, org.server), asyncio.Event(), asyncio.Event(), list[Line]()
    taking = asyncio.create_task(_take(stream, stop, may, lines))
    try:
        await holds("it is connected", lambda: stream.problems == 0)
        await publisher.say(6_000, 3_000)  # 4 MiB, as the source counts
        assert _gaps(context, "opened") == 1
        may.set()
        await holds("all is taken", lambda: len(lines) >= publisher.count)
        stop.set()
        await asyncio.wait_for(taking, DEADLINE_S)
    finally:
        taking.cancel()
        await publisher.close()
    assert _rows(lines) == publisher.said
    assert _gaps(context, "unfilled") == 0
    assert context.metrics.registry.get_sample_value("flyship_errors_total", {"source": "nats", "kind": "slow_consumer"}) == 1


@pytest.mark.parametrize("refused", ["one app", "all apps"])
async def test_an_app_that_the_api_refuses_stops_no_other(tmp_path: Path, org: FlyOrg, refused: str) -> None:
    """While several apps are asked for at once, a refusal of one is its own gap: the others are filled, and it goes on."""
    apps = [f"app-{number}" for number in range(12)]
    for app in apps:
        org.api.app(app)
    stream, context = _stream(org, tmp_path, apps=["gone", *apps] if refused == "one app" else apps)
    stop, may, lines = asyncio.Event(), asyncio.Event(), list[Line]()
    may.set()
    taking = asyncio.create_task(_take(stream, stop, may, lines))
    try:
        await holds("it is connected", lambda: stream.problems == 0)
        org.api.slow_s = 0.2
        if refused == "all apps":
            org.api.token = "another"  # noqa: S105  # of this test alone
        org.server.kill()
        org.server.start()
        await holds("the gap has ended", lambda: taking.done() or _gaps(context, "unfilled") > 0)
        missing = ["gone"] if refused == "one app" else apps
        await holds("each app is told", lambda: taking.done() or len(lines) >= len(missing))
        stop.set()
        await asyncio.wait_for(taking, DEADLINE_S)
    finally:
        taking.cancel()
    assert sorted(line.app for line in lines) == sorted(missing)
    assert all('"log_gap"' in line.text for line in lines)


@pytest.mark.parametrize(
    ("subject", "wrong"),
    [
        ("logs.>", False),
        ("logs.my-app.>", False),
        ("logs.*.ams.*", False),
        ("logs", True),
        ("log.>", True),
        ("logs..ams", True),
        ("logs.a b", True),
        ("logs.>.ams", True),
        ("logs.sh*", True),
        ("logs.a>", True),
        ("logs.a\r\nPUB x", True),
        ("logs." + ".".join("abcdefgh"), True),
    ],
)
def test_subjects_are_checked(subject: str, wrong: bool) -> None:
    """What is no subject of lines is told before it is sent to a server."""
    assert (subjects.fault(subject) is not None) == wrong


def test_history_is_asked_for_by_the_subjects() -> None:
    """Of what history tells only that is taken for which a subject asks."""
    asked = subjects.asked
    assert asked(["logs.>"], Origin("shop", "ams", "1"))
    assert asked(["logs.web.>", "logs.shop.ams.>"], Origin("shop", "ams", "1"))
    assert not asked(["logs.web.>", "logs.shop.iad.>"], Origin("shop", "ams", "1"))
    assert asked(["logs.*.*.1"], Origin("shop", "ams", "1"))
    assert subjects.apps(["logs.web.>", "logs.*.ams.>", "logs.>"]) == {"web"}


def test_what_is_no_document_is_a_line() -> None:
    """Whatever a message holds, a line comes of it, of the app, the region and the instance that its subject names."""
    for data in (b"plain words", b"{broken", b"\xff\xfe", b"null", b"[1]", b'{"message": 1}'):
        line = line_of("logs.shop.ams.148e1", data)
        assert (line.app, line.region, line.instance) == ("shop", "ams", "148e1")
        assert line.text
    assert line_of("other", b"words").app == ""
