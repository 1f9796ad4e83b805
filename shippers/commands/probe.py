"""``flyship probe``."""

from typing import Any

import click

from shippers.commands import common, run_job, settings_of, usage
from shippers.commands.configured import context_of, file_of, made
from shippers.probes import configured
from shippers.probes.table import Probing
from shippers.run import ShipSources


@click.command(name="probe")
@click.argument("kinds", nargs=-1, type=click.Choice(configured.KINDS))
@click.option("--once", is_flag=True, help="Measure each once, say what it found, and end; 1 if something is wrong.")
@common
def command(kinds: tuple[str, ...], *, once: bool, dry_run: bool, **flags: Any) -> None:
    """Ship what the probes of config/flyship.toml measure: all of them, or those of some KINDS."""
    settings = settings_of(flags)
    file = file_of()
    context = context_of(file, dry=dry_run)
    chosen = kinds or configured.KINDS
    source = made(lambda: configured.source(file.probes or Probing(), context, chosen, once=once))
    if not source.probes:
        usage(f"config/flyship.toml turns no probe on{' of these kinds' if kinds else ''}: see docs/shipping/probes.md")
    ships = ShipSources(source, metrics=context.metrics)
    run_job(ships, settings, dry_run=dry_run, context=None if once else context)
