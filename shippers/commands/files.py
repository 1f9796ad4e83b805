"""``flyship files``."""

import os
from typing import Any

import click

from shippers.commands import common, run_job, settings_of, usage
from shippers.context import Context
from shippers.history import History
from shippers.run import Job, ShipHistory, ShipSources
from shippers.settings import Settings
from shippers.sources.files import Files, NoMatchError, expanded
from shippers.sources.follow import Follow


@click.command(name="files")
@click.argument("patterns", nargs=-1, required=True)
@click.option("--follow", is_flag=True, help="Go on with what is written later, like tail -F (rotation, truncation).")
@click.option("--from-start", is_flag=True, help="With --follow: begin with what is there already.")
@click.option("--history", is_flag=True, help="Send old lines in the order of their stamps, with ticks for the clock.")
@common
def command(patterns: tuple[str, ...], *, follow: bool, from_start: bool, history: bool, dry_run: bool, **flags: Any) -> None:
    """Ship log files: names or quoted globs, plain, .gz or .zst. Following, leave rotated copies out of the glob."""
    if history and follow:
        usage("--history reads what is there, --follow what comes: choose one")
    if from_start and not follow:
        usage("--from-start goes with --follow; without it files are read from their start anyway")
    settings = settings_of(flags)
    job = _job(patterns, settings, follow=follow, from_start=from_start, history=history)
    run_job(job, settings, dry_run=dry_run, context=Context.of(None, os.environ) if follow else None)


def _job(patterns: tuple[str, ...], settings: Settings, *, follow: bool, from_start: bool, history: bool) -> Job:
    names = (settings.app_given, settings.instance)
    if follow:
        return ShipSources(Follow(patterns, *names, from_start=from_start))
    try:
        paths = expanded(patterns)
    except NoMatchError as error:
        usage(f"{error}: check the path, and quote the glob")
    if not history:
        return ShipSources(Files(paths, *names))
    from shippers.stamps import Stamps  # noqa: PLC0415  # loads every parser of the core, which no other mode needs

    return ShipHistory(History(paths, *names, Stamps().stamp_ms))
