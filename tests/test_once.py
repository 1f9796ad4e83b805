"""What had arrived before a kill is left out: kills at any moment, of a source that gives again what lies behind its mark."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shippers.batching import Batch, Batching, Limits
from shippers.checkpoints import Checkpoints
from shippers.metrics import Metrics
from shippers.once.journal import Journal
from shippers.once.ledger import Ledger
from shippers.once.naming import Place, read, written
from shippers.once.prefix import prefixes
from shippers.once.tracking import WAIT_MS, Tracking
from shippers.records import Record, records
from shippers.spool.window import Unsafe
from streams.core.values import Line

NAME = "numbers"
STEPS = ("give", "age", "begin", "save", "marked", "arrive", "kill")


class World:
    """A source, a Kafka, and a shipper between them that is killed and started again."""

    def __init__(self, directory: Path, said: list[Line], *, resumes: bool = True) -> None:
        """``said``: all that the source will ever give."""
        self.said = said
        self.checkpoints = Checkpoints(directory)
        self.arrived: list[Record] = []
        self.under_way: list[Record] = []
        self.answers = True  # whether it can be asked what has arrived
        self.resumes = resumes
        self.start()

    def start(self) -> None:
        """Begin as a process does: at the mark, with what has arrived."""
        self.at: int = self.checkpoints.load(NAME) or 0
        self.drained = 0  # how many of the records on their way the mark waits for
        self.asked: int | None = None  # the position of which a mark is being made
        self.is_saved = False
        self.batching = Batching(Limits(lines=4, age_ms=-1))
        self.tracking = Tracking(NAME, Journal(self.checkpoints, NAME), Metrics(), "local", resumes=self.resumes)
        found = [(record.key, record.id) for record in self.arrived]
        self.tracking.learn(found if self.answers else None, 0)

    def send(self, batches: list[Batch]) -> None:
        """Hand records over; they arrive later, or never."""
        self.under_way += [self.tracking.named(record, 1) for batch in batches for record in records(batch)]

    def step(self, what: str, much: int) -> None:
        """Let one thing happen, if it can now."""
        if what == "give":
            lines = self.said[self.at : self.at + much]
            self.at += len(lines)
            self.send(self.batching.add(self.tracking.take(lines), 0))
        elif what == "age":
            self.send(self.batching.flush())
        elif what == "begin" and self.asked is None and not self.tracking.waits:
            self.send(self.batching.flush())
            self.tracking.begin()
            self.asked, self.is_saved, self.drained = self.at, False, len(self.under_way)
        elif what == "save" and self.asked is not None and not self.is_saved:
            self.arrive(self.drained)
            self.checkpoints.save(NAME, self.asked)
            self.is_saved = True
        elif what == "marked" and self.is_saved:
            self.tracking.marked()
            self.asked, self.is_saved = None, False
        elif what == "arrive":
            self.arrive(much)
        elif what == "kill":
            self.kill(much)

    def kill(self, much: int) -> None:
        """End at once: of each key's records on their way the first ones arrive, of some more than of others."""
        left = {record.key: (much * (number + 2)) % 4 for number, record in enumerate(self.under_way)}
        for record in self.under_way:
            if left[record.key]:
                self.arrived.append(record)
                left[record.key] -= 1
        self.under_way.clear()
        self.start()

    def arrive(self, count: int) -> None:
        """Let records arrive that are on their way."""
        self.arrived += self.under_way[:count]
        del self.under_way[:count]
        self.drained = max(self.drained - count, 0)

    def end(self) -> None:
        """Give the rest and end of itself."""
        while self.at < len(self.said):
            self.step("give", 5)
        self.send(self.batching.add(self.tracking.release(), 0))
        self.send(self.batching.flush())
        self.arrive(len(self.under_way))

    def texts(self, instance: str) -> list[str]:
        """Return what Kafka has of an instance."""
        return texts_of(self.arrived, instance)


def texts_of(arrived: list[Record], instance: str) -> list[str]:
    """Return the texts of an instance in records."""
    there = [orjson.loads(record.value)["lines"] for record in arrived if record.key == f"a/{instance}".encode()]
    return [text for rows in there for _, text, *_ in rows]


def texts(lines: list[Line], instance: str) -> list[str]:
    """Return what an instance has said."""
    return [line.text for line in lines if line.instance == instance]


INSTANCES = ("x", "y", "z")
BARE = st.builds(Line, st.sampled_from(["tick", "tick", "tock"]), app=st.just("a"), instance=st.sampled_from(INSTANCES))
LINES = st.lists(BARE, max_size=60)
PLAN = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 9)), max_size=60)


def _played(said: list[Line], plan: list[tuple[str, int]], change: Callable[[World, int], None] | None = None) -> World:
    with tempfile.TemporaryDirectory() as directory:
        world = World(Path(directory), list(said))
        for number, (what, much) in enumerate(plan):
            if change is not None:
                change(world, number)
            world.step(what, much)
        world.end()
    return world


def _numbered(said: list[Line]) -> list[Line]:
    return [msgspec.structs.replace(line, text=str(number)) for number, line in enumerate(said)]


@settings(max_examples=300, deadline=None)
@given(LINES, PLAN)
def test_every_line_once(said: list[Line], plan: list[tuple[str, int]]) -> None:
    """Killed at any moments, each line is there once and in order, although many lines look alike."""
    world = _played(said, plan)
    for instance in INSTANCES:
        assert world.texts(instance) == texts(said, instance)


@settings(max_examples=150, deadline=None)
@given(LINES, PLAN, st.sets(st.integers(0, 60)), st.binary(max_size=40))
def test_a_journal_that_is_torn(said: list[Line], plan: list[tuple[str, int]], when: set[int], torn: bytes) -> None:
    """A journal of which only a part is there, or nothing that can be read, costs repeats and no line."""

    def tear(world: World, number: int) -> None:
        for path in world.checkpoints.directory.glob("*.once") if number in when else ():
            path.write_bytes(path.read_bytes()[: len(torn)] + torn)

    said = _numbered(said)
    world = _played(said, plan, tear)
    for instance in INSTANCES:
        assert list(dict.fromkeys(world.texts(instance))) == texts(said, instance)


@settings(max_examples=150, deadline=None)
@given(LINES, PLAN, st.sets(st.integers(0, 60)))
def test_a_kafka_that_does_not_tell(said: list[Line], plan: list[tuple[str, int]], when: set[int]) -> None:
    """Where nobody tells what has arrived lines come twice, and none is lost."""

    def change(world: World, number: int) -> None:
        world.answers = number not in when

    said = _numbered(said)
    world = _played(said, plan, change)
    for instance in INSTANCES:
        assert set(world.texts(instance)) == set(texts(said, instance))


@settings(max_examples=150, deadline=None)
@given(LINES, PLAN, st.sets(st.integers(0, 60)), st.data())
def test_a_source_whose_lines_changed(
    said: list[Line], plan: list[tuple[str, int]], when: set[int], data: st.DataObject
) -> None:
    """What comes again in another order, or not at all, is shipped: of what was there at the end nothing is missing."""

    def change(world: World, number: int) -> None:
        if number in when:
            mark: int = world.checkpoints.load(NAME) or 0
            world.kill(1)
            rest = data.draw(st.permutations(world.said[mark:]))
            world.said[mark:] = rest[: data.draw(st.integers(0, len(rest)))]

    world = _played(said := _numbered(said), plan, change)
    for instance in INSTANCES:
        assert set(texts(said, instance)) >= set(world.texts(instance)) >= set(texts(world.said, instance))


def test_what_is_not_told_anew(tmp_path: Path) -> None:
    """A source that begins at a moment of its own drops nothing, although the same lines had arrived."""
    said = [Line("tick", app="a", instance="x")] * 8
    world = World(tmp_path, said, resumes=False)
    world.step("give", 8)
    world.step("kill", 1)
    world.end()
    assert len(world.texts("x")) == 16


def test_lines_that_do_not_come_again(tmp_path: Path) -> None:
    """Lines are held for a minute, and no mark is made meanwhile; then they are shipped as they are."""
    said = [Line(str(number), app="a", instance="x") for number in range(4)]
    world = World(tmp_path, said)
    world.step("give", 4)
    world.arrive(1)
    world.step("kill", 1)
    assert list(world.tracking.take(said[:3])) == []
    assert world.tracking.waits
    assert world.tracking.look(WAIT_MS - 1) == []
    assert world.tracking.look(WAIT_MS) == said[:3]
    assert not world.tracking.waits


def test_names_that_are_not_in_order(tmp_path: Path) -> None:
    """An instance whose name no key can have is known again by the name that it is given."""
    world = World(tmp_path, [Line(str(number), app="a", instance="x\ud800") for number in range(4)])
    world.step("give", 4)
    world.arrive(1)
    world.step("kill", 1)
    world.end()
    assert len(world.arrived) == 1
    assert not world.tracking.waits


def test_other_lines_than_before(tmp_path: Path) -> None:
    """Lines that are not those which had arrived are shipped, from the first record on in which they differ."""
    world = World(tmp_path, [Line(str(number), app="a", instance="x") for number in range(12)])
    world.step("give", 8)
    world.arrive(2)
    world.step("kill", 1)
    world.said[4:] = [Line("another", app="a", instance="x")] * 6
    world.end()
    assert world.texts("x") == [*map(str, range(8)), *["another"] * 6]


def test_a_checkpoint_that_somebody_changed(tmp_path: Path) -> None:
    """A checkpoint that is not as the journal knows it, with no mark being made, is another one's: nothing is left out."""
    world = World(tmp_path, [Line("tick", app="a", instance="x")] * 4)
    world.step("give", 4)
    assert Journal(world.checkpoints, NAME).load() is not None
    world.checkpoints.save(NAME, 0)
    assert Journal(world.checkpoints, NAME).load() is None


@pytest.mark.parametrize("text", [b"\x00garbage", b"", b'{"since":[],"checkpoint":[],"began_ms":1}', b'{"v":2,"since":["a"]}'])
def test_a_journal_of_somebody_else(tmp_path: Path, text: bytes) -> None:
    """A journal that says nothing, or nothing that can be read, does not keep a source from its work."""
    (tmp_path / f"{NAME}.once").write_bytes(text)
    said = [Line(str(number), app="a", instance="x") for number in range(4)]
    world = World(tmp_path, said)
    world.end()
    assert world.texts("x") == texts(said, "x")


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    """What cannot be noted is told once, and the records go out without a place."""
    (tmp_path / "file").touch()
    tracking = Tracking(NAME, Journal(Checkpoints(tmp_path / "file"), NAME), metrics := Metrics(), "local", resumes=False)
    tracking.learn((), 0)
    record = Record(b"a/x", b"{}", 1)
    assert tracking.named(record, 1) is record
    tracking.begin()
    assert metrics.registry.get_sample_value("flyship_errors_total", {"source": NAME, "kind": "once"}) == 1


def test_a_place_in_an_id() -> None:
    """The place is found again in the id that the spool gives, and no other id has one."""
    place = Place("0123456789ab", 7, 9, 200, 0xDEADBEEF)
    assert read(written(place)) == place
    assert read(Unsafe("abc").add(Record(b"k", b"v", 200, None, written(place)), 1_760_000_000_000).record.id) == place
    assert read(Unsafe("abc").add(Record(b"k", b"v", 200), 1_760_000_000_000).record.id) is None


def test_a_hole_ends_what_has_arrived() -> None:
    """Of each key the records count from the mark on, up to the first that is missing or contradicts another."""
    epoch, key = "0123456789ab", b"a/x"
    first, second, third = (Place(epoch, 0, start, 2, start) for start in (0, 2, 4))

    def whole(*places: Place) -> list[Place]:
        found = prefixes(((key, written(place)) for place in places), (epoch,))
        return list(found[key].places) if found else []

    assert whole(third, first) == [first]
    assert whole(second, third) == []
    assert whole(first, second, third, msgspec.structs.replace(second, crc=9)) == [first]
    other = Place("ba9876543210", 2, 2, 3, 0)
    assert prefixes([(key, written(other))], (epoch, other.epoch)) == {}
    assert prefixes([(key, written(other))], (other.epoch,))[key].end == 5
    assert Ledger(epoch, prefixes([(key, written(first))], (epoch,))).place(key, 3, 5) == Place(epoch, 0, 2, 3, 5)
