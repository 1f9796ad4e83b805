"""The pages of docs/shipping, held against the product: what they tell people to write is taken as it stands."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from shippers import flyship_file
from shippers.__main__ import COMMANDS, cli
from streams.config_errors import ConfigError
from tests.test_readme import ROOT, commands, fences

PAGES = sorted((ROOT / "docs" / "shipping").glob("*.md"))
TABLES = set(flyship_file.FlyshipFile.model_fields)
METRICS = '[probes.metrics]\norg = "my-org"\napps = ["shop"]\n'  # a block may show a table's second half alone
SETTING = re.compile(r"^# (?=[a-z_]+ = )")
AGAINST = {"until": ("follow = true", "follow = false"), "shipped": ("", "")}  # what the page says goes with it; not alone


def blocks() -> Iterator[tuple[str, str]]:
    """Yield the blocks of TOML, with their pages."""
    yield from ((page.name, block) for page in PAGES for block in fences(page.read_text("utf-8"), "toml"))


def ours() -> Iterator[str]:
    """Yield the blocks that are of flyship.toml; an app's fly.toml has tables of the same names."""
    for _, block in blocks():
        if set(tomllib.loads(block)) <= TABLES and "# fly.toml" not in block:
            yield block if "[[probes.metrics.query]]" not in block else METRICS + block


def variants(block: str) -> Iterator[str]:
    """Yield a block, and it with each of the settings that it shows behind a #."""
    lines = block.splitlines()
    yield block
    for number, line in enumerate(lines):
        name = line.removeprefix("# ").partition(" ")[0]
        if SETTING.match(line) and AGAINST.get(name) != ("", ""):
            text = "\n".join([*lines[:number], SETTING.sub("", line), *lines[number + 1 :]])
            yield text.replace(*AGAINST.get(name, ("", "")))


def read(directory: Path, text: str) -> str:
    """Return what is wrong with a flyship.toml, "" if nothing is."""
    (directory / "flyship.toml").write_text(text)
    try:
        flyship_file.read({"FLYSHIP_CONFIG": str(directory / "flyship.toml")})
    except ConfigError as error:
        return str(error)
    return ""


def test_settings_are_taken(tmp_path: Path) -> None:
    """Each block of flyship.toml is, as it stands and with each of its further settings."""
    found = [text for block in ours() for text in variants(block)]
    assert len(found) > 30
    assert {text: wrong for text in found if (wrong := read(tmp_path, text))} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_are_taken(page: Path) -> None:
    """Each command of a page, and each process of a fly.toml, has options and arguments that there are."""
    text = page.read_text("utf-8")
    apps = [tomllib.loads(block) for block in fences(text, "toml") if "# fly.toml" in block]
    started = [shlex.split(command) for app in apps for command in app.get("processes", {}).values()]
    shell = "".join(f"```sh\n{block}```\n" for block in fences(text, "sh"))
    for program, *words in [*started, *commands(shell)]:
        if program != "flyship":
            continue
        assert words[0] in COMMANDS
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None
        command.make_context(words[0], words[1 : words.index("<") if "<" in words else None])


def test_the_image_has_what_it_copies() -> None:
    """What the Dockerfile copies is there, and let through to it."""
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    let_through = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE))
    names = {name for line in copied for name in line.split()}
    assert names == let_through
    assert all((ROOT / name).exists() for name in names)
