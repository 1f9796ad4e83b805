"""``flyship files``."""

import os
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from pydantic_core import PydanticCustomError

from shippers.commands import common, run_job, settings_of, usage
from shippers.commands.configured import made
from shippers.context import Context
from shippers.history import History
from shippers.run import Job, ShipHistory, ShipSources
from shippers.settings import Settings
from shippers.sources.files import Files, NoMatchError, expanded
from shippers.sources.follow import Follow
from shippers.sources.followed import registry_of, since
from shippers.sources.readings import Readings


class Asked(Struct, frozen=True):
    """How the files are to be read."""

    follow: bool
    from_start: bool
    resume: bool
    history: bool

    def conflict(self) -> str | None:
        """Say which two do not go together; None if all do."""
        if self.history and self.follow:
            return "--history reads what is there, --follow what comes: choose one"
        if self.from_start and not self.follow:
            return "--from-start goes with --follow; without it files are read from their start anyway"
        if self.resume and self.history:
            return "--history cannot --resume: the clock of its workers has passed those lines"
        return None


@click.command(name="files")
@click.argument("patterns", nargs=-1, required=True)
@click.option("--follow", is_flag=True, help="Go on with what is written later, like tail -F; resumes where it ended.")
@click.option("--from-start", is_flag=True, help="With --follow: begin with what is there already, in files never seen.")
@click.option("--resume", is_flag=True, help="Without --follow: leave out what an earlier run with --resume has shipped.")
@click.option("--since", "moment", help="Leave out lines that are older, by their stamps: 2h, or 2025-10-10T18:00:00Z.")
@click.option("--history", is_flag=True, help="Send old lines in the order of their stamps, with ticks for the clock.")
@click.option("--state", help="Directory that keeps how far files were read (FLYSHIP_STATE; ~/.local/state/flyship).")
@common
def command(patterns: tuple[str, ...], *, moment: str | None, state: str | None, **flags: Any) -> None:
    """Ship log files: names or quoted globs, plain, .gz or .zst."""
    how = ("follow", "from_start", "resume", "history")
    asked, dry_run = Asked(**{name: flags.pop(name) for name in how}), flags.pop("dry_run")
    if wrong := asked.conflict():
        usage(wrong)
    settings = settings_of(flags)
    context = Context.of(state, os.environ, dry=dry_run)
    job = made(lambda: _job(patterns, settings, asked, moment, context))
    run_job(job, settings, dry_run=dry_run, context=context if asked.follow else None)


def _job(patterns: tuple[str, ...], settings: Settings, asked: Asked, moment: str | None, context: Context) -> Job:
    names = (settings.app_given, settings.instance)
    try:
        newer = since(moment)
    except PydanticCustomError as error:
        usage(f"--since {error}")
    readings = Readings(*names, newer)
    kind = "follow" if asked.follow else "once"
    registry = registry_of(context, kind, *names, *map(os.path.abspath, patterns)) if asked.follow or asked.resume else None
    if asked.follow:
        source = Follow(patterns, readings, context.metrics, from_start=asked.from_start, registry=registry)
        return ShipSources(source, metrics=context.metrics, checkpoints=context.checkpoints)
    paths = _paths(patterns)
    if not asked.history:
        return ShipSources(Files(paths, readings, registry), metrics=context.metrics, checkpoints=context.checkpoints)
    from shippers.stamps import Stamps  # noqa: PLC0415  # loads every parser of the core, which no other mode needs

    return ShipHistory(History(paths, readings, Stamps().stamp_ms))


def _paths(patterns: tuple[str, ...]) -> list[Path]:
    try:
        return expanded(patterns)
    except NoMatchError as error:
        usage(f"{error}: check the path, and quote the glob")
