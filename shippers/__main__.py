"""The ``flyship`` command: arguments in, one call, exit code out. 0 fine, 1 something was not shipped, 2 bad usage."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from shippers.console import say
from shippers.history import History
from shippers.run import Job, ShipHistory, ShipSources, run
from shippers.settings import SettingError, Settings
from shippers.sources.files import Files, NoMatchError, expanded
from shippers.sources.follow import Follow
from shippers.sources.stdin import Stdin

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
    click.option("--compression", help="none, gzip, lz4, snappy or zstd (default: none)."),
    click.option("--timeout", "timeout_s", help="Seconds to wait for Kafka at the start (default: 30)."),
)


def common(command: Command) -> Command:
    """Give a command the options that every source has."""
    for option in reversed(COMMON):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Ship log lines to Kafka. FLYWATCH_KAFKA__BOOTSTRAP says where it is (default: localhost:9092)."""


@cli.command()
@common
def stdin(*, dry_run: bool, **flags: Any) -> None:
    """Ship what a program writes into our pipe: flyctl logs -a APP --json | flyship stdin --app APP."""
    settings = _settings(flags)
    _run(ShipSources(Stdin(settings.app_given, settings.instance or "stdin")), settings, dry_run=dry_run)


@cli.command()
@click.argument("patterns", nargs=-1, required=True)
@click.option("--follow", is_flag=True, help="Go on with what is written later, like tail -F (rotation, truncation).")
@click.option("--from-start", is_flag=True, help="With --follow: begin with what is there already.")
@click.option("--history", is_flag=True, help="Send old lines in the order of their stamps, with ticks for the clock.")
@common
def files(patterns: tuple[str, ...], *, follow: bool, from_start: bool, history: bool, dry_run: bool, **flags: Any) -> None:
    """Ship log files: names or quoted globs, plain, .gz or .zst. Following, leave rotated copies out of the glob."""
    if history and follow:
        _usage("--history reads what is there, --follow what comes: choose one")
    if from_start and not follow:
        _usage("--from-start goes with --follow; without it files are read from their start anyway")
    settings = _settings(flags)
    _run(_job(patterns, settings, follow=follow, from_start=from_start, history=history), settings, dry_run=dry_run)


@cli.command()
@click.option("--listen", help="HOST:PORT to listen on (default: that of flyship.toml, or 127.0.0.1:8080).")
@common
def receive(*, listen: str | None, dry_run: bool, **flags: Any) -> None:
    """Ship what others send by HTTP: Vector, fly-log-shipper, Heroku and syslog drains, OpenTelemetry."""
    # Here and not above: an HTTP server takes longer to load than all that stdin and files need.
    from shippers import flyship_file  # noqa: PLC0415
    from shippers.metrics import Metrics  # noqa: PLC0415
    from shippers.receiving.table import Receive, place  # noqa: PLC0415
    from shippers.secrets import SecretError  # noqa: PLC0415
    from shippers.sources.receive import Receiver  # noqa: PLC0415
    from streams.config_errors import ConfigError  # noqa: PLC0415

    settings = _settings(flags)
    try:
        table = flyship_file.read(os.environ).receive or Receive()
        if listen is not None:
            place(listen)
            table = table.model_copy(update={"listen": listen})
        source = Receiver(table, os.environ, Metrics())
    except (ConfigError, SecretError) as error:
        _usage(str(error))
    except ValueError as error:
        _usage(f"--listen {error}")
    _run(ShipSources(source), settings, dry_run=dry_run)


@cli.command(name="run")
@common
def run_all(*, dry_run: bool, **flags: Any) -> None:
    """Ship from every source that config/flyship.toml (or FLYSHIP_CONFIG) turns on, in one process."""
    from shippers import configured, flyship_file  # noqa: PLC0415  # as above
    from shippers.metrics import Metrics  # noqa: PLC0415
    from shippers.secrets import SecretError  # noqa: PLC0415
    from streams.config_errors import ConfigError  # noqa: PLC0415

    settings = _settings(flags)
    try:
        found = list(configured.sources(flyship_file.read(os.environ), os.environ, Metrics()))
    except (ConfigError, SecretError) as error:
        _usage(str(error))
    if not found:
        _usage("config/flyship.toml turns no source on: write a table such as [receive] into it")
    _run(ShipSources(*found), settings, dry_run=dry_run)


def _job(patterns: tuple[str, ...], settings: Settings, *, follow: bool, from_start: bool, history: bool) -> Job:
    names = (settings.app_given, settings.instance)
    if follow:
        return ShipSources(Follow(patterns, *names, from_start=from_start))
    try:
        paths = expanded(patterns)
    except NoMatchError as error:
        _usage(f"{error}: check the path, and quote the glob")
    if not history:
        return ShipSources(Files(paths, *names))
    from shippers.stamps import Stamps  # noqa: PLC0415  # loads every parser of the core, which no other mode needs

    return ShipHistory(History(paths, *names, Stamps().stamp_ms))


def _settings(flags: dict[str, Any]) -> Settings:
    try:
        return Settings.read(os.environ, flags)
    except SettingError as error:
        _usage(str(error))


def _run(job: Job, settings: Settings, *, dry_run: bool) -> NoReturn:
    try:
        code = asyncio.run(run(job, settings, dry_run=dry_run))
    except SettingError as error:
        _usage(str(error))
    sys.exit(code)


def _usage(text: str) -> NoReturn:
    say(text)
    sys.exit(2)


def main() -> None:
    """Run the command."""
    cli(prog_name="flyship")


if __name__ == "__main__":
    main()
