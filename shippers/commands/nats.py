"""``flyship nats``."""

from typing import Any

import click
from pydantic import ValidationError

from shippers.commands import common, run_job, settings_of, usage
from shippers.commands.configured import context_of, file_of, made
from shippers.fly_nats.table import Nats
from shippers.run import ShipSources
from shippers.sources.nats import NatsStream
from shippers.sources.nats_shared import sharing


@click.command(name="nats")
@click.option("--org", help="The organisation's slug: `fly orgs list` shows it (default: that of flyship.toml, or personal).")
@click.option("--server", help="Where the stream is (default: that of flyship.toml, or nats://[fdaa::3]:4223).")
@click.option("--subject", "subjects", multiple=True, help="Which lines: logs.my-app.> (default: logs.>). May be repeated.")
@click.option("--queue", help="Shippers that name the same share the lines; one goes on where another ends.")
@common
def command(*, dry_run: bool, **flags: Any) -> None:
    """Ship what an organisation's apps say, from Fly's log stream. FLY_ACCESS_TOKEN holds the token."""
    given = {name: flags.pop(name) for name in ("org", "server", "subjects", "queue")}
    settings = settings_of(flags)
    file = file_of()
    table = _told(file.nats or Nats(), {name: value for name, value in given.items() if value not in (None, ())})
    context = context_of(file, dry=dry_run)
    if (shared := made(lambda: sharing(table, context, settings, dry_run=dry_run))) is not None:
        run_job(ShipSources(metrics=context.metrics, shared=[shared]), settings, dry_run=False)
    source = made(lambda: NatsStream(table, context))
    job = ShipSources(source, metrics=context.metrics, checkpoints=context.checkpoints)
    run_job(job, settings, dry_run=dry_run, context=context)


def _told(table: Nats, given: dict[str, Any]) -> Nats:
    """Return the table with what the command line says."""
    try:
        return Nats.model_validate(table.model_dump(by_alias=True) | _durations(table) | given)
    except ValidationError as error:
        first = error.errors()[0]
        flag = f"--{first['loc'][0]}".removesuffix("s") if first["loc"] else "--subject"
        usage(f"{flag} {first['msg']}")


def _durations(table: Nats) -> dict[str, str]:
    return {"late": f"{table.late_ms}ms", "overlap": f"{table.overlap_ms}ms", "fill_time": f"{table.fill_ms}ms"}
