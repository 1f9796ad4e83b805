"""Real logs whose lines and addresses others have labelled: what is found, what is missed and why, exactly."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.core import lines, reading
from streams.core.joins import Joins
from streams.core.security.values import Bucket, Guard
from streams.core.values import Request
from streams.hosts.parse_files import rows
from streams.settings import load

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "shared" / "fixtures"
pytestmark = pytest.mark.skipif(not FIXTURES.exists(), reason="no fixtures beside the repository")

# Lines that match and are not told, lines that do not match and are told. The labels contradict each other: of equal texts
# (sshd 67 and 68, 122 and 133, 104 and 153, postfix 29 and 25, 45 and 46), and of equal forms (sshd 69 and 71 against 66
# and 78). sshd 95, 96, 100 and 134 match for what earlier lines of their session said.
MISSED = {"sshd": {95, 96, 100, 122, 134}, "postfix": {46}}
FALSE = {"sshd": {67, 69, 71, 104}, "postfix": {29}}
FAILURES = {"E13", "E14", "E15", "E16", "E17", "E18", "E19", "E61"}  # templates of refused logins in the log of a Linux


@pytest.fixture(scope="module")
def guard() -> Guard:
    """Return the guard of the shipped catalogue."""
    found = load(HERE.parent / "config", environ={}).plan().security
    assert found is not None
    return found


def labels(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of truth."""
    yield from map(json.loads, filter(None, file.read_text("utf-8").splitlines()))


@pytest.mark.parametrize("name", ["apache-badbots", "mysqld-auth", "nginx-http-auth", "postfix", "sshd"])
def test_labelled_lines(name: str, guard: Guard) -> None:
    """Each line that is a failed login or abuse is told of, with its address, and no other, but for those that are known."""
    log = FIXTURES / "security_fail2ban" / f"{name}.log"
    told = rows(iter([log.read_bytes()]), "", explain=False, guard=guard)
    found = {row["line"]: row for row in told if row["kind"] == "security"}
    wanted = {row["line"]: row for row in labels(log.with_suffix(".expected.ndjson")) if row["match"]}
    assert wanted.keys() - found.keys() == MISSED.get(name, set())
    assert found.keys() - wanted.keys() == FALSE.get(name, set())
    for number in wanted.keys() & found.keys():
        assert found[number]["client_ip"] in {wanted[number]["host"], None}, number


def test_refused_logins_of_a_linux(guard: Guard) -> None:
    """In the log of a server all refused logins are told of, and nothing else."""
    log = FIXTURES / "security_auth" / "linux_2k.log"
    wanted = {row["line"] for row in labels(log.with_suffix(".expected.ndjson")) if row["event_id"] in FAILURES}
    told = rows(iter([log.read_bytes()]), "", explain=False, guard=guard)
    assert {row["line"] for row in told if row["kind"] == "security"} == wanted
    assert len(wanted) == 536


def hits(log: Path, guard: Guard) -> Iterator[tuple[int, str | None, tuple[str, ...], str]]:
    """Yield what a log says, ten seconds of requests at once: when, of whom, the buckets it fills, and with what."""
    panes: dict[int, list[Request]] = {}
    for number, raw in enumerate(log.read_text("utf-8").splitlines()):
        line = lines.unwrap(raw)
        parsed = reading.parse(line, Joins())
        if isinstance(parsed, Request):
            panes.setdefault((parsed.at_ms or 0) // 10_000, []).append(parsed)
        elif found := guard.line(line.text):
            yield number * 1_000, found.client_ip, found.feeds, ""
    for pane, requests in sorted(panes.items()):
        statuses = [None if each.status is None else str(each.status) for each in requests]
        clients, agents = [each.client_ip for each in requests], [each.agent for each in requests]
        seen = guard.requests(clients, [each.method for each in requests], [each.target for each in requests], statuses, agents)
        yield from ((pane * 10_000, found.client_ip, found.feeds, "") for _, found in seen.findings)
        yield from ((pane * 10_000, each.client_ip, (each.bucket,), each.value) for each in seen.suspects)


def overflows(bucket: Bucket, filled: list[tuple[int, str]]) -> bool:
    """Pour what one client did into one bucket: a plain recount."""
    level, before, values = 0.0, 0, set()
    for at_ms, value in filled:
        level = max(0.0, level - (at_ms - before) / bucket.leak_ms)
        before = at_ms
        if bucket.distinct and value in values:
            continue
        values.add(value)
        level += 1
        if level > bucket.capacity:
            return True
    return False


LOGS = sorted((FIXTURES / "security_crowdsec").glob("*.log"))


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_labelled_addresses(log: Path, guard: Guard) -> None:
    """Each address that attacks is named by a finding or by a bucket, and no other is."""
    wanted = {source for row in labels(log.with_suffix(".alerts.ndjson")) for source in row["sources"]}
    named, filled = set(), dict[tuple[str, str], list[tuple[int, str]]]()
    for at_ms, client, feeds, value in hits(log, guard):
        for bucket in feeds:
            filled.setdefault((client or "", bucket), []).append((at_ms, value))
        if not feeds and client:
            named.add(client)
    named |= {client for (client, bucket), hit in filled.items() if overflows(guard.buckets[bucket], hit)}
    assert named == wanted


NORMAL = ("nginx/zanbil_900.log", "json/nginx_json_500.log", "logfmt/loki_distributor_1400.log", "openstack/nova_900.log")


@pytest.mark.parametrize("name", NORMAL)
def test_normal_traffic_fills_no_bucket(name: str, guard: Guard) -> None:
    """No client of a shop, an API or a cloud in daily use is named, by a finding or by a bucket."""
    filled: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for at_ms, client, feeds, value in hits(FIXTURES / name, guard):
        assert feeds, client
        for bucket in feeds:
            filled.setdefault((client or "", bucket), []).append((at_ms, value))
    assert not [key for key, hit in filled.items() if overflows(guard.buckets[key[1]], hit)]
