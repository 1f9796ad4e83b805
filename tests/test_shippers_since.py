"""``--since``: moments as people write them, and lines that are older by their own stamps."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from pydantic_core import PydanticCustomError

from shippers.moments import moment_ms
from shippers.sources.readings import Readings
from shippers.sources.since import Since
from shippers.stamps import Stamps, iso_ms

ROOT = Path(__file__).parents[1]
DEADLINE_S = 60.0
NOON_MS = 1_760_097_600_000
NGINX = '203.0.113.9 - - [10/Oct/2025:{}:00 +0000] "GET /{} HTTP/1.1" 200 5 "-" "curl/8.7.1"'
LINES = [
    "begins without a stamp",
    "2025-10-10T11:00:00Z app[i1] ord [info]old 1",
    "a trace of old 1",
    "2025-10-10T12:00:00Z app[i1] ord [info]new 1",
    "    a trace of new 1",
    "2025-10-10T11:59:59.9Z app[i1] ord [info]old 2",
    "2025-10-10T12:00:01Z app[i1] ord [info]new 2",
    NGINX.format("11:30", "old"),
    NGINX.format("12:30", "new"),
]
NEWER = ["begins without a stamp", "new 1", "    a trace of new 1", "new 2", LINES[-1]]


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2h", NOON_MS - 7_200_000),
        ("7d", NOON_MS - 7 * 86_400_000),
        ("2025-10-10T12:00:00Z", NOON_MS),
        ("2025-10-10T14:00:00.5+02:00", NOON_MS + 500),
        ("2025-10-10 12:00:00Z", NOON_MS),
    ],
)
def test_moments(text: str, at_ms: int) -> None:
    """A moment is a duration back from now, or a stamp with its zone."""
    assert moment_ms(text, NOON_MS) == at_ms


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2 hours", 'did you mean "2h"?'),
        ("yesterday", 'such as "2h"'),
        ("2025-10-10T12:00:00", "must name its zone"),
        ("2025-13-10T12:00:00Z", "or a stamp such as"),
        ("", 'such as "2h"'),
    ],
)
def test_what_is_no_moment(text: str, told: str) -> None:
    """What is no moment is an error that says how to write one."""
    with pytest.raises(PydanticCustomError, match=r"must") as error:
        moment_ms(text, NOON_MS)
    assert told in str(error.value)


@pytest.mark.parametrize("size", [1, 17, 10_000])
def test_older_lines_are_left_out(size: int) -> None:
    """A line without a stamp goes with the one before it, before the first stamp it is given; what is left out is counted."""
    since = Since(NOON_MS, lambda: Stamps().stamp_ms)
    readings = Readings("a", "i", since)
    data = "".join(f"{line}\n" for line in LINES).encode()
    reading = readings.of(Path("a.log"))
    found = [line for at in range(0, len(data), size) for line in reading.push(data[at : at + size])] + reading.rest()
    assert [line.text for line in found] == NEWER
    assert reading.held_bytes == 0
    assert readings.left_out() == "files: 4 lines written before 2025-10-10T12:00:00Z were left out"


def test_nothing_is_said_where_nothing_is_left_out() -> None:
    """Without older lines there is nothing to say."""
    assert Readings("a", "i", Since(NOON_MS, lambda: Stamps().stamp_ms)).left_out() is None
    assert Readings("a", "i").left_out() is None
    assert iso_ms("2025-10-10T12:00:00Z") == NOON_MS


@pytest.mark.parametrize("how", [(), ("--history",)])
def test_the_command(tmp_path: Path, how: tuple[str, ...]) -> None:
    """``flyship files --since`` ships what is newer, packed files too, and says at its end how much it left out."""
    (tmp_path / "a.log.gz").write_bytes(gzip.compress("".join(f"{line}\n" for line in LINES[1:]).encode()))
    command = [sys.executable, "-m", "shippers", "files", "--dry-run", "--since", "2025-10-10T12:00:00Z", *how]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("FLYWATCH_", "FLYSHIP_"))}
    done = subprocess.run(
        [*command, str(tmp_path / "a.log.gz")], cwd=ROOT, env=env, capture_output=True, timeout=DEADLINE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    records = [orjson.loads(record) for record in done.stdout.splitlines()]
    assert sorted(row[1] for record in records for row in record.get("lines", ())) == sorted(NEWER[1:])
    assert b"4 lines written before 2025-10-10T12:00:00Z were left out" in done.stderr
