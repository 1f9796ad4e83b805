"""The order of what is on its way to Kafka, what counts as safe, and how dropped lines are told. Without Kafka or files."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shippers.dropping import APPS, Dropping
from shippers.records import Record
from shippers.spool.note import Reached
from shippers.spool.window import ASIDE_S, Entry, Unsafe, Window, came_ms
from streams.core.values import Line


def _record(lines: int = 1) -> Record:
    return Record(b"a/i", b"x" * 10, lines)


@given(st.lists(st.sampled_from(["enter", "hand", "acknowledge"]), max_size=60))
def test_the_window_keeps_the_order(deeds: list[str]) -> None:
    """Whatever happens, records are handed over and acknowledged in the order in which they entered, each once."""
    window, entered, handed, acknowledged = Window(), list[Entry](), list[Entry](), 0
    for deed in deeds:
        if deed == "enter":
            entered.append(Entry(len(entered) + 1, _record(), Reached(len(entered) + 1, 0)))
            window.enter(entered[-1], 0.0)
        elif deed == "hand" and not window.handed:
            handed.append(window.hand())
        elif deed == "acknowledge" and len(handed) > acknowledged:
            acknowledged += 1
            assert window.acknowledge(1, 0.0) == entered[acknowledged - 1].place
    assert handed == entered[: len(handed)]
    assert len(window) == len(entered) - acknowledged
    assert window.bytes == 10 * len(window)


def test_when_kafka_counts_as_away() -> None:
    """Only what waits can be stuck, and only from when it could have been acknowledged."""
    window = Window()
    assert not window.stuck(1_000.0)
    window.enter(Entry(1, _record()), 1_000.0)
    window.enter(Entry(2, _record()), 1_001.0)
    assert not window.stuck(1_000.0 + ASIDE_S - 0.1)
    assert window.stuck(1_000.0 + ASIDE_S)
    window.hand()
    window.acknowledge(1, 1_005.0)
    assert not window.stuck(1_005.0 + ASIDE_S - 0.1)
    window.touch(1_010.0)
    assert not window.stuck(1_010.0)


def test_what_is_safe() -> None:
    """A record is safe in Kafka or on disk; one that is neither keeps those behind it waiting, as drains must."""
    unsafe = Unsafe("me")
    first, second, third = (unsafe.add(_record(lines=5), 1_760_000_000_000) for _ in range(3))
    assert len({entry.record.id for entry in (first, second, third)}) == 3
    assert came_ms(first.record.id) == 1_760_000_000_000
    second.acknowledged = True
    unsafe.trim(durable=0)
    assert (unsafe.holds(1), unsafe.safe_lines) == (True, 0)
    first.place, third.place = Reached(7, 0), Reached(8, 0)
    unsafe.trim(durable=7)
    assert (unsafe.holds(2), unsafe.holds(3), unsafe.safe_lines) == (False, True, 10)
    unsafe.trim(durable=8)
    assert (unsafe.holds(3), unsafe.safe_lines) == (False, 15)


def test_dropped_lines_are_told_by_app() -> None:
    """Each app has one line that says how many of its lines are missing, and between which times; then it begins anew."""
    dropping = Dropping("nats")
    dropping.drop([Line("x", app="shop"), Line("y", app="web")], 1_760_000_000_000)
    dropping.drop([Line("z", app="shop")], 1_760_000_005_000)
    shop, web = dropping.told()
    assert (shop.app, shop.provider, shop.level, shop.stamp) == ("shop", "probe", "error", "2025-10-09T08:53:25Z")
    assert orjson.loads(shop.text) == {
        "probe": "log_gap",
        "ok": False,
        "source": "nats",
        "lines": 2,
        "from_ms": 1_760_000_000_000,
        "to_ms": 1_760_000_005_000,
        "reason": "spool_full",
    }
    assert orjson.loads(web.text)["lines"] == 1
    assert not dropping


def test_dropped_lines_of_very_many_apps() -> None:
    """Beyond a bound the lines of further apps are told together."""
    dropping = Dropping("nats")
    dropping.drop([Line("x", app=f"a{number}") for number in range(APPS + 50)], 0)
    told = dropping.told()
    assert len(told) == APPS + 1
    assert (told[-1].app, orjson.loads(told[-1].text)["lines"]) == ("", 50)
