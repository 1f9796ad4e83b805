"""``flyship receive``."""

from typing import Any

import click

from shippers.commands import common, run_job, settings_of, usage
from shippers.commands.configured import context_of, file_of, made
from shippers.receiving.table import Receive, place
from shippers.run import ShipSources
from shippers.sources.receive import Receiver


@click.command(name="receive")
@click.option("--listen", help="HOST:PORT to listen on (default: that of flyship.toml, or 127.0.0.1:8080).")
@common
def command(*, listen: str | None, dry_run: bool, **flags: Any) -> None:
    """Ship what others send by HTTP: Vector, fly-log-shipper, Heroku and syslog drains, OpenTelemetry."""
    settings = settings_of(flags)
    file = file_of()
    table = file.receive or Receive()
    if listen is not None:
        try:
            place(listen)
        except ValueError as error:
            usage(f"--listen {error}")
        table = table.model_copy(update={"listen": listen})
    context = context_of(file, dry=dry_run)
    source = made(lambda: Receiver(table, context))
    run_job(ShipSources(source, metrics=context.metrics), settings, dry_run=dry_run, context=context)
