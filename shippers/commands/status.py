"""``flyship status``."""

import sys
import urllib.error
import urllib.request
from http.client import HTTPException

import click
import msgspec

from shippers.commands import usage
from shippers.commands.configured import file_of
from shippers.flyship_file import MetricsTable
from shippers.receiving.table import place
from shippers.status import SourceStatus, Status

TIMEOUT_S = 5.0
WIDTH = 200  # where there is no terminal
# Whoever listens on all addresses is asked on one, and this machine has two names.
BOTH = ("127.0.0.1", "[::1]")
HOSTS = {"0.0.0.0": BOTH, "::": BOTH, "127.0.0.1": BOTH, "localhost": BOTH}  # noqa: S104  # nothing listens here
HEADINGS = ("source", "lines", "bytes", "lines/s", "lag", "gaps", "dropped", "errors")


@click.command(name="status")
@click.option("--at", help="HOST:PORT of a run's --metrics (default: that of flyship.toml, or 127.0.0.1:9477).")
@click.option("--json", "as_json", is_flag=True, help="Print what the run says, as one JSON object.")
def command(*, at: str | None, as_json: bool) -> None:
    """Show what a running flyship does, source by source. Ends with 1 if something is wrong, 2 if nobody answers."""
    where = at or (file_of().metrics or MetricsTable()).listen
    try:
        host, port = place(where)
    except ValueError as error:
        usage(f"--at {error}")
    answer = _asked([f"http://{one}:{port}/status" for one in HOSTS.get(host, (f"[{host}]" if ":" in host else host,))], where)
    try:
        status = msgspec.json.decode(answer, type=Status)
    except msgspec.MsgspecError:
        usage(f"{where} answers, but it is no flyship, or one of another version")
    if as_json:
        sys.stdout.write(answer.decode() + "\n")
    else:
        _show(status)
    sys.exit(0 if status.ok else 1)


def _asked(urls: list[str], where: str) -> bytes:
    """Return the first answer; where there is none, end with what the first one asked had against it."""
    answers = map(_answer, urls)
    first = next(answers)
    whole = first if isinstance(first, bytes) else next((answer for answer in answers if isinstance(answer, bytes)), None)
    if whole is None:
        usage(f"nobody answers at {where} ({first!s}): start flyship with --metrics {where}, or say --at HOST:PORT")
    return whole


def _answer(url: str) -> bytes | str:
    """Ask; return the answer, or why there is none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # none stands between a machine and itself
    try:
        with opener.open(url, timeout=TIMEOUT_S) as answer:
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        return f"status {error.code}: it is no flyship"
    except (OSError, ValueError, HTTPException) as error:
        return str(getattr(error, "reason", error)) or type(error).__name__


def _show(status: Status) -> None:
    """Print a table for people."""
    from rich.console import Console  # noqa: PLC0415  # not needed for --json
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "source" else "right", no_wrap=True)
    for source in status.sources:
        table.add_row(*_row(source), style="red" if source.trouble else None)
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)
    console.print(table)
    up_s = (status.at_ms - status.started_ms) // 1000
    spool = f", {status.spool_records:,} records ({status.spool_bytes:,} bytes) in the spool" if status.spool_records else ""
    console.print(
        f"up {_span(up_s)}: {status.sent_lines:,} lines acknowledged, {status.waiting_lines:,} wait{spool}", highlight=False
    )
    for who, trouble in [("", status.trouble), *((f"{source.name}: ", source.trouble) for source in status.sources)]:
        if trouble:
            console.print(f"{who}{trouble}", style="red", markup=False, highlight=False)


def _row(source: SourceStatus) -> tuple[str, ...]:
    return (
        source.name,
        f"{source.lines:,}",
        f"{source.bytes:,}",
        f"{source.lines_per_s:,.1f}",
        "-" if source.lag_s is None else _span(source.lag_s),
        " ".join(f"{state} {count}" for state, count in source.gaps.items() if count) or "0",
        f"{source.dropped:,}",
        " ".join(f"{kind} {count}" for kind, count in source.errors.items() if count) or "0",
    )


def _span(seconds: float) -> str:
    """Return a time as people say it."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
