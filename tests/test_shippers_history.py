"""Old files shipped in the order of their stamps, with ticks that drive the clock."""

import asyncio
from pathlib import Path

import orjson
import pytest

from shippers.batching import Batching, Limits
from shippers.history import History, ship_history
from shippers.records import Record
from shippers.sources.readings import Readings
from shippers.stamps import Stamps, iso_ms
from streams.core.values import Line

DAY = "2025-10-10T17:00:"
START_MS = 1_760_115_600_000


class Sink:
    """Keeps what it gets: (time, texts) of a record, (time, None) of a tick."""

    def __init__(self) -> None:
        """Begin empty."""
        self.got: list[tuple[int, list[str] | None]] = []

    async def send(self, record: Record) -> None:
        """Keep a record."""
        assert record.at_ms is not None
        self.got.append((record.at_ms - START_MS, [row[1] for row in orjson.loads(record.value)["lines"]]))

    async def tick(self, at_ms: int) -> None:
        """Keep a tick."""
        self.got.append((at_ms - START_MS, None))

    async def drain(self) -> None:
        """Nothing is under way."""

    def check(self) -> None:
        """Nothing fails."""


def _fly(second: str, text: str, instance: str = "i") -> str:
    return f"{DAY}{second}Z app[{instance}] ord [info]{text}\n"


async def _shipped(*paths: Path) -> list[tuple[int, list[str] | None]]:
    sink = Sink()
    history = History(paths, Readings("a", ""), Stamps().stamp_ms)
    await ship_history(history, Batching(Limits(age_ms=-1)), sink, asyncio.Event())
    return sink.got


async def test_files_are_merged_by_stamp_with_ticks(tmp_path: Path) -> None:
    """Records carry their newest line's time; ten seconds with lines end with a tick, the last a little later."""
    (tmp_path / "a").write_text(_fly("01", "a1") + _fly("05", "a2") + _fly("31", "a3"))
    (tmp_path / "b").write_text(_fly("03", "b1") + _fly("12", "b2"))
    assert await _shipped(tmp_path / "a", tmp_path / "b") == [
        (5_000, ["a1", "b1", "a2"]),
        (10_000, None),
        (12_000, ["b2"]),
        (20_000, None),
        (31_000, ["a3"]),
        (155_000, None),
    ]


async def test_a_line_without_stamp_goes_with_the_line_before(tmp_path: Path) -> None:
    """Lines without a stamp keep their place in their file, also before the first stamp."""
    (tmp_path / "a").write_text("early\n" + f"{DAY}05Z own stamp\n" + "trace\n" + f"{DAY}15Z later\n")
    (tmp_path / "b").write_text(_fly("06", "b"))
    assert await _shipped(tmp_path / "a", tmp_path / "b") == [
        (5_000, ["early", f"{DAY}05Z own stamp", "trace"]),
        (6_000, ["b"]),
        (10_000, None),
        (15_000, [f"{DAY}15Z later"]),
        (135_000, None),
    ]


async def test_no_record_is_older_than_a_tick_before_it(tmp_path: Path) -> None:
    """In files whose own order is that of time, the times of records and ticks never go back beyond a tick."""
    for name in "abc":
        lines = [_fly(f"{second:02}", f"{name}{second}", name) for second in range(ord(name) % 7, 60, ord(name) % 5 + 1)]
        (tmp_path / name).write_text("".join(lines))
    reached = -1
    for at_ms, texts in await _shipped(*(tmp_path / name for name in "abc")):
        if texts is None:
            assert at_ms > reached
            reached = at_ms
        else:
            assert all(int(text[1:]) * 1_000 >= reached for text in texts)


async def test_a_file_without_any_stamp_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in which no line says when it was written cannot be placed: it is told and counted."""
    (tmp_path / "a").write_text("no\nstamp\n")
    history = History([tmp_path / "a"], Readings("a", ""), Stamps().stamp_ms)
    assert list(history.lines()) == []
    assert history.problems == 1
    assert "says when it was written" in capsys.readouterr().err


def test_bare_lines_have_their_own_stamp() -> None:
    """A bare line's time is the one its format writes."""
    nginx = '10.0.0.1 - - [10/Oct/2025:17:00:01 +0000] "GET / HTTP/1.1" 200 12 "-" "curl"'
    assert Stamps().stamp_ms(Line(nginx)) == START_MS + 1_000


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("2025-10-10T17:00:01Z", START_MS + 1_000),
        ("2025-10-10T17:00:01.123456789Z", START_MS + 1_123),
        ("[2025-10-10 17:00:01,5] text", START_MS + 1_500),
        ("2025-10-10T19:00:01+02:00 text", START_MS + 1_000),
        ("2025-02-30T19:00:01Z", None),
        ("text", None),
    ],
)
def test_iso_stamps(text: str, expected_ms: int | None) -> None:
    """ISO stamps are read with fraction and zone; without a zone they are UTC."""
    assert iso_ms(text) == expected_ms
