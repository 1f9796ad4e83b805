"""Which line is which: the key, repeats of it, several ways that bring the same lines, stamps to the nanosecond."""

from collections import Counter

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shippers.fly_api.pages import page_of
from shippers.fly_api.walk import Walk
from shippers.identity import Identity, Key, Reading, Seen, key
from shippers.nanoseconds import at_ns, stamp_of
from streams.core.values import Line

Spoken = tuple[int, str]  # a stamp and a text: many have both in common
SPOKEN = st.lists(st.tuples(st.integers(1, 6), st.sampled_from("ab")), max_size=40)


def _key(said: Spoken) -> Key:
    return key("shop", "i1", *said)


def test_who_says_what_when_is_one_line() -> None:
    """Another app, instance, nanosecond or text makes another key; where one field ends is part of it."""
    told = [
        ("a", "b", 1, "c"),
        ("x", "b", 1, "c"),
        ("a", "x", 1, "c"),
        ("a", "b", 2, "c"),
        ("a", "b", 1, "x"),
        ("ab", "", 1, "c"),
    ]
    assert len({key(*one) for one in told}) == len(told)
    assert key(*told[0]) == key(*told[0])


@given(said=SPOKEN, cuts=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8))
def test_any_readings_of_the_same_lines_bring_each_once(said: list[Spoken], cuts: list[tuple[int, int]]) -> None:
    """Readings that begin at a stamp and end anywhere bring every line that any of them holds once, repeats among them."""
    said.sort()
    seen, taken, held = Seen(), Counter[Spoken](), Counter[Spoken]()
    for first, last in cuts:
        begun = next((n for n, one in enumerate(said) if one[0] >= first), len(said))
        read = said[begun : begun + last]
        reading = Reading()
        taken.update(one for one in read if reading.is_new(_key(one), seen))
        held |= Counter(read)
    assert taken == held


def test_what_is_remembered_is_bounded() -> None:
    """Beyond the bound the oldest key goes, and is counted; a checkpoint brings the rest back."""
    seen = Seen(most=3)
    for stamp in range(1, 6):
        assert seen.take(_key((stamp, "a")), 0)
    assert (len(seen), seen.forgotten) == (3, 2)
    again = Seen()
    again.restore(orjson.loads(orjson.dumps(seen.kept(since_ns=4))))
    assert [again.count(_key((stamp, "a"))) for stamp in range(1, 6)] == [0, 0, 0, 1, 1]


def test_a_reading_counts_repeats() -> None:
    """The second line with the same key is repeat 1."""
    reading, of = Reading(), _key((1, "a"))
    assert [reading.identify(of), reading.identify(of)] == [Identity(of, 0), Identity(of, 1)]


def test_stamps_keep_every_nanosecond() -> None:
    """A stamp is read and written to its last digit, in whatever zone; what is none gives None."""
    assert at_ns("2025-10-10T18:36:00.123456789Z") == 1_760_121_360_123_456_789
    assert at_ns("2025-10-10T20:36:00.123456789+02:00") == 1_760_121_360_123_456_789
    assert at_ns("2025-10-10T18:36:00Z") == 1_760_121_360_000_000_000
    assert stamp_of(1_760_121_360_120_000_000) == "2025-10-10T18:36:00.12Z"
    assert [at_ns(wrong) for wrong in (None, "", "2025-02-30T00:00:00Z", "2025-10-10T18:36:00", "yesterday")] == [None] * 5


@given(st.integers(0, 4_000_000_000 * 10**9))
def test_stamps_come_back(ns: int) -> None:
    """What is written is read as it was."""
    assert at_ns(stamp_of(ns)) == ns


def _page(lines: list[tuple[int, str]], token: int | None) -> bytes:
    of = {"instance": "i1", "region": "ams", "level": "info"}
    data = [{"id": "1", "attributes": of | {"timestamp": stamp_of(ns), "message": text}} for ns, text in lines]
    return orjson.dumps({"data": data, "meta": {"next_token": None if token is None else str(token)}})


@given(said=SPOKEN, size=st.integers(1, 7), repeats=st.booleans())
def test_pages_bring_every_line_once(said: list[Spoken], size: int, repeats: bool) -> None:
    """Whatever a page holds, and whether its edge comes again, a walk brings each line once in order; crowds are told."""
    said.sort(key=lambda one: one[0])
    walk, brought, asked = Walk(1), list[Spoken](), 0
    while not walk.is_at_end:
        left = [one for one in said if one[0] >= walk.token_ns]
        page = left[:size]
        if not repeats and page:
            page += [one for one in left[size:] if one[0] == page[-1][0]]
        token = walk.token_ns if not page else page[-1][0] + (not repeats)
        fresh = walk.take(page_of(_page(page, token), "shop"), settled_ns=100)
        brought += [(one.at_ns, one.line.text) for one in fresh]
        asked += 1
        assert asked < 200
    crowds = [ns for ns, n in Counter(ns for ns, _ in said).items() if repeats and n > size]
    if not crowds:
        assert brought == said
    assert [ns for ns, _ in brought] == sorted(ns for ns, _ in brought)
    assert not Counter(brought) - Counter(said)
    assert {ns for ns, _ in Counter(said) - Counter(brought)} <= set(crowds)


@given(
    said=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=30),
    looks=st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=30),
    size=st.integers(3, 9),
)
def test_what_comes_late_is_brought(said: list[tuple[int, int]], looks: list[tuple[int, bool]], size: int) -> None:
    """Lines that reach the API up to five late, behind younger ones, are brought once each, whenever a walk looks."""
    lines = [(at, at + late, f"{number}") for number, (at, late) in enumerate(said)]
    walk, now, brought = Walk(1), 0, list[str]()
    for passed, rewinds in [*looks, (60, True)]:
        now += passed
        if rewinds:
            walk.rewind()
        for _ in range(60):
            there = sorted((at, text) for at, arrived, text in lines if arrived <= now and at >= walk.token_ns)[:size]
            token = there[-1][0] if there else walk.token_ns
            brought += [one.line.text for one in walk.take(page_of(_page(there, token), "shop"), settled_ns=now - 5)]
            if walk.is_at_end:
                break
    crowds = {at for at, n in Counter(at for at, *_ in lines).items() if n >= size}
    assert len(brought) == len(set(brought))
    assert {at for at, _, text in lines if text not in brought} <= crowds


def test_an_empty_page_does_not_lead_past_what_may_still_come() -> None:
    """Where the API's token is "now" although nothing came, the next question begins before lines that are on their way."""
    walk = Walk(1_000)
    assert walk.take(page_of(_page([], 9_000), "shop"), settled_ns=5_000) == []
    assert (walk.token_ns, walk.is_at_end) == (5_000, True)
    assert [one.at_ns for one in walk.take(page_of(_page([(6_000, "late")], 6_000), "shop"), settled_ns=5_500)] == [6_000]


def test_a_line_that_no_envelope_fits_is_a_line() -> None:
    """What the API tells in another form is kept as text, in its place; a document that is no page is said to be none."""
    body = orjson.dumps({"data": [{"attributes": {"message": "bare", "timestamp": "x"}}, 7], "meta": {}})
    page = page_of(body, "shop")
    assert [one.line for one in page.lines] == [Line("bare", app="shop"), Line("7", app="shop")]
    assert page.next_token is None
