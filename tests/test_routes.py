"""Routes: ids fold, the user's templates come first, and what has too many children becomes one."""

import pickle
from random import Random

import pytest

from streams.core.cardinality import Routes
from streams.core.plan import Plan
from streams.core.routes import OTHER, forget, routes
from tests.test_drift import outputs_of

CASES = (
    ("/orders/123", "/orders/:id"),
    ("/orders/123?page=2", "/orders/:id"),
    ("/orders/123/items/7", "/orders/:id/items/:id"),
    ("/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301/edit", "/u/:id/edit"),
    ("/blob/da39a3ee5e6b4b0d3255bfef95601890afd80709", "/blob/:id"),
    ("/archive/2024-11-27/mail", "/archive/:id/mail"),
    ("/archive/2024/11/27", "/archive/:id/:id/:id"),
    ("/api/v2/orders/9", "/api/v2/orders/:id"),
    ("/about#top", "/about"),
    ("/about;jsessionid=1A", "/about"),
    ("/", "/"),
    ("", "-"),
    (None, "-"),
    ("*", "*"),
)
TEMPLATES = ("/shop/:category/:slug", "/files/*", "/shop/sale/:slug", "/v/:name")


@pytest.mark.parametrize(("target", "route"), CASES)
def test_ids_fold(target: str | None, route: str) -> None:
    """Numbers, UUIDs, hashes and dates become ``:id``; words, versions and the root stay."""
    assert routes([target], 200) == [route]


def test_templates_come_first() -> None:
    """A target that fits a template of the user is that route, the first one in their order; others fold as ever."""
    targets = ["/shop/tea/green-1?x=/", "/shop/tea/", "/shop/sale/cup", "/files", "/files/a/b/c.txt", "/filesystem", "/v/7/8"]
    expected = [
        "/shop/:category/:slug",
        "/shop/tea/",
        "/shop/:category/:slug",
        "/files/*",
        "/files/*",
        "/filesystem",
        "/v/:id/:id",
    ]
    assert routes(targets, 200, TEMPLATES) == expected
    assert routes(targets[:1], 200) == ["/shop/tea/:id"]


def test_the_cache_changes_nothing() -> None:
    """However often and in whatever company a target comes, its route is the same."""
    rng = Random(4)
    targets = [f"/{rng.choice('abc')}/{rng.randrange(10**6)}?q={rng.randrange(9)}" for _ in range(30_000)]
    forget()
    together = routes(targets, 200, TEMPLATES)
    apart: list[str] = []
    while len(apart) < len(targets):
        apart += routes(targets[len(apart) : len(apart) + rng.randrange(1, 900)], 200, TEMPLATES)
    assert apart == together
    assert routes([], 200, TEMPLATES) == []  # also while the cache is passed over, as it is now


def test_what_has_many_children_becomes_one_route() -> None:
    """Once there are more routes than the cap, slugs are learnt to be ids; other routes stay, and no request is lost."""
    counts = Routes({"/": 5, "/about": 3})
    for number in range(300):
        counts.count([f"/products/{_word(number)}", "/about"], 100)
    assert set(counts) == {"/", "/about", "/products/:any"}
    assert counts == {"/": 5, "/about": 303, "/products/:any": 300}
    again, merged = pickle.loads(pickle.dumps(counts)), Routes({"/products/tea": 2})  # noqa: S301  # made here
    again.count(["/products/cup"], 100)
    merged.add(again, 100)
    assert merged == {"/": 5, "/about": 303, "/products/:any": 303}


def test_what_is_still_too_much_goes_to_others() -> None:
    """Routes of which none has many children do not fit into the cap: the rest of them is counted together."""
    counts = Routes()
    counts.count([f"/{_word(number)}/page" for number in range(300)], 100)
    assert len(counts) == 101
    assert counts[OTHER] == 200


def _word(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_templates_reach_the_panes() -> None:
    """Windows count by the user's routes."""
    windows = outputs_of(["GET /shop/tea/cup 200 1 - 12 ms"], Plan(templates=TEMPLATES))
    assert [window["top_routes"] for window in windows] == [{"/shop/:category/:slug": 1}]
