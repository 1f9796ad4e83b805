"""``flyship api``."""

from typing import Any

import click
from pydantic import ValidationError

from shippers.commands import common, run_job, settings_of, usage
from shippers.commands.configured import context_of, file_of, made
from shippers.fly_api.table import FlyApiTable
from shippers.flyship_file import FlyshipFile
from shippers.run import ShipSources
from shippers.sources.fly_api import FlyApi


@click.command(name="api")
@click.option("--since", help="Where an app begins: 24h (before now), or 2025-10-10T18:00:00Z (default: 1h).")
@click.option("--until", help="Where it ends, written alike (default: what the API has now).")
@click.option("--follow", is_flag=True, help="Go on with what comes later.")
@click.option("--again", is_flag=True, help="Begin at --since although an earlier run has come further.")
@click.option("--region", help="Only the lines of a region.")
@click.option("--machine", "machine", help="Only the lines of a machine.")
@click.option("--base", help="The API's address (default: https://api.fly.io).")
@click.option("--state", help="Directory that keeps how far apps were read (FLYSHIP_STATE; default ~/.local/state/flyship).")
@common
def command(*, follow: bool, again: bool, state: str | None, dry_run: bool, **flags: Any) -> None:
    """Ship what Fly's logs API tells of --app NAME[,NAME...], each from where an earlier run was.

    FLY_API_TOKEN or FLY_ACCESS_TOKEN, or either with _FILE, holds the token.
    """
    names = ("since", "until", "region", "machine", "base")
    given = {"instance" if name == "machine" else name: flags.pop(name) for name in names}
    settings, file = settings_of(flags | {"app": None}), file_of()
    if state is not None:
        file = file.model_copy(update={"state": state})
    table = _table(file, flags["app"], {name: value for name, value in given.items() if value is not None} | {"follow": follow})
    context = context_of(file, dry=dry_run)
    source = made(lambda: FlyApi(table, context, anew=again))
    job = ShipSources(source, metrics=context.metrics, checkpoints=context.checkpoints)
    run_job(job, settings, dry_run=dry_run, context=context if table.follow else None)


def _table(file: FlyshipFile, apps: str | None, given: dict[str, Any]) -> FlyApiTable:
    """Return the file's table with what the command line says instead; a mistake ends with 2."""
    if apps is not None:
        given["apps"] = tuple(app.strip() for app in apps.split(","))
    elif file.api is None:
        usage("--app: name the app, or several with commas between them")
    kept = {} if file.api is None else {"apps": file.api.apps}
    try:
        told = FlyApiTable.model_validate(kept | given)
    except ValidationError as error:
        first = error.errors()[0]
        place = str(first["loc"][0]) if first["loc"] else ""
        flag = {"": "", "apps": "--app ", "instance": "--machine "}.get(place, f"--{place} ")
        usage(f"{flag}{first['msg']}")
    if file.api is None:
        return told
    changed = {name: getattr(told, name) for name in told.model_fields_set} | ({"until": None} if told.follow else {})
    return file.api.model_copy(update=changed)
