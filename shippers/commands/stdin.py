"""``flyship stdin``."""

from typing import Any

import click

from shippers.commands import common, run_job, settings_of
from shippers.metrics import Metrics
from shippers.run import ShipSources
from shippers.sources.stdin import Stdin


@click.command(name="stdin")
@common
def command(*, dry_run: bool, **flags: Any) -> None:
    """Ship what a program writes into our pipe: flyctl logs -a APP --json | flyship stdin --app APP."""
    settings = settings_of(flags)
    run_job(ShipSources(Stdin(settings.app_given, settings.instance or "stdin"), metrics=Metrics()), settings, dry_run=dry_run)
