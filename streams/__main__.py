"""The ``flywatch`` command: arguments in, one call, exit code out. 0 fine, 1 a finding, 2 bad usage or config."""

import gc
import logging
import sys
from pathlib import Path
from typing import NoReturn

import click

gc.set_threshold(50_000, 20, 100)  # before the imports, most of which make what stays: the default looks at it all the time

from streams.config_errors import ConfigError  # noqa: E402
from streams.settings import Settings, load  # noqa: E402

RULES = click.option("--rules", "rules", type=click.Path(path_type=Path), help="Rules file instead of config/rules.toml.")
APP = click.option("--app", default="local", show_default=True, help="App of lines whose envelope names none.")
SECURITY = click.option("--security", type=click.Path(path_type=Path), help="Write security events to this NDJSON file.")
FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path))

LEARNT = 30  # templates that parse --learn prints


def main() -> None:
    """Run ``flywatch``."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says is told in one line of ours
    try:
        cli(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message())
        sys.exit(2)
    except click.ClickException as error:
        fail(2, error.format_message())
    except ConfigError as error:
        fail(2, str(error))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)


def fail(code: int, why: str) -> NoReturn:
    """Say what is wrong, on standard error, and exit."""
    for line in why.splitlines():
        click.echo(f"flywatch: {line}", err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flywatch")
def cli() -> None:
    """Real-time monitoring for apps on Fly.io, from their logs."""


@cli.command()
@APP
@RULES
@click.option("--json", "as_json", is_flag=True, help="Print windows and alerts as NDJSON.")
@click.option("--windows", type=click.Path(path_type=Path), help="Write one-minute windows to this NDJSON file.")
@click.option("--alerts", type=click.Path(path_type=Path), help="Write alerts to this NDJSON file.")
@SECURITY
def local(
    app: str, rules: Path | None, *, as_json: bool, windows: Path | None, alerts: Path | None, security: Path | None
) -> None:
    """Watch standard input live, without a broker: flyctl logs -a APP --json | flywatch local --app APP."""
    from streams.hosts import show  # noqa: PLC0415  # commands import what they need: `flywatch parse` starts fast

    sinks = show.Sinks(as_json=as_json, windows=windows, alerts=alerts, security=security)
    show.local(load(rules=rules), app, sinks)


@cli.command()
@FILES
@APP
@RULES
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the summary.")
@click.option("--windows", type=click.Path(path_type=Path), help="Write one-minute windows to this NDJSON file.")
@click.option("--alerts", type=click.Path(path_type=Path), help="Write alerts to this NDJSON file.")
@SECURITY
def replay(
    files: tuple[Path, ...],
    app: str,
    rules: Path | None,
    *,
    as_json: bool,
    windows: Path | None,
    alerts: Path | None,
    security: Path | None,
) -> None:
    """Read history: FILES (plain, .gz, .zst) become windows, alerts and a summary."""
    from streams.hosts import show  # noqa: PLC0415
    from streams.hosts.files import UnreadableFile  # noqa: PLC0415

    if not files:
        raise click.UsageError("replay needs at least one FILE")
    sinks = show.Sinks(as_json=as_json, windows=windows, alerts=alerts, security=security)
    try:
        show.replay(load(rules=rules), list(files), app, sinks)
    except UnreadableFile as error:
        fail(2, str(error))


@cli.command()
@FILES
@click.option("--app", default=None, help="App of lines whose envelope names none.")
@click.option("--explain", is_flag=True, help="Also print the lines that are nothing, with the reason.")
@click.option("--learn", is_flag=True, help="Print the commonest templates of the lines that nothing recognises instead.")
def parse(files: tuple[Path, ...], app: str | None, *, explain: bool, learn: bool) -> None:
    """Print one JSON object for each recognised line of FILES (default: standard input), in order."""
    from streams.hosts import parse_files  # noqa: PLC0415
    from streams.hosts.files import UnreadableFile  # noqa: PLC0415

    if learn and (explain or not files):
        raise click.UsageError("--learn reads FILES, and stands alone")
    try:
        if learn:
            _learn(list(files), app or "")
            return
        plan = load().plan()
        parse_files.run(list(files), app or "", sys.stdout.buffer, plan, explain=explain)
    except UnreadableFile as error:
        fail(2, str(error))


def _learn(files: list[Path], app: str) -> None:
    from streams.codec import json_line  # noqa: PLC0415
    from streams.hosts import learn  # noqa: PLC0415

    found = learn.learn(learn.unrecognised(files, app, load().plan().formats), LEARNT)
    sys.stdout.buffer.writelines(map(json_line, found))


@cli.command()
@click.option("--once", is_flag=True, help="Do not start again after a failure: for supervisors such as systemd or Fly.")
def worker(*, once: bool) -> None:
    """Run one worker of the pipeline on Kafka; start as many as you like, anywhere."""
    from streams.hosts import worker as host  # noqa: PLC0415

    settings = load()
    _kafka(settings)
    sys.exit(host.run(settings) if once else host.supervise())


@cli.command()
def topics() -> None:
    """Create the topics that are missing and verify those that are there."""
    settings = load()
    created = _kafka(settings)
    from streams.hosts.topics import catalogue  # noqa: PLC0415

    for topic in catalogue(settings).values():
        click.echo(f"{topic.name}: {topic.partitions} partitions, {'created' if topic.name in created else 'as it should be'}")


@cli.command()
@click.option("--from-start", is_flag=True, help="Begin with the oldest alert, not with the next.")
@click.option("--json", "as_json", is_flag=True, help="Print NDJSON.")
@click.option("--until-idle", type=float, default=None, help="Stop after so many seconds without an alert.")
def alerts(*, from_start: bool, as_json: bool, until_idle: float | None) -> None:
    """Print the alerts topic as it fills; repeats are dropped by id."""
    import asyncio  # noqa: PLC0415  # here, so that parse and replay need not load it

    from streams.hosts import reader  # noqa: PLC0415

    settings = load()
    try:
        asyncio.run(reader.alerts(settings, from_start=from_start, as_json=as_json, until_idle=until_idle))
    except ConnectionError as error:
        fail(1, str(error))
    except LookupError as error:
        fail(2, str(error.args[0]))


@cli.group()
def rules() -> None:
    """Look at and check rules."""


@rules.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> None:
    """Check config/rules.toml, or FILE, and say which rule stands for which app."""
    settings = load(rules=file)
    for rule in settings.rules:
        apps = [app.name for app in settings.plan().apps.values() if rule.watches(app.name, app.monitoring)]
        click.echo(f"{rule.name}: {rule.severity}, {rule.metric}, {', '.join(apps) or 'no app'}")
    click.echo(f"{len(settings.rules)} rules, all fine")


@rules.command()
def metrics() -> None:
    """List the metrics that rules may use."""
    from streams.core.rules import METRICS  # noqa: PLC0415

    for metric in METRICS.values():
        click.echo(f"{metric.name:14} {metric.unit:6} {metric.about}")


def _kafka(settings: Settings) -> list[str]:
    """Create and verify the topics; say in one line what is in the way."""
    import asyncio  # noqa: PLC0415  # as above

    from streams.hosts.topics import TopicMismatch, ensure  # noqa: PLC0415

    try:
        created = asyncio.run(ensure(settings))
    except ConnectionError as error:
        fail(1, str(error))
    except TopicMismatch as error:
        fail(2, str(error))
    return created


if __name__ == "__main__":
    main()
