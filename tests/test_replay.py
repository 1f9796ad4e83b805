"""Files of any form through both stages: the same windows and alerts, whatever the compression, the blocks and the envelope."""

import gzip
import itertools
import json
import time
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import zstandard
from msgspec.structs import replace

from streams.core import stamps
from streams.core.plan import Limits, Plan
from streams.core.values import Line
from streams.hosts import local
from streams.hosts.files import Chunk, UnreadableFile, blocks
from streams.hosts.replay import Replay
from tests import seeded
from tests.scenario import Outcome, nats, replayed, watched

PLAN = Plan(rules=seeded.RULES, apps=seeded.APPS)
LINES = seeded.generated(7, minutes=10)
START = 1_760_119_200_000  # 2025-10-10T18:00:00Z


def run(*paths: Path, plan: Plan = PLAN, app: str = "shop") -> tuple[Replay, Outcome]:
    """Replay files."""
    replay, outcome = Replay(plan, list(paths), app), Outcome()
    outcome.take(replay.outputs())
    return replay, outcome


def written(path: Path, content: bytes) -> Path:
    """Write a file, compressed as its name says."""
    if path.suffix == ".gz":
        half = len(content) // 2
        content = gzip.compress(content[:half]) + gzip.compress(content[half:])
    if path.suffix == ".zst":
        half = len(content) // 2
        content = zstandard.compress(content[:half]) + zstandard.compress(content[half:])
    path.write_bytes(content)
    return path


def same(outcome: Outcome, expected: Outcome) -> None:
    """Hold two outcomes against each other."""
    assert outcome.alerts == expected.alerts
    assert outcome.counts == expected.counts


CONTENT = b"".join(nats(line) + b"\n" for line in LINES)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Return what a plain file gives."""
    return replayed(PLAN, LINES, tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("name", ["log.ndjson", "log.gz", "log.zst"])
def test_compression_does_not_matter(name: str, plain: Outcome, tmp_path: Path) -> None:
    """A plain, a .gz and a .zst file of several members give the same, line for line."""
    replay, outcome = run(written(tmp_path / name, CONTENT))
    same(outcome, plain)
    assert replay.lines == len(LINES)


@pytest.mark.parametrize("size", [97, 1_024, 65_536])
def test_blocks_do_not_matter(size: int, plain: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in blocks of any size, a file gives the same: no line and no character is torn."""
    monkeypatch.setattr("streams.hosts.files.BLOCK_BYTES", size)
    path = written(tmp_path / "log", CONTENT)
    assert b"\n".join(blocks(Chunk(path))).rstrip(b"\n") == CONTENT.rstrip(b"\n")
    replay, outcome = run(path)
    same(outcome, plain)
    assert replay.lines == len(LINES)


JOINED = (
    'Started GET "/x/{n}" for 203.0.113.1 at 2025-10-10 18:00:00 +0000',
    "Completed 200 OK in {n}ms (Views: 1.0ms)",
)


TRACES = (
    "TypeError: no cart\n    at pay (/app/shop.js:1:2)\n    at main (/app/index.js:3:4)",
    "2025-10-10 18:00:00 ERROR order failed",
    'Traceback (most recent call last):\n  File "/app/a.py", line 1, in f\n    x()\nValueError: x',
    "2025-10-10 18:00:00 ERROR order failed\njava.lang.NoCartException: x\n\tat com.example.Shop.pay(Shop.java:1)",
    "listening",
    "2025-10-10 18:00:00 ERROR order failed\njava.lang.NoCartException: x",
    "LOG:  duration: 12.5 ms  statement: SELECT 1",
)


def _many(kind: str) -> bytes:
    """Return a file of several chunks: lines that stand alone, and from the middle on ones that lean on others."""
    rows = [clf(second).text for second in range(0, 3_000, 2)]
    middle = {
        "alone": [],
        "joined": [line.format(n=n) for n in range(40) for line in JOINED],
        "without a time": [f"    at f{n} (/app/index.js:{n}:1)" for n in range(200)],
        "pretty": [json.dumps({"n": n, "message": "no line of Fly's", "of": {}}, indent=4) for n in range(60)],
        "cut short": [],
        "traces": [],
        "headed": ["#Fields: date c-ip cs-uri-stem sc-status", *[f"2024-03-05 203.0.113.9 /{n} 200" for n in range(60)]],
    }[kind]
    if kind == "traces":
        told = itertools.cycle(TRACES)
        rows = [text for row in rows for text in (*(next(told).split("\n") if zlib.crc32(row.encode()) % 3 == 0 else ()), row)]
        return "\n".join(rows).encode()
    end = ["{", '  "level": "info",'] if kind == "cut short" else []
    return "\n".join([*rows[:750], *middle, *rows[750:], *end]).encode()


@pytest.mark.parametrize("kind", ["alone", "joined", "without a time", "pretty", "cut short", "traces", "headed"])
def test_processes_do_not_matter(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file cut into chunks that processes fold beside each other gives what one process gives, and counts every line."""
    monkeypatch.setattr("streams.hosts.files.CHUNK_BYTES", 2_000)
    monkeypatch.setattr("streams.hosts.files.BLOCK_BYTES", 1_000)
    content = _many(kind)
    path = written(tmp_path / "log", content)
    one, expected = run(path)
    several, outcome = Replay(PLAN, [path], "shop", processes=2), Outcome()
    outcome.take(several.outputs())
    several.close()
    same(outcome, expected)
    assert several.total == one.total
    assert several.lines == one.lines == several.total.lines
    assert one.lines == (1_500 + 60 if kind == "pretty" else content.count(b"\n") + 1)
    assert bool(one.total.events) is (kind == "traces")


@pytest.mark.parametrize("panes", [3, 20])
def test_few_open_panes_give_the_same_in_the_end(panes: int, plain: Outcome, tmp_path: Path) -> None:
    """When not all panes fit into memory, the oldest close early, and windows are revised to the same numbers."""
    _, outcome = run(written(tmp_path / "log", CONTENT), plan=replace(PLAN, limits=Limits(panes=panes)))
    assert outcome.counts == plain.counts


def test_the_total_is_the_sum_of_the_windows(plain: Outcome, tmp_path: Path) -> None:
    """What a replay sums up is what its windows say together."""
    replay, _ = run(written(tmp_path / "log", CONTENT))
    windows = list(plain.windows.values())
    assert replay.total.lines == sum(window["lines"] for window in windows) == len(LINES)
    assert replay.total.requests == sum(window["requests"] for window in windows)
    assert replay.total.health == sum(window["health_checks"] for window in windows)
    assert replay.total.latency.count == sum(window["duration_ms"]["count"] for window in windows)


def test_times_come_in_order(tmp_path: Path) -> None:
    """Progress is told in order, and documents come in order of time, from however many files."""
    halves = [written(tmp_path / f"{i}.gz", b"".join(nats(line) + b"\n" for line in LINES[i::2])) for i in range(2)]
    told: list[int | None] = []
    outcome, replay = Outcome(), Replay(PLAN, halves, "")
    outcome.take(replay.outputs(told.append))
    assert (told.count(None) > 0, replay.share) == (True, 1.0)
    reached = [at_ms for at_ms in told if at_ms is not None]
    assert reached == sorted(set(reached))
    times = [alert["at"] for alert in outcome.alerts]
    assert times == sorted(times)


def clf(second: int, status: int = 200, app: str = "web") -> Line:
    """Return a line of nginx that carries its stamp itself."""
    at_ms = START + second * 1_000
    when = stamps.text(at_ms)
    own = f"10/Oct/2025:{when[11:19]} +0000"
    said = f'203.0.113.{second % 9} - - [{own}] "GET /x HTTP/1.1" {status} 17 "-" "-" 0.0{second % 9}7'
    return Line(said, when, app, "m1")


BARE = [clf(second, 500 if 100 < second < 200 else 200) for second in range(0, 400, 3)]


def summed(outcome: Outcome) -> dict[str, Any]:
    """Return of each window what does not depend on the name of its app."""
    names = ("requests", "by_status", "duration_ms", "error_ratio", "incomplete")
    return {window["start"]: {name: window[name] for name in names} for window in outcome.windows.values()}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_bare_lines_tell_their_time_themselves(end: str, tmp_path: Path) -> None:
    """A server's own file gives what the same lines in Fly's envelope give, and so does standard input."""
    expected = replayed(PLAN, BARE, tmp_path)
    content = end.join(line.text for line in BARE).encode()
    _, outcome = run(written(tmp_path / "access.log", content), app="web")
    same(outcome, expected)
    same(watched(PLAN, BARE), expected)


def test_lines_without_a_time_take_that_of_their_neighbours(tmp_path: Path) -> None:
    """Lines that tell no time make no window of their own: not at the file's date, not in 1970."""
    content = "\n".join(["Starting up", "", *(line.text for line in BARE), "Shutting down"]).encode()
    path = written(tmp_path / "access.log", content)
    bare = summed(replayed(PLAN, BARE, tmp_path))
    assert summed(run(path, app="web")[1]) == bare
    outcome = Outcome()
    with path.open("rb") as file:
        outcome.take(each for each in local.watch(file, PLAN, "web", live=False) if not isinstance(each, int))
    assert summed(outcome) == bare


def test_lines_that_never_tell_a_time_are_of_now() -> None:
    """Bare lines without any stamp on standard input count in the minute in which they come."""
    began = time.time_ns() // 1_000_000
    outcome = Outcome()
    given = BytesIO(b"GET / 500 17 - 12 ms\n" * 700)
    outcome.take(each for each in local.watch(given, PLAN, "web", live=False) if not isinstance(each, int))
    assert sum(window["requests"] for window in outcome.windows.values()) == 700
    for window in outcome.windows.values():
        assert abs((stamps.ms(window["start"]) or 0) - began) < 120_000


def test_pretty_printed_documents_are_read(tmp_path: Path) -> None:
    """What ``flyctl logs --json`` prints, indented over lines, gives what its text gives."""
    documents = [
        {"level": "info", "instance": line.instance, "message": line.text, "region": "iad", "timestamp": line.stamp}
        for line in BARE
    ]
    pretty = written(tmp_path / "pretty.json", "\n".join(json.dumps(each, indent=4) for each in documents).encode())
    printed = "\n".join(f"{line.stamp} app[m1] iad [info] {line.text}" for line in BARE)
    text = written(tmp_path / "flyctl.log", f"{printed}\n".encode())
    expected = replayed(PLAN, BARE, tmp_path)
    for path in (pretty, text):
        replay, outcome = run(path, app="web")
        assert summed(outcome) == summed(expected)
        assert outcome.transitions == expected.transitions
        assert replay.lines == len(BARE)


def test_bytes_that_are_no_text_are_survived(tmp_path: Path) -> None:
    """Bytes that are not UTF-8, NULs, broken documents and lines of megabytes hide none of the lines around them."""
    odd = [b"\xff\xfe\x00", b"{broken", b"\x00" * 100, b"a" * 3_000_000, b'{"fly":' * 50_000, b"\xe9t\xe9"]
    good = [nats(line) for line in BARE]
    mixed = [each for i, line in enumerate(good) for each in ([line, odd[i % 6]] if i < 12 else [line])]
    _, outcome = run(written(tmp_path / "odd.log", b"\n".join(mixed)), app="web")
    requests = [(window["start"], window["by_status"]) for window in outcome.windows.values() if window["requests"]]
    expected = [(window["start"], window["by_status"]) for window in replayed(PLAN, BARE, tmp_path).windows.values()]
    assert sorted(requests) == sorted(expected)


@pytest.mark.parametrize(
    "stamp",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z", "never", ""],
)
def test_any_stamp_is_survived(stamp: str, tmp_path: Path) -> None:
    """A line with any stamp at all counts somewhere, and takes nothing from the others."""
    odd = Line(BARE[0].text, stamp, "web", "m1")
    replay, outcome = run(written(tmp_path / "log", b"\n".join(map(nats, [odd, *BARE, odd]))))
    assert replay.total.lines == len(BARE) + 2
    assert sum(window["requests"] for window in outcome.windows.values()) == len(BARE) + 2


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    """Files without lines give no window and no alert."""
    replay, outcome = run(written(tmp_path / "a.log", b""), written(tmp_path / "b.log.gz", b""))
    assert (replay.lines, outcome.windows, outcome.alerts) == (0, {}, [])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing file, a directory and a torn archive are told by name, not by a stack."""
    torn = tmp_path / "torn.gz"
    torn.write_bytes(gzip.compress(CONTENT)[:-20])
    torn_too = tmp_path / "torn.zst"
    torn_too.write_bytes(b"no archive at all")
    for path in (tmp_path / "missing.log", tmp_path, torn, torn_too):
        with pytest.raises(UnreadableFile, match=str(path)):
            run(path)
