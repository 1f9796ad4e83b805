"""The demonstration recording: the same as its generator writes, well formed, and telling the story it promises."""

import gzip
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "demo" / "record.py"
RECORDING = ROOT / "demo" / "incident.ndjson.gz"
APPS = {f"hotdash-{name}" for name in ("staging", "production", "chatwoot", "agent-service", "llamaindex-mcp")}
STAMP = re.compile(r"2025-10-10T18:[0-5][0-9]:[0-5][0-9]\.[0-9]{9}Z")
CLF = r'\S+ - - \[10/Oct/2025:18:\d\d:\d\d \+0000\] "[A-Z]+ (?P<path>\S+) HTTP/1\.1" (?P<status>\d{3}) \d+'
# Each format by a pattern of this test's own: nothing of the product reads the recording here.
FORMATS = {
    "morgan tiny": r"[A-Z]+ (?P<path>\S+) (?P<status>\d{3}) \d+ - (?P<ms>[\d.]+) ms",
    "morgan dev": r"\x1b\[0m[A-Z]+ (?P<path>\S+) \x1b\[\d+m(?P<status>\d{3})\x1b\[0m (?P<ms>[\d.]+) ms - \d+\x1b\[0m",
    "combined": CLF + r' "-" "[^"]+"',
    "nginx with request_time": CLF + r' "-" "[^"]+" (?P<s>\d+\.\d{3})',
    "apache common": CLF,
    "pino-http": r'\{"level":\d+,"time":.*"url":"(?P<path>[^"]+)".*"res":\{"statusCode":(?P<status>\d+)\},'
    r'"responseTime":(?P<ms>\d+),.*\}',
    "winston": r'\{"level":"info".*"url":"(?P<path>[^"]+)".*"statusCode":(?P<status>\d+)\},'
    r'"responseTime":(?P<ms>\d+)\}.*\}',
    "nginx json": r'\{"time_iso8601":.*"request_uri":"(?P<path>[^"]+)","status":"(?P<status>\d+)".*'
    r'"request_time":"(?P<s>[\d.]+)".*\}',
    "uvicorn": r'INFO:     \S+:\d+ - "[A-Z]+ (?P<path>\S+) HTTP/1\.1" (?P<status>\d{3}) [A-Z].*',
    "rails": r"I, \[.*\]  INFO -- : \[[0-9a-f-]{36}\] Completed (?P<status>\d{3}) \w[\w ]+ in (?P<ms>\d+)ms \(.*\)",
    "lograge": r"method=[A-Z]+ path=(?P<path>\S+) .* status=(?P<status>\d+) duration=(?P<ms>[\d.]+) .*",
}
PATTERNS = {name: re.compile(pattern) for name, pattern in FORMATS.items()}
NOISE = {
    "boot": r"Running Firecracker|Configuring firecracker|Starting init",
    "deploy": r"Pulling container image",
    "trace": r"^    at async loader",
    "health checks": r'"GET /h|GET /h',
    "health transitions": r"Health check '.*' on port \d+ is now passing",
    "autostop": r"autostopping machine",
    "proxy errors": r"^\[P[CU]0\d\]",
    "rails parts": r"Started GET|Processing by ",
    "jobs": r"\[ActiveJob\]",
}


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Return the recording's lines."""
    return gzip.decompress(RECORDING.read_bytes()).decode().splitlines()


@pytest.fixture(scope="module")
def documents(lines: list[str]) -> list[dict[str, Any]]:
    """Return the recording's lines as JSON."""
    return [json.loads(line) for line in lines]


def requests(documents: list[dict[str, Any]], app: str) -> Iterator[tuple[int, int, float | None]]:
    """Yield an app's requests as (minute, status, duration in ms), health checks apart."""
    for document in documents:
        if document["fly"]["app"]["name"] != app:
            continue
        found = next((hit for pattern in PATTERNS.values() if (hit := pattern.fullmatch(document["message"]))), None)
        if found is None or (told := found.groupdict()).get("path") in {"/health", "/hc"}:
            continue
        ms = float(told["ms"]) if told.get("ms") else float(told["s"]) * 1000 if told.get("s") else None
        yield int(document["timestamp"][14:16]), int(told["status"]), ms


def by_minute(documents: list[dict[str, Any]], app: str) -> dict[int, tuple[float, float]]:
    """Return (5xx ratio, P95 in ms) by minute, counted the plain way."""
    statuses: dict[int, list[int]] = defaultdict(list)
    took: dict[int, list[float]] = defaultdict(list)
    for minute, status, ms in requests(documents, app):
        statuses[minute].append(status)
        took[minute] += [] if ms is None else [ms]
    failed = {minute: sum(status >= 500 for status in seen) / len(seen) for minute, seen in statuses.items()}
    slow = {minute: sorted(ms)[int(0.95 * (len(ms) - 1))] for minute, ms in took.items() if ms}
    return {minute: (failed[minute], slow.get(minute, 0.0)) for minute in failed}


def test_it_is_what_the_generator_writes(tmp_path: Path) -> None:
    """Running record.py gives the committed lines; compressed, two runs are the same bytes, without a time."""
    paths = [tmp_path / name for name in ("one.gz", "two.gz")]
    for path in paths:
        subprocess.run([sys.executable, str(RECORD), str(path)], check=True, capture_output=True)
    one, two = (path.read_bytes() for path in paths)
    assert one == two
    assert gzip.decompress(one) == gzip.decompress(RECORDING.read_bytes())  # zlib's own versions compress differently
    assert one[3:8] == bytes(5)  # flags and mtime of the gzip header


def test_its_size_is_modest(lines: list[str]) -> None:
    """It has enough lines to look at and is small enough for a repository."""
    assert 15_000 <= len(lines) <= 25_000
    assert RECORDING.stat().st_size < 1_500_000


def test_it_is_in_time_order(documents: list[dict[str, Any]]) -> None:
    """No line is older than the one before it."""
    stamps = [document["timestamp"] for document in documents]
    assert stamps == sorted(stamps)


def test_every_line_is_flys_document(documents: list[dict[str, Any]]) -> None:
    """Every line has the shape of Fly's NATS stream, of one of the five apps."""
    for document in documents:
        assert list(document) == ["event", "fly", "host", "log", "message", "timestamp"]
        assert document["event"]["provider"] in {"app", "proxy", "runner", "health"}
        assert document["fly"]["app"]["name"] in APPS
        assert re.fullmatch(r"[0-9a-f]{14}", document["fly"]["app"]["instance"])
        assert re.fullmatch(r"[a-z]{3}", document["fly"]["region"])
        assert document["log"]["level"] in {"info", "error"}
        assert isinstance(document["message"], str)
        assert STAMP.fullmatch(document["timestamp"])


def test_every_app_speaks_from_one_or_two_machines(documents: list[dict[str, Any]]) -> None:
    """All five apps are in it, each with one or two machines, an instance belonging to one app."""
    machines = {(one["fly"]["app"]["name"], one["fly"]["app"]["instance"]) for one in documents}
    assert {app for app, _ in machines} == APPS
    assert set(Counter(app for app, _ in machines).values()) <= {1, 2}
    assert len({instance for _, instance in machines}) == len(machines)


@pytest.mark.parametrize("name", FORMATS)
def test_it_covers_the_format(name: str, documents: list[dict[str, Any]]) -> None:
    """Each format of requests occurs often enough to be seen in every minute or two."""
    assert sum(PATTERNS[name].fullmatch(document["message"]) is not None for document in documents) >= 100


@pytest.mark.parametrize("name", NOISE)
def test_it_has_the_noise(name: str, documents: list[dict[str, Any]]) -> None:
    """What is no request is there, too, as on a real platform."""
    assert any(re.search(NOISE[name], document["message"]) for document in documents)


def test_rails_requests_begin_and_end(documents: list[dict[str, Any]]) -> None:
    """A request told over several lines is told in order, under one id, and but for the last few to its end."""
    told: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        if found := re.search(r"\[([0-9a-f-]{36})\] (Started|Processing|Completed)", document["message"]):
            told[found[1]].append(found[2])
    whole = ["Started", "Processing", "Completed"]
    assert all(parts == whole[: len(parts)] for parts in told.values())
    assert sum(parts == whole for parts in told.values()) >= len(told) - 5


def test_the_incident_of_production(documents: list[dict[str, Any]]) -> None:
    """Production is well until 18:08, bad for more than 12 minutes, and well again for the last 15."""
    minutes = by_minute(documents, "hotdash-production")
    assert all(0.15 < minutes[at][0] < 0.32 and minutes[at][1] > 12_000 for at in range(11, 28))
    assert all(minutes[at][0] < 0.01 and minutes[at][1] < 3_000 for at in (*range(8), *range(33, 50)))


def test_the_slow_episode_of_chatwoot(documents: list[dict[str, Any]]) -> None:
    """Chatwoot's P95 is between 5 and 9 seconds for some minutes, and below 3 otherwise; nothing of it fails."""
    minutes = by_minute(documents, "hotdash-chatwoot")
    assert all(5_000 < minutes[at][1] < 9_000 for at in range(16, 21))
    assert all(minutes[at][1] < 3_000 for at in (*range(15), *range(23, 50)))
    assert not any(failed for failed, _ in minutes.values())


@pytest.mark.parametrize("app", ["hotdash-staging", "hotdash-agent-service", "hotdash-llamaindex-mcp"])
def test_the_other_apps_are_well(app: str, documents: list[dict[str, Any]]) -> None:
    """The other apps answer in every minute, never with 5xx and never slowly."""
    minutes = by_minute(documents, app)
    assert sorted(minutes) == list(range(50))
    assert all(failed == 0 and p95 < 3_000 for failed, p95 in minutes.values())


def test_no_app_has_a_spike_of_traffic(documents: list[dict[str, Any]]) -> None:
    """No five minutes of an app have three times the requests of its average five minutes."""
    for app in APPS:
        counts = Counter(minute // 5 for minute, _, _ in requests(documents, app))
        assert max(counts.values()) < 3 * sum(counts.values()) / 10
