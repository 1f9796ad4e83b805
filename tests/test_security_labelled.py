"""Real logs whose lines and addresses others have labelled: what is found, what is missed and why, exactly."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.core.plan import Plan
from streams.core.records import Security
from streams.core.security.values import Guard
from streams.hosts.parse_files import rows
from streams.hosts.replay import Replay
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
    told = rows(iter([log.read_bytes()]), "", Plan(security=guard))
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
    told = rows(iter([log.read_bytes()]), "", Plan(security=guard))
    assert {row["line"] for row in told if row["kind"] == "security"} == wanted
    assert len(wanted) == 536


def named(log: Path, guard: Guard) -> set[str | None]:
    """Return the clients that a replay of a log names, by a finding or by a bucket."""
    found: list[object] = []
    found += Replay(Plan(security=guard, requests=False), [log], "web").outputs(show=found.append)
    return {each.finding.client_ip for each in found if isinstance(each, Security)}


LOGS = sorted((FIXTURES / "security_crowdsec").glob("*.log"))


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_labelled_addresses(log: Path, guard: Guard) -> None:
    """Each address that attacks is named by a finding or by a bucket, and no other is."""
    wanted = {source for row in labels(log.with_suffix(".alerts.ndjson")) for source in row["sources"]}
    assert named(log, guard) - {None} == wanted


NORMAL = ("nginx/zanbil_900.log", "json/nginx_json_500.log", "logfmt/loki_distributor_1400.log", "openstack/nova_900.log")


@pytest.mark.parametrize("name", NORMAL)
def test_normal_traffic_fills_no_bucket(name: str, guard: Guard) -> None:
    """No client of a shop, an API or a cloud in daily use is named, by a finding or by a bucket."""
    assert named(FIXTURES / name, guard) == set()
