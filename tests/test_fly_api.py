"""The client of Fly's logs API against a server that behaves as it does: pages, filters, limits, bad days, wrong tokens."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from shippers.fly_api import client
from shippers.fly_api.client import ApiError, Kind, LogsApi
from shippers.fly_api.tokens import authorization, fly_token
from shippers.metrics import Metrics
from shippers.nanoseconds import SECOND_NS
from shippers.secrets import SecretError
from tests.servers.fly_api import DAY_NS, TOKEN, FlyApi


@pytest.fixture
def server() -> Iterator[FlyApi]:
    """Give a server that knows the app ``shop``."""
    with FlyApi() as running:
        running.app("shop")
        yield running


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits between tries be short."""
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.005)


def _api(
    server: FlyApi, metrics: Metrics | None = None, *, token: str = TOKEN, tries: int = 8, timeout_s: float = 60
) -> LogsApi:
    return LogsApi(server.base, SecretStr(token), metrics or Metrics(), tries=tries, timeout_s=timeout_s)


def _errors(metrics: Metrics, kind: Kind, source: str = "api") -> float:
    return metrics.registry.get_sample_value("flyship_errors_total", {"source": source, "kind": kind}) or 0.0


async def _told(api: LogsApi, since_ns: int, until_ns: int | None = None, **of: str) -> list[str]:
    pages = api.history("shop", since_ns, until_ns, **of)
    return [said.line.text async for page in pages for said in page.lines]


def _numbered(server: FlyApi, lines: int, *, crowd: int = 1) -> int:
    """Say numbered lines, ``crowd`` of them in each nanosecond; return the stamp of the first."""
    first_ns = time.time_ns() - 3600 * SECOND_NS
    for number in range(lines):
        server.say("shop", f"i{number % 3}", first_ns + number // crowd, f"{number}", region="ams" if number % 2 else "fra")
    return first_ns


@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("crowd", [1, 3])
async def test_history_brings_every_line_once(server: FlyApi, repeats: bool, crowd: int) -> None:
    """Pages that overlap or not, and lines that share a nanosecond, come once, in order, within the bounds that were given."""
    server.repeats_edge = repeats
    first_ns = _numbered(server, 999, crowd=crowd)
    async with _api(server) as api:
        assert await _told(api, first_ns) == [str(n) for n in range(999)]
        assert await _told(api, first_ns + 10, first_ns + 200) == [str(n) for n in range(10 * crowd, min(200 * crowd, 999))]
        assert await _told(api, first_ns, region="ams", instance="i2") == [str(n) for n in range(999) if n % 2 and n % 3 == 2]


async def test_lines_are_whole(server: FlyApi) -> None:
    """A line has its app, instance, region, provider, level, and its stamp to the nanosecond."""
    at_ns = time.time_ns()
    server.say("shop", "148e1", at_ns, "said\n", region="fra", level="Warn", provider="runner")
    async with _api(server) as api:
        (said,) = (await api.page("shop", after=None)).lines
    line = said.line
    assert (said.at_ns, line.text, line.app, line.instance) == (at_ns, "said", "shop", "148e1")
    assert (line.region, line.provider, line.level) == ("fra", "runner", "warn")


async def test_a_crowd_larger_than_a_page_does_not_hold_up_the_rest(server: FlyApi) -> None:
    """Of a nanosecond with more lines than a page those that a page holds come, and then all later ones."""
    first_ns = _numbered(server, 350, crowd=150)
    server.say("shop", "i0", first_ns + SECOND_NS, "later")
    async with _api(server) as api:
        told = await _told(api, first_ns)
    assert told[-1] == "later"
    assert len(told) == len(set(told)) == 100 + 100 + 50 + 1


@pytest.mark.parametrize("retry_after", ["1", None, "Wed, 21 Oct 2015 07:28:00 GMT", "soon"])
async def test_a_rate_limit_is_waited_for(server: FlyApi, retry_after: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that is reached again and again costs time and no line, whether the API says how long to wait or not."""
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.2)
    server.per_second, server.retry_after = 8, retry_after
    first_ns = _numbered(server, 1000)
    metrics = Metrics()
    async with _api(server, metrics, tries=20) as api:
        assert await _told(api, first_ns) == [str(n) for n in range(1000)]
    assert _errors(metrics, Kind.RATE_LIMITED) == server.answers["429"] > 0


async def test_bad_days_pass(server: FlyApi) -> None:
    """Errors, HTML, answers that are cut off or no JSON cost tries and no line, and each is counted by its kind."""
    server.bad = {"500": 0.1, "503": 0.1, "html": 0.05, "cut": 0.05, "empty": 0.05, "half": 0.05}
    first_ns = _numbered(server, 3000)
    metrics = Metrics()
    async with _api(server, metrics, tries=30) as api:
        assert await _told(api, first_ns) == [str(n) for n in range(3000)]
    assert _errors(metrics, Kind.SERVER_ERROR) == server.answers["500"] + server.answers["503"] > 0
    assert _errors(metrics, Kind.GARBAGE) == sum(server.answers[kind] for kind in ("html", "cut", "empty")) > 0
    assert _errors(metrics, Kind.UNREACHABLE) == server.answers["half"] > 0


WRONG: dict[str, tuple[Kind, str, dict[str, Any], int]] = {
    "a wrong token": (Kind.UNAUTHORIZED, "FlyV1 fm2_another", {}, 1),
    "an app that is none": (Kind.NOT_FOUND, TOKEN, {}, 1),
    "not allowed": (Kind.FORBIDDEN, TOKEN, {"bad": {"403": 1}}, 1),
    "another place": (Kind.REFUSED, TOKEN, {"bad": {"302": 1}}, 1),
    "never well": (Kind.SERVER_ERROR, TOKEN, {"bad": {"502": 1}}, 3),
    "never JSON": (Kind.GARBAGE, TOKEN, {"bad": {"html": 1}}, 3),
    "hangs up": (Kind.UNREACHABLE, TOKEN, {"is_down": True}, 3),
    "too slow": (Kind.TIMEOUT, TOKEN, {"slow_s": 2.0}, 3),
    "asked to wait too long": (Kind.RATE_LIMITED, TOKEN, {"per_second": 0, "retry_after": "301"}, 1),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_does_not_pass_is_said(server: FlyApi, name: str) -> None:
    """What trying again cannot mend is told at once, the rest when the tries are over; never with the token."""
    kind, token, behaviour, tries = WRONG[name]
    for setting, value in behaviour.items():
        setattr(server, setting, value)
    metrics = Metrics()
    async with _api(server, metrics, token=token, tries=3, timeout_s=0.2 if kind is Kind.TIMEOUT else 60) as api:
        with pytest.raises(ApiError) as told:
            await api.page("none" if kind is Kind.NOT_FOUND else "shop", after="1")
    assert told.value.kind is kind
    assert _errors(metrics, kind) == tries
    assert "\n" not in str(told.value)
    assert "fm2_" not in str(told.value)


async def test_nobody_there() -> None:
    """A server that is not there is unreachable."""
    async with _api(FlyApi(), tries=2) as api:
        with pytest.raises(ApiError, match="cannot be reached") as told:
            await api.page("shop", after="1")
    assert told.value.kind is Kind.UNREACHABLE


async def test_what_is_too_old_is_gone(server: FlyApi) -> None:
    """The API begins with what it still has, or says that it has nothing so old."""
    server.say("shop", "i0", time.time_ns() - 16 * DAY_NS, "old")
    server.say("shop", "i0", time.time_ns() - 14 * DAY_NS, "kept")
    async with _api(server) as api:
        assert await _told(api, 1) == ["kept"]
        server.says_gone = True
        with pytest.raises(ApiError) as told:
            await _told(api, 1)
    assert told.value.kind is Kind.GONE


def test_each_token_in_its_header() -> None:
    """A token goes as it is, a macaroon by scheme FlyV1 and any other by Bearer, whichever scheme is written before it."""
    assert authorization(SecretStr("FlyV1 fm2_a,fm2_b")) == "FlyV1 fm2_a,fm2_b"
    assert authorization(SecretStr("FlyV1 anything")) == "FlyV1 anything"
    assert authorization(SecretStr("fm2_a")) == "FlyV1 fm2_a"
    assert authorization(SecretStr("Bearer fm1r_a")) == "FlyV1 fm1r_a"
    assert authorization(SecretStr("plain")) == authorization(SecretStr("bearer plain")) == "Bearer plain"


def test_where_the_token_is() -> None:
    """Either variable will do; what cannot be a header is an error that does not show it."""
    assert fly_token({}) is None
    found = fly_token({"FLY_ACCESS_TOKEN": "two", "FLY_API_TOKEN": "one"})
    assert found is not None
    assert found.get_secret_value() == "one"
    with pytest.raises(SecretError) as told:
        fly_token({"FLY_ACCESS_TOKEN": "hidden\nhidden"})
    assert "hidden" not in str(told.value)
