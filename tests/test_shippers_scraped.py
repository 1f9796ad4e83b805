"""A real Prometheus that scrapes a running flyship, with the configuration and the alerts that the page gives."""

import re
import subprocess
from pathlib import Path
from typing import Any

import aiohttp

from tests.pipeline import until
from tests.receiving import BEARER, DEADLINE_S, ROOT, environment, receiving
from tests.servers import program
from tests.servers.prometheus import prometheus
from tests.test_readme import fences

PAGE = ROOT / "docs" / "shipping" / "running.md"
ALERTS = {"FlyshipAway", "FlyshipLosesLines", "FlyshipHasAFault", "FlyshipSpools"}


def _of_the_page(name: str) -> str:
    (found,) = [block for block in fences(PAGE.read_text("utf-8"), "yaml") if block.startswith(f"# {name}\n")]
    return found


async def _asked(url: str, path: str, **query: str) -> Any:
    async with aiohttp.ClientSession() as client, client.get(f"{url}/api/v1/{path}", params=query) as answer:
        return (await answer.json())["data"]


async def test_prometheus_scrapes_it(tmp_path: Path) -> None:
    """What a run counts is what Prometheus knows, types among it; the page's alerts are judged, and none fires."""
    async with receiving(environment(), tmp_path / "told", "--dry-run", "--metrics", "127.0.0.1:0") as receiver:
        status, _ = await receiver.post("/logs?app=shop&instance=i", b"one\ntwo\nthree\n", BEARER)
        assert status == 200
        found = re.search(r"metrics: listening on (\S+)", (tmp_path / "told").read_text())
        assert found is not None
        (tmp_path / "flyship.rules.yml").write_text(_of_the_page("flyship.rules.yml"))
        config = _of_the_page("prometheus.yml").replace("127.0.0.1:9477", found[1])
        config += "global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}\n"
        async with prometheus(tmp_path, config=config) as url:

            async def counted() -> bool:
                result = (await _asked(url, "query", query='flyship_lines_total{source="receive"}'))["result"]
                return [sample["value"][1] for sample in result] == ["3"]

            await until("Prometheus has the three lines", counted, DEADLINE_S)
            (target,) = (await _asked(url, "targets"))["activeTargets"]
            assert (target["health"], target["lastError"]) == ("up", "")
            told = {name: of[0]["type"] for name, of in (await _asked(url, "metadata")).items() if name.startswith("flyship_")}
            assert told["flyship_lag_seconds"] == "gauge"
            assert {told.get("flyship_lines"), told.get("flyship_lines_total")} == {"counter", None}

            for counter in ('errors_total{kind="unexpected"}', 'gaps_total{state="unfilled"}', "dropped_lines_total"):
                result = (await _asked(url, "query", query=f"flyship_{counter}"))["result"]
                assert {sample["value"][1] for sample in result} == {"0"}, f"flyship_{counter} does not begin with 0"

            async def judged() -> list[Any] | None:
                (group,) = (await _asked(url, "rules"))["groups"]
                return None if any(rule["health"] == "unknown" for rule in group["rules"]) else group["rules"]

            rules = await until("the alerts were judged", judged, DEADLINE_S)
            assert {(rule["name"], rule["health"], rule["state"]) for rule in rules} == {
                (name, "ok", "inactive") for name in ALERTS
            }
        assert await receiver.stopped() == 0


def test_prometheus_takes_the_page(tmp_path: Path) -> None:
    """Prometheus' own tool finds nothing wrong with the page's configuration and alerts, as they stand."""
    for name in ("prometheus.yml", "flyship.rules.yml"):
        (tmp_path / name).write_text(_of_the_page(name))
    command = [program("promtool", "prometheus"), "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout
