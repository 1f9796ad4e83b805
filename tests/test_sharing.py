"""What members of a group leave to each other, and until when they may send: without Kafka."""

import asyncio

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from shippers.batching import Batching, Limits
from shippers.identity import key
from shippers.records import key_of
from shippers.sharing import marks
from shippers.sharing.lease import MARGIN_S, REBALANCE_S, SESSION_S, Lease
from shippers.sharing.marks import MOST_BYTES, Mark
from shippers.sharing.share import Share
from shippers.sharing.tail import lines_of
from streams.core.values import Line

SECOND = 1_000_000_000
_stamps = st.integers(0, 2**63 - 1)
_apps = st.text(min_size=1, max_size=60)
_marks = st.builds(Mark, _stamps, st.dictionaries(_apps, _stamps, max_size=200), st.lists(_apps, max_size=200).map(tuple))


@given(_marks)
def test_a_mark_fits_and_asks_for_no_less(mark: Mark) -> None:
    """However many apps there are, a mark fits into an offset's metadata, and what it says is missing is no less."""
    text = marks.written(mark)
    read = marks.read(text)
    assert len(text.encode()) <= MOST_BYTES
    assert read is not None
    assert read.heard_ns <= mark.heard_ns
    for app, at_ns in mark.fills.items():
        assert read.fills.get(app, read.heard_ns) <= at_ns


def test_metadata_of_others_is_no_mark() -> None:
    """Nothing, prose, another version and a field too many are no marks."""
    for metadata in ("", "by hand", "{}", '{"heard_ns":1,"v":2}', '{"heard_ns":"1"}', '{"heard_ns":1,"more":2}', "[]"):
        assert marks.read(metadata) is None


def test_several_marks_are_as_far_as_the_last_of_them() -> None:
    """For partitions of several owners together holds what holds for each."""
    one, other = Mark(50, {"a": 10, "b": 40}, ("a", "b")), Mark(30, {"a": 20}, ("c",))
    assert marks.joined([one, other]) == Mark(30, {"a": 10, "b": 40}, ("a", "b", "c"))
    assert marks.joined([]) is None


def test_a_share_has_what_the_producer_puts_into_its_partitions() -> None:
    """An instance is of the share that has the partition to which the producer's partitioner sends its records."""
    shares = [Share(frozenset({number}), 5) for number in range(5)]
    for number in range(200):
        app, instance = f"app-{number % 7}", f"148e{number:x}"
        partition = DefaultPartitioner()(key_of(app, instance), list(range(5)), list(range(5)))
        assert [share.has(app, instance) for share in shares] == [at == partition for at in range(5)]


def test_a_lease_ends_before_others_can_have_the_partitions() -> None:
    """It holds from a renewal on for a session less a margin, and never again once it is over."""
    lease = Lease()
    assert not lease.holds(0)
    lease.renew(100)
    assert lease.holds(100 + SESSION_S - MARGIN_S - 0.1)
    assert not lease.holds(100 + SESSION_S - MARGIN_S)
    lease.renew(90)  # an answer that comes late takes nothing back
    assert lease.holds(107)
    lease.renew(120)
    lease.end()
    assert not lease.holds(121)


def test_a_lease_ends_when_the_group_shares_out_anew() -> None:
    """Once the group shares out anew, renewals help until half the time that all have for it is over."""
    lease = Lease()
    lease.renew(100)
    lease.let_go(101)
    for at_s in range(101, 160):
        lease.renew(at_s)
        assert lease.holds(at_s) == (at_s < 101 + REBALANCE_S / 2)
        assert lease.is_late(at_s) != lease.holds(at_s)


async def test_what_waits_for_a_lease_hears_of_it() -> None:
    """Who wants to send waits until the lease holds, and hears when it never will."""
    lease = Lease()
    waiting = asyncio.create_task(lease.admitted())
    await asyncio.sleep(0)  # not for luck: let it begin to wait
    assert not waiting.done()
    lease.end()
    assert await asyncio.wait_for(waiting, 10) is False


def test_the_lines_of_records() -> None:
    """Lines are read with their names and stamps; ticks, what strangers write, and broken rows are none."""
    value = b'{"v":1,"app":"a","instance":"i","provider":"app","lines":[["2026-01-01T00:00:00Z","x"],[null,"y"],["z"]]}'
    assert list(lines_of(value.replace(b',["z"]', b""))) == [("a", "i", "2026-01-01T00:00:00Z", "x"), ("a", "i", None, "y")]
    assert not list(lines_of(value))
    for other in (b"", b"no JSON", b'{"v":1,"tick":true}', b"[]", b'{"app":"a","instance":"i","lines":3}'):
        assert not list(lines_of(other))


def test_a_line_that_was_cut_is_known_again() -> None:
    """What is left in the topic of a line that was too long has the key of the whole line."""
    text = "\U0001f600" * 40_000
    batching = Batching(Limits())
    (batch,) = [*batching.add([Line(text)], 0), *batching.flush()]
    (row,) = batch.rows
    assert row[1] != text
    assert key("a", "i", 1, row[1] or "") == key("a", "i", 1, text)
