"""The guard at its edges: who is known to be good, clients in a hurry, hostile lines, other processes, real logs."""

import copy
import pickle
import time
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from streams import security_file
from streams.config_errors import ConfigError
from streams.core.masking import KEPT_CHARS
from streams.core.plan import Plan
from streams.core.security.guard import CatalogueGuard
from streams.core.security.values import Bucket, Seen
from streams.hosts.parse_files import rows
from streams.settings import load

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "shared" / "fixtures"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
ENV: dict[str, Any] = {"name": "env", "severity": "info", "sees": "x", "words": ["/.env"], "feeds": ["many"]}
MANY: dict[str, Any] = {"name": "many", "severity": "info", "sees": "x", "capacity": 5, "leak": "10s"}
PAGES: dict[str, Any] = {
    **MANY, "name": "pages", "distinct": "path", "every": True, "endings": [".css"], "folders": ["img"],
}  # fmt: skip
AGENTS: dict[str, Any] = {**MANY, "name": "agents", "distinct": "agent", "every": True}


def guard(**tables: Any) -> CatalogueGuard:
    """Return the guard of a catalogue."""
    return security_file.guard(tables, Path("security.toml"))


@cache
def shipped() -> CatalogueGuard:
    """Return the guard of the shipped catalogue."""
    found = load(HERE.parent / "config", environ={}).security
    assert found is not None
    return found


def seen(guard: CatalogueGuard, *rows: tuple[str, str, str]) -> Seen:
    """Return what is seen of GET requests: client, target, agent."""
    clients, targets, agents = zip(*rows, strict=True)
    return guard.requests(clients, ["GET"] * len(rows), targets, ["200"] * len(rows), agents)


def test_known_good_addresses_and_paths_are_left_alone() -> None:
    """Nothing is told of networks and paths that are allowed, in whatever form an address is written."""
    of = guard(bucket=[MANY], request=[ENV], allow={"addresses": ["203.0.113.0/24", "2001:db8::1"], "paths": ["^/mine/"]})
    for client in ("203.0.113.9", "::ffff:203.0.113.9", "2001:db8:0::1"):
        assert seen(of, (client, "/.env", BROWSER)) == Seen([], [])
    assert len(seen(of, ("198.51.100.1", "/.env", BROWSER)).findings) == 1
    assert seen(of, ("198.51.100.1", "/mine/.env", BROWSER)).findings == []


def test_a_proxy_is_told_of_but_fills_no_bucket() -> None:
    """An address that stands for many clients gives findings, which feed nothing, and no suspects."""
    of = guard(bucket=[MANY, PAGES], request=[ENV], allow={"proxies": ["172.16.0.0/12"]})
    found = seen(of, *[("172.16.0.2", f"/{i}/.env", BROWSER) for i in range(9)])
    assert [finding.feeds for _, finding in found.findings] == [()] * 9
    assert found.suspects == []
    line = {"name": "no", "severity": "info", "sees": "x", "words": ["no"], "match": ["^no <ip>$"], "feeds": ["many"]}
    of = guard(bucket=[MANY], request=[ENV], line=[line], allow={"proxies": ["172.16.0.0/12"]})
    assert [(told.client_ip, told.feeds) for text in ("no 172.16.0.2", "no 203.0.113.9") if (told := of.line(text))] == [
        ("172.16.0.2", ()),
        ("203.0.113.9", ("many",)),
    ]
    assert [finding.feeds for _, finding in seen(of, ("203.0.113.9", "/.env", BROWSER)).findings] == [("many",)]


def test_busy_clients_fill_buckets_with_what_is_different() -> None:
    """Each different page counts once, without its query, up to what the bucket can tell; pictures and styles do not."""
    of = guard(bucket=[PAGES])
    pages = [("203.0.113.9", f"/{i}?x={n}", BROWSER) for n in range(3) for i in range(9)]
    rest = [("203.0.113.9", "/a.css", BROWSER), ("203.0.113.9", "/img/a", BROWSER), ("-", "/b", BROWSER)]
    calm = [("198.51.100.1", f"/{i}", BROWSER) for i in range(3)]
    found = [suspect for _, suspect in seen(of, *pages, *rest, *calm).suspects]
    assert {(suspect.bucket, suspect.client_ip) for suspect in found} == {("pages", "203.0.113.9")}
    assert [suspect.value for suspect in found] == ["/0", "/1", "/2", "/3", "/4", "/5", "/6"]  # one of them leaks meanwhile


def test_busy_clients_with_many_agents_are_suspects_but_for_search_bots() -> None:
    """Four agents of one address are looked at, three are not, and who calls itself a search bot may crawl."""
    of = guard(bucket=[AGENTS, PAGES], allow={"agents": ["googlebot"]})
    agents = [("203.0.113.9", "/", f"{BROWSER} {i}") for i in range(4)]
    assert len(seen(of, *agents).suspects) == 4
    assert seen(of, *agents[:3], *agents[:3]).suspects == []
    assert seen(of, *[("203.0.113.9", f"/{i}", "Googlebot/2.1") for i in range(9)]).suspects == []


def test_a_rule_that_is_none_by_itself_only_feeds() -> None:
    """A rule without severity gives a suspect with the path, cut, where its bucket counts different ones."""
    paths = {**MANY, "distinct": "path"}
    of = guard(
        bucket=[paths], request=[{"name": "a", "sees": "x", "words": ["/adm"], "unless": ["^/adm/ok"], "feeds": ["many"]}]
    )
    found = seen(of, ("203.0.113.9", "/adm/x?y=1", BROWSER), ("203.0.113.9", "/adm/ok", BROWSER), ("-", "/adm", BROWSER))
    assert found.findings == []
    assert [(suspect.bucket, suspect.value) for _, suspect in found.suspects] == [("many", "/adm/x")]


def test_a_guard_travels_to_other_processes() -> None:
    """A plan with a guard is pickled as its catalogue, and tells the same there, also after it was asked here."""
    here = shipped()
    assert here.line("Invalid user a from 203.0.113.9 port 1") is not None
    there = pickle.loads(pickle.dumps(Plan(security=here))).security  # noqa: S301  # our own
    assert there == here
    assert hash(there) == hash(here)
    assert there.line("Invalid user a from 203.0.113.9 port 1") == here.line("Invalid user a from 203.0.113.9 port 1")
    row = (["203.0.113.9"], ["GET"], ["/../../etc/passwd"], ["404"], ["sqlmap/1.8"])
    assert there.requests(*row) == here.requests(*row)
    assert len(here.requests(*row).findings) == 2


def test_an_empty_catalogue_sees_nothing() -> None:
    """Without rules a guard is asked in vain."""
    of = guard()
    assert of.buckets == {}
    assert of.line("Invalid user a from 203.0.113.9 port 1") is None
    assert seen(of, *[("203.0.113.9", "/%252e", "sqlmap")] * 5) == Seen([], [])
    assert guard(bucket=[MANY]).buckets == {"many": Bucket("many", "info", 5, 10_000)}


def test_more_agents_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of agents is bounded, and a bad one is seen each time."""
    monkeypatch.setattr("streams.core.security.columns.REMEMBERED", 10)
    of = guard(request=[{"name": "bad", "severity": "info", "sees": "x", "at": "agent", "match": ["^bad"]}])
    for i in range(50):
        assert len(seen(of, ("203.0.113.9", "/", f"{BROWSER} {i}"), ("203.0.113.9", "/", "bad")).findings) == 1


HOSTILE = (
    "a", "../", "%2e", "%252e", "%00", "\\x22", "/**/", "${", "(", "[", "<a ", "' or ", "union select ", "=", "::", "1.2.3.4 ",
    "&#x", "Failed password for a from ", "user a from ", "rhost=", "auth failed rip=", "[client ", "login failed from ",
    "Invalid user ", "eyJ", "postgres://a:", "password=", "pam_unix(", "\u2a2f", "\ud800", "\n",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_lines_take_little_time(piece: str) -> None:
    """A line at the cap of any repeated piece that rules look for is done in a millisecond or two, however it is built."""
    of, text = shipped(), (piece * 16_384)[:16_384]
    asked = f"Failed password authentication failed Failed Login PRIVATE KEY {text}"
    for _ in range(2):  # searches are made when they are first asked
        began = time.process_time()
        of.line(text)
        of.line(asked)
        found = of.requests(["203.0.113.9"], ["GET"], [f"/?{text}"], ["404"], [text]).findings
        took = time.process_time() - began
    assert took < 0.05
    assert all(len(finding.evidence) <= KEPT_CHARS for _, finding in found)


def test_secrets_are_hidden_in_evidence() -> None:
    """What a rule of secrets found is not in its event, whole or in part, in requests and in messages."""
    of, secret = shipped(), "glpat-abcdefghij0123456789"
    for finding in (
        of.line(f"token {secret}"),
        of.requests(["203.0.113.9"], ["GET"], [f"/a?t={secret}"], ["200"], [BROWSER]).findings[0][1],
    ):
        assert finding is not None
        assert finding.rule == "leaked-secret-service-token"
        assert secret[6:] not in finding.evidence
        assert "***" in finding.evidence


def test_parse_tells_of_findings_beside_requests() -> None:
    """``flywatch parse`` prints an object of kind security after what else a line says."""
    request = '203.0.113.9 - - [10/Oct/2025:18:00:01 +0000] "GET /.env HTTP/1.1" 404 9 "-" "-"'
    text = f"{request}\nInvalid user a from 203.0.113.9 port 1\n"
    told = list(rows(iter([text.encode()]), "shop", Plan(security=shipped())))
    assert [(row["line"], row["kind"]) for row in told] == [(1, "request"), (1, "security"), (2, "security")]
    assert told[1] == {
        "line": 1, "kind": "security", "rule": "sensitive-file", "severity": "warning", "client_ip": "203.0.113.9",
        "evidence": "GET /.env 404", "timestamp": "2025-10-10T18:00:01Z", "app": "shop", "instance": None, "region": None,
    }  # fmt: skip
    assert list(rows(iter([text.encode()]), "shop", explain=False))[1:] == []


REAL = {  # truly attacks, each of them
    "nginx/nginx_http.log": {"cve-other": 2},
    "nginx/nginx_malformed.log": {"not-http": 12},
    "traefik/traefik_clf.log": {"scanner-agent": 4},
    "apache/apache2.log": {"cve-other": 2, "http-login-failed": 1, "scanner-agent": 1},
    "apache/rla_combined.log": {"scanner-agent": 2, "tool-not-there": 1},
}
KINDS = "nginx apache caddy json logfmt openstack morgan rails fly_capture postgres uvicorn traefik edge db_errors health"


@pytest.mark.skipif(not FIXTURES.exists(), reason="no fixtures beside the repository")
def test_normal_traffic_raises_nothing() -> None:
    """In real logs of many servers the only findings are the attacks in them."""
    found: dict[str, Counter[str]] = {}
    of = shipped()
    for log in sorted(path for kind in KINDS.split() for path in (FIXTURES / kind).glob("*.*")):
        if log.suffix in {".log", ".ndjson"} and "expected" not in log.name:
            told = rows(iter([log.read_bytes()]), "", Plan(security=of))
            if counted := Counter(row["rule"] for row in told if row["kind"] == "security"):
                found[str(log.relative_to(FIXTURES))] = counted
    assert found == REAL


ODD: list[Any] = [None, True, -1, 0, 1.5, float("nan"), 10**50, "", "x" * 500, "a\nb", "1h", "(", [], [[]], ["x", 1], {}, [{}]]


def problems(tables: dict[str, Any]) -> tuple[str, ...]:
    """Return what is wrong with a catalogue; nothing when it makes a guard that can be asked."""
    try:
        of = security_file.guard(tables, Path("security.toml"))
    except ConfigError as error:
        return error.problems or ("refused without a reason\n",)
    of.line("no entry for 203.0.113.9")
    seen(of, ("203.0.113.9", "/a", BROWSER))
    return ()


def test_any_value_anywhere_is_read_or_refused_in_lines() -> None:
    """Whatever stands in the place of any setting, a catalogue makes a guard that can be asked, or one-line problems."""
    data = tomllib.loads((HERE / "config" / "security-all.good.toml").read_text("utf-8"))
    places = [(kind, None, key) if isinstance(tables, dict) else (kind, i, key)
              for kind, tables in data.items()
              for i, table in enumerate([tables] if isinstance(tables, dict) else tables) for key in table]  # fmt: skip
    for kind, i, key in places:
        for value in ODD:
            changed = copy.deepcopy(data)
            (changed[kind] if i is None else changed[kind][i])[key] = value
            assert not [line for line in problems(changed) if "\n" in line or "Input should" in line]


def test_parameters_are_spared_or_typed() -> None:
    """What stands in a spared parameter alone is not told, in a typed one it is milder; beside them it is what it was."""
    rule = {**ENV, "severity": "critical", "match": ["evil"], "words": ["evil"], "spared": ["^back="], "typed": ["^q="]}
    of = guard(bucket=[MANY], request=[rule])
    told = {
        target: [found.severity for _, found in seen(of, ("203.0.113.9", target, BROWSER)).findings]
        for target in (
            "/a?back=evil",
            "/a?q=evil",
            "/a?q=evil&back=evil",
            "/a?back=evil&b=evil",
            "/evil?q=evil",
            "/a?b&q&c=%65vil",
        )
    }
    assert list(told.values()) == [[], ["warning"], ["warning"], ["critical"], ["critical"], ["critical"]]
    with pytest.raises(ConfigError, match="sees no parameters"):
        guard(bucket=[MANY], request=[{**rule, "at": "path"}])
