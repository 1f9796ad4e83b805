"""``flyship doctor``."""

import asyncio
import json
import os
import sys

import click
from msgspec import to_builtins

from shippers.commands import settings_of
from shippers.commands.configured import context_of, file_of
from shippers.console import hung_up
from shippers.doctor import findings


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print an object a line instead.")
def command(*, as_json: bool) -> None:
    """Try the broker, the state directory, ports and every source of flyship.toml; say what is wrong in a line each.

    Ends with 1 if something is.
    """
    settings, file = settings_of({}), file_of()
    found = asyncio.run(findings(file, settings, context_of(file, dry=True)))
    try:
        for finding in found:
            sys.stdout.write((json.dumps(to_builtins(finding)) if as_json else str(finding)) + os.linesep)
        sys.stdout.flush()
    except BrokenPipeError:
        hung_up()
    sys.exit(0 if all(finding.ok for finding in found) else 1)
