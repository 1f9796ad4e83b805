"""``flyship run``."""

from typing import Any

import click

from shippers import configured
from shippers.commands import common, run_job, settings_of, usage
from shippers.commands.configured import context_of, file_of, made
from shippers.run import ShipSources


@click.command(name="run")
@common
def command(*, dry_run: bool, **flags: Any) -> None:
    """Ship from every source that config/flyship.toml (or FLYSHIP_CONFIG) turns on, in one process."""
    file = file_of()
    settings = settings_of({**flags, "metrics": flags["metrics"] or (file.metrics and file.metrics.listen)})
    context = context_of(file, dry=dry_run)
    shared = made(lambda: list(configured.shared(file, context, settings, dry_run=dry_run)))
    found = made(lambda: list(configured.sources(file, context, {each.name for each in shared})))
    if not found and not shared:
        usage("config/flyship.toml turns no source on: write a table such as [receive] into it")
    job = ShipSources(*found, metrics=context.metrics, checkpoints=context.checkpoints, shared=shared)
    run_job(job, settings, dry_run=dry_run, context=context)
