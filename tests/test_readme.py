"""README and the other documents, held against the product: commands, links, limits, formats, settings.

``python -m tests.test_readme`` writes the list of formats into README.md again.
"""

import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import shippers.__main__
import streams.__main__
from shippers.settings import Settings as ShipperSettings
from streams import rules_file
from streams.config_model import duration_text
from streams.core import plan
from streams.core.parsing import FORMATS
from streams.flywatch_file import Limits, Sections
from streams.hosts.kafka import _options
from streams.settings import APART, _variables, load

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DESIGN = ROOT / "docs" / "design.md"
DOCUMENTS = (README, ROOT / "CHANGELOG.md", DESIGN, ROOT / "demo" / "README.md")
COMMANDS: dict[str, click.Command] = {"flywatch": streams.__main__.cli, "flyship": shippers.__main__.cli}
BEGIN, END = "<!-- formats: written by python -m tests.test_readme -->\n", "<!-- /formats -->"


def fences(text: str, kind: str) -> list[str]:
    """Return the contents of a document's fenced blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each flywatch, flyship and make command in shell blocks and in code spans."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in fences(text, "sh") for line in block.splitlines()]
    for line in lines + re.findall(r"`([^`\n]+)`", prose):
        if not re.search(r"\b(flywatch|flyship|make)\b", line):
            continue
        for part in re.split(r"[|;]|&&", re.sub(r"\s#.*", "", line)):
            words = [word for word in shlex.split(part) if not re.fullmatch(r"[A-Z_]+=.*", word)]
            if words and words[0] in {*COMMANDS, "make"}:
                yield words


def named() -> set[tuple[str, ...]]:
    """Return the commands that README names, without their arguments, as pairs of command path and options."""
    found = set()
    for words in commands(README.read_text(encoding="utf-8")):
        command, path = COMMANDS.get(words[0]), words[:1]
        for word in words[1:]:
            if not isinstance(command, click.Group) or word.startswith("-"):
                break
            path.append(word)
            command = command.get_command(click.Context(command), word)
        if words[0] == "make":
            path = [word for word in words if not word.startswith("-")]
        found.add((" ".join(path), *sorted(word for word in words if word.startswith("--"))))
    return found


@pytest.mark.parametrize("command", sorted(named()), ids=" ".join)
def test_every_command_exists(command: tuple[str, ...]) -> None:
    """A command that README names shows its help and has the options named; a target is in the Makefile."""
    path, *options = command
    program, *names = path.split()
    if program == "make":
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        assert names, "say which target"
        assert set(names) <= targets
        return
    shown = CliRunner().invoke(COMMANDS[program], [*names, "--help"])
    assert shown.exit_code == 0, shown.output
    assert all(re.search(rf"(?<![a-z-]){option}(?![a-z-])", shown.output) for option in options), (options, shown.output)


def test_commands_are_found() -> None:
    """The search for commands sees those of the first screen, and of each program some."""
    found = {path for path, *_ in named()}
    assert {"make run", "make test", "flywatch worker", "flyship stdin", "flywatch rules check"} <= found


def test_every_command_is_named() -> None:
    """README leaves out no command that there is."""
    groups = [("flywatch rules", streams.__main__.rules), *COMMANDS.items()]
    there = {
        f"{path} {name}"
        for path, group in groups
        if isinstance(group, click.Group)
        for name in group.commands
        if name != "rules"
    }
    assert there <= {path for path, *_ in named()}


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_resolves(document: Path) -> None:
    """A relative link leads to a file of the repository, and its anchor to a heading there."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def table(heading: str) -> dict[str, str]:
    """Return the first two cells of the rows in all tables of a section of README."""
    section = README.read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `?([^`|]+?)`? \| ([^|]+?) \| [^|]+ \|$", section, re.MULTILINE)
    return dict(rows)


def test_every_limit_has_its_row() -> None:
    """Each of the core's limits is in README's table with its default, by the name that the config file gives it."""
    fields = Limits.model_fields
    assert set(fields) == set(plan.Limits.__struct_fields__)
    defaults = plan.Limits()
    rows = table("Limits")
    for name, field in fields.items():
        value = getattr(defaults, name)
        told = duration_text(value) if name.endswith("_ms") else str(value)
        assert rows.get(field.alias or name) == told, name


def test_every_limit_of_the_shipper_has_its_row() -> None:
    """Each bound among the shipper's options is in README's table with its default."""
    rows = table("Limits")
    for name in ("batch_lines", "batch_bytes", "batch_age_ms", "open_batches", "in_flight_bytes"):
        field = ShipperSettings.model_fields[name]
        assert rows.get(str(field.title)) == str(field.default), name


def formats() -> str:
    """Return the list of formats as README has it: those that tell durations, and those that tell none."""
    timed = ", ".join(fmt.name for fmt in FORMATS if fmt.unit_ms)
    rest = ", ".join(fmt.name for fmt in FORMATS if not fmt.unit_ms)
    told = f"{len(FORMATS)} formats. With a duration: {timed}. Without: {rest}."
    return "\n".join(["", *textwrap.wrap(told, 120, break_on_hyphens=False), "", ""])


def test_formats_are_current() -> None:
    """README's list of formats is the table in streams.core.parsing; python -m tests.test_readme writes it."""
    text = README.read_text(encoding="utf-8")
    assert text.split(BEGIN, 1)[1].split(END, 1)[0] == formats()


def test_every_variable_is_known() -> None:
    """A FLYWATCH_ variable in README is one of the settings, of the loader, or of the local broker."""
    known = {*dict(_variables(Sections)), *APART}
    found = set(re.findall(r"\bFLYWATCH_[A-Z_]*[A-Z]\b(?!_*<)", README.read_text(encoding="utf-8")))
    assert found
    assert found <= known


def test_the_sample_rule_is_a_rule() -> None:
    """The rule that README shows can be loaded as it is."""
    (sample,) = fences(README.read_text(encoding="utf-8"), "toml")
    (rule,) = rules_file.rules(tomllib.loads(sample), README, ["hotdash-staging"])
    assert rule.name == "high-error-rate"


def test_every_setting_of_faust_has_its_reason() -> None:
    """docs/design.md says of each setting we give to Faust why it is as it is, and of no other."""
    section = DESIGN.read_text(encoding="utf-8").split("\n### Settings of Faust\n", 1)[1].split("\n## ", 1)[0]
    told = {name for row in re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert told == set(_options(load(environ={}), 4))


def test_the_first_run_says_what_is_shown() -> None:
    """Each line that README shows of the first run is what that says; a line may be cut by dots."""
    shown = next(text for text in fences(README.read_text(encoding="utf-8"), "text") if "FIRING" in text)
    ran = subprocess.run(
        [sys.executable, "-m", "streams", "replay", ROOT / "demo" / "incident.ndjson.gz"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    told = [" ".join(line.split()) for line in ran.stderr.splitlines()]
    for line in (" ".join(line.split()).removesuffix(", ...") for line in shown.splitlines()):
        assert line == "..." or any(each.startswith(line) for each in told), line


def test_ci_runs_what_developers_run() -> None:
    """The workflow runs the two commands of README's first screen."""
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert [found for found in ("run", "test") if f"run: make {found}" in workflow] == ["run", "test"]


def main() -> None:
    """Write the list of formats into README.md."""
    before, rest = README.read_text(encoding="utf-8").split(BEGIN, 1)
    README.write_text(f"{before}{BEGIN}{formats()}{END}{rest.split(END, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
