"""The commands of ``flyship``, one a file: what each is told on the command line. Knows no single source.

A file holds one click command named ``command``; ``shippers.__main__`` lists the names. A command's file is imported
when it is asked for: an HTTP server takes longer to load than all that ``stdin`` and ``files`` need.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from shippers.console import say
from shippers.context import Context
from shippers.run import Job
from shippers.run import run as run_to_end  # the command of that name is an attribute of this package
from shippers.settings import SettingError, Settings

Command = Callable[..., None]

COMMON = (
    click.option("--app", help="App of lines whose envelope names none (default: local)."),
    click.option("--instance", help="Instance where the envelope names none (default: the file's name, or stdin)."),
    click.option("--dry-run", is_flag=True, help="Print the records' JSON to stdout instead of sending it."),
    click.option("--batch-lines", help="Lines in a record at most (default: 200)."),
    click.option("--batch-bytes", help="Bytes in a record at most (default: 262144)."),
    click.option("--batch-age-ms", help="How long a line waits for others of its instance (default: 250)."),
    click.option("--open-batches", help="Instances that may have lines waiting (default: 1000)."),
    click.option("--in-flight-bytes", help="What may wait for Kafka before reading stops (default: 16777216)."),
    click.option("--compression", help="none, gzip, lz4, snappy or zstd (default: zstd)."),
    click.option(
        "--spool-bytes", help="What a lasting command keeps on disk while Kafka is away (default: 1073741824; 0: none)."
    ),
    click.option("--metrics", help="HOST:PORT to serve /metrics, /status and /healthz on (default: that of flyship.toml)."),
    click.option("--timeout", "timeout_s", help="Seconds to wait for Kafka at the start (default: 30)."),
)


def common(command: Command) -> Command:
    """Give a command the options that every source has."""
    for option in reversed(COMMON):
        command = option(command)
    return command


def settings_of(flags: dict[str, Any]) -> Settings:
    """Return the settings that the flags of ``common`` and the environment give; ends with 2 where one is wrong."""
    try:
        return Settings.read(os.environ, flags)
    except SettingError as error:
        usage(str(error))


def run_job(job: Job, settings: Settings, *, dry_run: bool, context: Context | None = None) -> NoReturn:
    """Run a job to its end, and end with its exit code. A job that lasts gives its context: it has the spool's place."""
    try:
        code = asyncio.run(run_to_end(job, settings, dry_run=dry_run, context=context))
    except SettingError as error:
        usage(str(error))
    sys.exit(code)


def usage(text: str) -> NoReturn:
    """Say what is wrong with what the user gave, a line for each thing, and end with 2."""
    for line in text.split("\n"):
        say(line)
    sys.exit(2)
