"""What ``flywatch parse --learn`` tells of lines that nothing recognises."""

import json
import subprocess
import sys
from pathlib import Path

from streams.hosts.learn import learn, unrecognised

ROOT = Path(__file__).parents[1]


def test_the_commonest_templates_come_first() -> None:
    """Lines that differ in some words are one template, counted, with a sample whose secrets are masked."""
    jobs = [f"job {number} done in {number % 7} beats by key=k{number}" for number in range(40)]
    found = learn(iter([*jobs, "all quiet", "all quiet"]), 5)
    assert [row["count"] for row in found] == [40, 2]
    assert found[0]["template"].startswith("job <*> done in <*> beats")
    assert found[0]["sample"] == jobs[0]
    (secret,) = learn(iter(["sent token=abcdef0123 to nobody"]), 5)
    assert secret["sample"] == "sent token=*** to nobody"


def test_only_what_nothing_recognises(tmp_path: Path) -> None:
    """Requests, events, parts of requests and empty lines are no templates."""
    known = ["GET / 200 17 - 12 ms", "Error: no", "", 'Started GET "/x" for 203.0.113.1 at 2025-10-10 18:00:00 +0000']
    (tmp_path / "log").write_text("\n".join([*known, "beat 1", *known, "beat 2"]))
    assert list(unrecognised([tmp_path / "log"], "", ())) == ["beat 1", "beat 2"]


def test_the_command(tmp_path: Path) -> None:
    """``flywatch parse --learn FILE`` prints NDJSON; without a file it says what it needs."""
    (tmp_path / "log").write_text("beat 1\nbeat 2\nGET / 200 17 - 12 ms\n")
    command = [sys.executable, "-m", "streams", "parse", "--learn"]
    done = subprocess.run([*command, str(tmp_path / "log")], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [json.loads(row) for row in done.stdout.splitlines()] == [{"count": 2, "template": "beat <*>", "sample": "beat 1"}]
    wrong = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "--learn reads FILES" in wrong.stderr
