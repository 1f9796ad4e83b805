"""Security through every host: the same events however lines are cut, wherever they are read, whoever is ended when."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from streams import codec
from streams.core import panes
from streams.core.plan import Plan
from streams.core.records import Record, Security
from streams.core.stamps import text
from streams.core.values import Line
from streams.hosts.replay import Replay
from streams.settings import load
from tests.scenario import Arrival, Cutting, Outcome, arriving, piped, records, replayed, spread, watched
from tests.test_invariants import Restarting

START_MS = 1_760_119_200_000  # 2025-10-10T18:00:00Z
PLAN = Plan(security=load(environ={}).security, requests=False)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
BUCKETS = frozenset(PLAN.security.buckets) if PLAN.security is not None else frozenset[str]()
TRAVERSAL, STUFFING, SSH, CRAWLER = "203.0.113.9", "203.0.113.10", "203.0.113.11", "203.0.113.12"
EXPECTED = {
    ("path-traversal", TRAVERSAL, "shop"),
    ("http-401-brute-force", STUFFING, "shop"),
    ("ssh-login-failed", SSH, "host"),
    ("ssh-brute-force", SSH, "host"),
    ("ssh-slow-brute-force", SSH, "host"),
    ("probing", CRAWLER, "shop"),
}


def clf(client_ip: str, target: str, status: int) -> str:
    """Return a request as nginx logs it."""
    return f'{client_ip} - - [10/Oct/2025:18:00:00 +0000] "GET {target} HTTP/1.1" {status} 17 "-" "{BROWSER}"'


@cache
def log() -> tuple[Arrival, ...]:
    """Return three minutes of people, with four attackers among them whose requests are spread over machines."""
    rng, found = Random(8), list[tuple[int, Line]]()

    def say(second: float, message: str, app: str = "shop") -> None:
        at_ms = START_MS + round(second * 1_000)
        found.append((at_ms, Line(message, text(at_ms), app, f"m{rng.randrange(4)}", "iad")))

    for number in range(360):
        say(number / 2, clf(f"198.51.100.{rng.randrange(40)}", f"/products/{number}?page=2", rng.choice((200, 200, 304, 404))))
    say(31, clf(TRAVERSAL, "/static/../../../etc/passwd", 400))
    for number in range(12):
        say(40 + number / 2, clf(STUFFING, "/account", 401))
        say(70 + number, f"Failed password for invalid user admin from {SSH} port 4{number} ssh2", "host")
    for word in range(40):
        say(100 + word / 4, clf(CRAWLER, f"/old-{word}/index", 404))
    return tuple(arriving(line for _, line in sorted(found, key=lambda each: each[0])))


def security(outcome: Outcome) -> list[Security]:
    """Return the security events, each id once; a repeat must say the same."""
    events: dict[str, Security] = {}
    for output in outcome.rest:
        if isinstance(output, Security):
            assert events.setdefault(output.id, output) == output, "a repeat that says something else"
    return list(events.values())


def named(events: Iterable[Security]) -> set[tuple[str, str | None, str]]:
    """Return who did what to which app."""
    return {(each.finding.rule, each.finding.client_ip, each.app) for each in events}


@pytest.mark.parametrize(("a_second", "seconds"), [(45, 1), (120, 2), (40, 5), (50, 50), (3, 60)])
@pytest.mark.parametrize("most", [10, 10_000])
def test_a_crawler_is_told_however_fast_it_is(a_second: int, seconds: int, most: int) -> None:
    """Who opens many different pages is a crawler, be it in a second or in a minute, in many records or in one."""
    lines = [
        Line(
            clf(CRAWLER, f"/page-{number * 7919 % 9973}", 200), text(START_MS + number * 1_000 // a_second), "shop", "m1", "iad"
        )
        for number in range(a_second * seconds)
    ]
    told = named(security(piped(PLAN, arriving(lines), Cutting(most=most, tick_ms=5_000))))
    assert ("crawling", CRAWLER, "shop") in told


HOSTS: dict[str, Callable[[Path], Outcome]] = {
    "a record a line": lambda _: piped(PLAN, log(), Cutting()),
    "batches": lambda _: piped(PLAN, log(), Cutting(most=100, seed=1)),
    "Fly's own lines": lambda _: piped(PLAN, log(), Cutting(most=40, seed=2, shape="nats")),
    "ticks each second": lambda _: spread(PLAN, log(), Cutting(2, most=20, seed=3, tick_ms=1_000)),
    "four partitions": lambda _: spread(PLAN, log(), Cutting(4, most=20, seed=4, tick_ms=2_000)),
    "standard input": lambda _: watched(PLAN, [arrival.line for arrival in log()]),
    "several files": lambda directory: replayed(PLAN, [arrival.line for arrival in log()], directory, files=3),
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_attackers_are_named_whoever_reads(host: Callable[[Path], Outcome], tmp_path: Path) -> None:
    """Every attacker is named once for what it did, over all machines together, and nobody else is."""
    found = security(host(tmp_path))
    over = [each for each in found if each.finding.rule in BUCKETS]
    assert named(over) == {each for each in EXPECTED if each[0] in BUCKETS}
    assert len(over) == len(named(over))
    if rest := [each for each in found if each.finding.rule not in BUCKETS]:  # a replay shows those apart
        assert named(rest) == {each for each in EXPECTED if each[0] not in BUCKETS}
        assert len(rest) == 13


def test_a_bucket_tells_how_many_and_shows_one() -> None:
    """A bucket that ran over has the time of the hit that was too much, how many there were, and one of them."""
    (event,) = [each for each in security(piped(PLAN, log(), Cutting())) if each.finding.client_ip == STUFFING]
    assert event.finding.evidence == "GET /account 401"
    assert event.instance == ""
    assert event.count > 5
    assert START_MS + 40_000 < event.at_ms < START_MS + 60_000


def test_windows_count_what_was_found() -> None:
    """A window tells how many lines showed which rule."""
    windows = piped(PLAN, log(), Cutting()).windows
    assert windows["shop/2025-10-10T18:00:00Z"]["security"] == {"path-traversal": 1}
    assert windows["host/2025-10-10T18:01:00Z"]["security"] == {"ssh-login-failed": 12}
    assert windows["host/2025-10-10T18:01:00Z"]["skipped"] == {"security": 12}


@pytest.mark.parametrize("seed", range(3))
def test_restarts_repeat_the_same_events(seed: int) -> None:
    """Ended at any record and started again, both stages tell the same events by the same ids as when nothing ended."""
    cutting = Cutting(1 + seed, most=20, seed=seed, tick_ms=5_000)
    logs: list[list[Record]] = [[] for _ in range(cutting.partitions)]
    for partition, record in records(log(), cutting):
        logs[partition].append(record)
    restarting, outcome = Restarting(PLAN, logs, Random(seed)), Outcome()
    outcome.take(restarting.run())
    assert restarting.starts > 0
    assert named(security(outcome)) == EXPECTED
    calm = spread(PLAN, log(), cutting)
    one_line = {each.id: each for each in security(calm) if each.finding.rule not in BUCKETS}
    assert {each.id: each for each in security(outcome) if each.finding.rule not in BUCKETS} == one_line


def test_a_record_without_a_guard_shows_nothing() -> None:
    """Without a catalogue nothing is looked for, and lines count as ever."""
    part, plan = panes.Partition(0), replace(PLAN, security=None)
    value = codec.encode_batch("shop", "m1", "", "app", "", [[text(START_MS), clf(TRAVERSAL, "/../../etc/passwd", 400)]])
    for record in (Record(0, START_MS, value), Record(1, START_MS, codec.TICK)):
        assert not [each for each in panes.step(part, record, plan).outputs if isinstance(each, Security)]
    assert [tally.lines for tally in part.panes.values()] == [1]


def test_a_replay_shows_what_its_processes_find(tmp_path: Path) -> None:
    """What lines of a file show comes out as it is read, whether one process reads it or several do."""
    path = tmp_path / "access.log"
    with path.open("w", encoding="utf-8") as file:
        for number in range(120_000):
            attack = number % 10_000 == 77
            file.write(clf(TRAVERSAL if attack else "198.51.100.1", "/../../etc/passwd" if attack else "/", 200) + "\n")
    told: list[list[Security]] = []
    for processes in (1, 2):
        shown: list[Security] = []
        run = Replay(PLAN, [path], "shop", processes)
        try:
            outputs = list(run.outputs(show=shown.append))
        finally:
            run.close()
        assert outputs
        told.append(shown)
    assert [each.finding.client_ip for each in told[0]] == [TRAVERSAL] * 12
    assert told[0] == told[1]
