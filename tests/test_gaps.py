"""The merging of a live stream that has gaps with history, without sockets: every line once, in order, wherever it was cut."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from shippers.fly_api.client import Page
from shippers.fly_api.pages import ApiLine
from shippers.fly_api.walk import Walk
from shippers.gaps import checkpoint
from shippers.gaps.checkpoint import Unsafe
from shippers.gaps.merging import Merging
from shippers.gaps.values import Given, Limits, Said, Told, Unfilled
from shippers.identity import Reading, key
from shippers.nanoseconds import stamp_of
from streams.core.values import Line

SECOND = 1_000_000_000
START = 1_760_000_000 * SECOND
OVERLAP = 5 * SECOND
LIMITS = Limits(overlap_ns=OVERLAP, fill_ns=10_000 * SECOND)
APPS = ("shop", "web")
INSTANCES = ("a", "b", "c")


def _told(*lines: Said) -> list[Told]:
    reading = Reading()
    return [
        Told(said, reading.identify(key(said.line.app, said.line.instance, said.at_ns or 0, said.line.text))) for said in lines
    ]


def _line(app: str, instance: str, at_ns: int, text: str) -> Said:
    return Said(Line(text, stamp_of(at_ns), app, instance), at_ns)


class Step(NamedTuple):
    """What happens next in a run: time passes, lines are said, the connection comes or goes, history is read."""

    kind: str
    app: str = "shop"
    instance: str = "a"
    ms: int = 0


_says = st.lists(
    st.builds(
        Step,
        st.just("say"),
        st.sampled_from((*APPS, "shop")),
        st.sampled_from(INSTANCES),
        st.sampled_from((0, 0, 1, 900, 4_000)),
    ),
    max_size=5,
)
_reads = st.lists(st.builds(Step, st.just("read"), st.sampled_from(APPS), ms=st.sampled_from((0, 100, 2_000))), max_size=3)
_waits = st.sampled_from((0, 300, 8_000))
_away = st.builds(
    lambda end, said, ms: [Step(end), *said, Step("connect", ms=ms)], st.sampled_from(("lose", "kill")), _says, _waits
)
_odd = st.builds(lambda kind, ms: [Step(kind, ms=ms)], st.sampled_from(("lose", "connect", "kill")), _waits)
_steps = st.lists(st.one_of(_says, _reads, _away, _odd), max_size=30).map(
    lambda blocks: [step for block in blocks for step in block]
)


class World:
    """Numbered lines, a stream that hears them while it is connected, and a history that has them a little later."""

    def __init__(self, lag_ms: int, page_lines: int) -> None:
        """``lag_ms``: how far history is behind."""
        self.now_ns = START
        self.said: dict[str, list[Said]] = defaultdict(list)
        self.given: list[Given] = []
        self._lag_ns, self._page_lines = lag_ms * 1_000_000, page_lines
        self._is_connected = True
        self._walks: dict[str, tuple[object, int, Walk]] = {}
        self._unsafe = Unsafe()
        self.merging = Merging(LIMITS, APPS)
        self.merging.connected(self.now_ns)
        self._number = 0

    def step(self, step: Step) -> None:
        """Let one thing happen."""
        self.now_ns += step.ms * 1_000_000
        match step.kind:
            case "say":
                self._say(step.app, step.instance)
            case "lose":
                self._is_connected = False
                self.merging.lost()
            case "connect":
                self._is_connected = True
                self.merging.connected(self.now_ns)
            case "kill":
                self._start_again()
            case "read":
                self._read(step.app)

    def settle(self) -> None:
        """Let time pass until nothing is missing any more."""
        if not self._is_connected:
            self._is_connected = True
            self.merging.connected(self.now_ns)
        for _ in range(2_000):
            if not self.merging.fills:
                return
            self.now_ns += SECOND
            for app in list(self.merging.fills):
                self._read(app)
        raise AssertionError("a gap never ends")

    def _say(self, app: str, instance: str) -> None:
        self._number += 1
        self.now_ns += 1
        before = [said for said in self.said[app] if said.line.instance == instance][-1:]
        if self._number % 3 == 0 and before and self.now_ns - (before[0].at_ns or 0) < 100:
            said = before[0]  # a true repeat: the same words in the same nanosecond
        else:
            said = _line(app, instance, self.now_ns, f"line {self._number}")
        self.said[app].append(said)
        if self._is_connected:
            self._give(self.merging.live([said], self.now_ns))

    def _read(self, app: str) -> None:
        fill = self.merging.fills.get(app)
        if fill is None:
            return
        of, number, walk = self._walks.get(app, (None, 0, Walk(0)))
        if of is not fill or number != fill.round:
            walk = Walk(fill.cursor_ns)
            self._walks[app] = fill, fill.round, walk
        settled_ns = self.now_ns - self._lag_ns
        fresh = walk.identified(self._page(app, walk.token_ns), settled_ns)
        settled = [Told(Said(new.said.line, new.said.at_ns), new.identity) for new in fresh if new.said.at_ns <= settled_ns]
        self._give(self.merging.history(app, settled, self.now_ns))
        if walk.is_at_end or fill.is_past or len(settled) < len(fresh):
            self._give(self.merging.at_end(app, settled_ns))
            self._walks.pop(app)

    def _page(self, app: str, since_ns: int) -> Page:
        """Return the lines of the token's nanosecond, which were told before perhaps, and some behind them."""
        there = [said for said in self.said[app] if since_ns <= (said.at_ns or 0) <= self.now_ns - self._late_ns(said)]
        there.sort(key=lambda said: said.at_ns or 0)
        again = sum(said.at_ns == since_ns for said in there)
        page = there[: again + self._page_lines]
        lines = tuple(ApiLine(said.at_ns or 0, said.line) for said in page)
        return Page(lines, str(page[-1].at_ns if page else since_ns))

    def _late_ns(self, said: Said) -> int:
        return self._lag_ns * (1 if said.line.instance == "a" else 2) // 2

    def _give(self, given: list[Given]) -> None:
        self.given += given
        self._unsafe.add(given)

    def _start_again(self) -> None:
        reach = self.merging.reach()
        self._unsafe.safe(reach.number)
        left = checkpoint.earlier(checkpoint.document(reach, self._unsafe, self.merging))
        assert left is not None
        self.merging, self._unsafe = Merging(LIMITS, APPS), Unsafe()
        checkpoint.resume(self.merging, left)
        self._is_connected = False


def _texts(lines: Iterator[Line]) -> dict[tuple[str, str], list[tuple[str | None, str]]]:
    found: dict[tuple[str, str], list[tuple[str | None, str]]] = defaultdict(list)
    for line in lines:
        found[line.app, line.instance].append((line.stamp, line.text))
    return found


@settings(max_examples=250, deadline=None)
@given(_steps, st.sampled_from((0, 500, 4_000)), st.sampled_from((1, 3, 100)))
def test_every_line_once_and_in_order(steps: list[Step], lag_ms: int, page_lines: int) -> None:
    """However connections, restarts and pages cut a stream, each of its lines is given once, in order in its instance."""
    world = World(lag_ms, page_lines)
    for step in steps:
        world.step(step)
    world.settle()
    said = _texts(each.line for lines in world.said.values() for each in lines)
    assert _texts(each.line for each in world.given) == said
    assert not world.merging.missing
    assert all(gap.filled for gap in world.merging.closed)


def test_a_gap_that_cannot_be_filled_lets_go_what_waits() -> None:
    """Given up, a gap is told with what may be missing, and the lines that waited are given in order."""
    merging = Merging(LIMITS, ["shop"])
    merging.connected(START)
    merging.live([_line("shop", "a", START, "first")], START)
    merging.lost()
    merging.connected(START + 20 * SECOND)
    late = [_line("shop", "a", START + (21 + number) * SECOND, f"{number}") for number in range(3)]
    assert merging.live(late, START + 25 * SECOND) == []
    given = merging.give_up("shop", Unfilled.API_UNAVAILABLE, "503")
    assert [each.line.text for each in given] == ["0", "1", "2"]
    (missing,), (closed,) = merging.missing, merging.closed
    assert (missing.app, missing.reason, missing.from_ns, missing.to_ns) == (
        "shop",
        "api_unavailable",
        START,
        START + 20 * SECOND,
    )
    assert not closed.filled


def test_without_history_a_gap_is_told_at_once() -> None:
    """Without a token nothing waits: each gap is told of each app that was heard."""
    merging = Merging(LIMITS, can_fill=False)
    merging.connected(START)
    merging.live([_line("shop", "a", START, "first")], START)
    merging.lost()
    merging.lost()
    merging.connected(START + SECOND)
    assert [each.line.text for each in merging.live([_line("shop", "a", START + SECOND, "second")], START + SECOND)] == [
        "second"
    ]
    assert [(each.app, each.reason) for each in merging.missing] == [("shop", "no_token")]
    assert merging.opened == 1


def test_what_is_older_than_history_is_told() -> None:
    """Of a gap longer than history, the part that it cannot tell is said to be missing, and the rest is filled."""
    merging = Merging(LIMITS, ["shop"])
    merging.resume(START, ["shop"], {})
    now_ns = START + 20 * 86_400 * SECOND
    merging.connected(now_ns)
    assert [(each.app, each.reason, each.from_ns) for each in merging.missing] == [("shop", "beyond_history", START)]
    given = merging.history("shop", _told(_line("shop", "a", now_ns - SECOND, "missed")), now_ns)
    assert [(each.line.text, each.filled) for each in given] == [("missed", True)]


def test_a_line_from_the_future_hides_no_gap() -> None:
    """A stamp ahead of the clock counts as now: the next gap is looked for from there."""
    merging = Merging(LIMITS, ["shop"])
    merging.connected(START)
    merging.live([_line("shop", "a", START + 86_400 * SECOND, "ahead")], START)
    merging.lost()
    merging.connected(START + SECOND)
    assert merging.fills["shop"].cursor_ns == START - OVERLAP


def test_a_new_app_is_looked_for_in_the_gap_before_it() -> None:
    """An app that is first heard while a gap is being filled may have begun in it: its lines there are given, too."""
    merging = Merging(LIMITS, ["shop"])
    merging.connected(START)
    merging.lost()
    merging.connected(START + 10 * SECOND)
    second = _line("new", "a", START + 11 * SECOND, "second")
    assert merging.live([second], START + 11 * SECOND) == []
    found = merging.history("new", _told(_line("new", "a", START + 5 * SECOND, "first"), second), START + 12 * SECOND)
    assert [each.line.text for each in found] == ["first", "second"]


def test_the_first_app_of_all_is_looked_for_in_the_gap_before_it() -> None:
    """A gap in which no app was known waits for one until ``overlap`` after it, and no longer."""
    merging = Merging(LIMITS)
    merging.connected(START)
    merging.lost()
    merging.connected(START + 10 * SECOND)
    assert not merging.closed
    second = _line("new", "a", START + 11 * SECOND, "second")
    assert merging.live([second], START + 11 * SECOND) == []
    found = merging.history("new", _told(_line("new", "a", START + 5 * SECOND, "first"), second), START + 12 * SECOND)
    assert [each.line.text for each in found] == ["first", "second"]
    quiet = Merging(LIMITS)
    quiet.connected(START)
    quiet.lost()
    quiet.connected(START + 10 * SECOND)
    late = START + 10 * SECOND + OVERLAP + 1
    assert len(quiet.live([_line("new", "a", late, "first")], late)) == 1
    assert [gap.filled for gap in quiet.closed] == [True]


def test_a_line_that_history_tells_otherwise_does_not_wait_for_it() -> None:
    """A live line whose words are others in history is given once history has passed it, not when all is given up."""
    merging = Merging(LIMITS, ["shop"])
    merging.connected(START)
    merging.lost()
    merging.connected(START + 10 * SECOND)
    assert merging.live([_line("shop", "a", START + 11 * SECOND, "said")], START + 11 * SECOND) == []
    merging.history("shop", _told(_line("shop", "a", START + 11 * SECOND, "told")), START + 12 * SECOND)
    assert [each.line.text for each in merging.at_end("shop", START + 12 * SECOND)] == ["said"]


def test_a_second_gap_while_the_first_is_filled() -> None:
    """What was live's affair after the first gap is looked for again after the second: the line between comes in its place."""
    merging = Merging(LIMITS, ["shop"])
    merging.connected(START)
    one, two, three = (_line("shop", "a", START + number * SECOND, f"{number}") for number in (1, 2, 3))
    merging.lost()
    merging.connected(START + SECOND)
    merging.live([one], START + SECOND)
    merging.history("shop", _told(one), START + SECOND)
    merging.at_end("shop", START + SECOND)
    merging.lost()
    merging.connected(START + 3 * SECOND)
    assert merging.live([three], START + 3 * SECOND) == []
    given = merging.history("shop", _told(one, two, three), START + 4 * SECOND)
    assert [each.line.text for each in given] == ["2", "3"]


def test_apps_are_bounded() -> None:
    """Beyond the bound an app takes the place of one that nothing is looked for of; where all are, its lines are given."""
    merging = Merging(Limits(apps=2), ["shop", "web"])
    merging.connected(START)
    merging.live([_line("third", "a", START, "one")], START)
    assert list(merging.apps) == ["web", "third"]
    merging.lost()
    merging.connected(START + SECOND)
    assert len(merging.live([_line("fourth", "a", START + SECOND, "two")], START + SECOND)) == 1
    assert set(merging.fills) == set(merging.apps) == {"web", "third"}


def test_a_checkpoint_calls_no_line_seen_that_is_not_safe() -> None:
    """What was given and is not safe yet is fetched again by the next run; what is safe is not given again."""
    merging, unsafe = Merging(LIMITS, ["shop"]), Unsafe()
    merging.connected(START)
    lines = [_line("shop", "a", START + number, f"{number}") for number in range(4)]
    unsafe.add(merging.live(lines[:2], START + SECOND))
    reach = merging.reach()
    unsafe.add(merging.live(lines[2:], START + SECOND))
    unsafe.safe(reach.number)
    left = checkpoint.earlier(checkpoint.document(reach, unsafe, merging))
    assert left is not None
    again = Merging(LIMITS)
    checkpoint.resume(again, left)
    again.connected(START + 2 * SECOND)
    assert [each.line.text for each in again.history("shop", _told(*lines), START + 2 * SECOND)] == ["2", "3"]


def test_a_checkpoint_that_is_none() -> None:
    """A document that is no checkpoint is none."""
    documents: tuple[object, ...] = (None, [], {}, {"v": 2}, {"v": 1, "heard_ns": None, "seen": [], "fills": {}, "apps": []})
    for document in documents:
        assert checkpoint.earlier(document) is None
