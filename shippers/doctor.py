"""Tries what flyship.toml configures, each thing once and within a deadline. Knows each source by its ``try_out`` alone."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from shippers.client import DeliveryError, LastWords, connect, hang_up
from shippers.context import Context, state_directory
from shippers.findings import Finding
from shippers.fly_api.table import FlyApiTable
from shippers.fly_nats.trial import try_out as try_nats
from shippers.flyship_file import FlyshipFile
from shippers.listening import tried
from shippers.permission import Rights, rights
from shippers.probes.configured import KINDS
from shippers.probes.configured import source as probing
from shippers.probes.table import Probing
from shippers.receiving.trial import try_out as try_receive
from shippers.secrets import SecretError
from shippers.settings import SettingError, Settings
from shippers.sharing.trial import try_group
from shippers.sources.fly_api import FlyApi
from shippers.sources.followed import try_out as try_files
from streams.config_errors import ConfigError

DEADLINE_S = 30.0
KAFKA_S = 10.0
Trial = Callable[[Any, Context], Awaitable[list[Finding]]]


async def _try_api(table: FlyApiTable, context: Context) -> list[Finding]:
    return await FlyApi(table, context).try_out()


async def _try_probes(table: Probing, context: Context) -> list[Finding]:
    trials = [_within(kind, _try_kind(table, context, kind)) for kind in KINDS]  # a secret that one lacks is no other's affair
    return [finding for several in await asyncio.gather(*trials) for finding in several]


async def _try_kind(table: Probing, context: Context, kind: str) -> list[Finding]:
    trials = [_within(probe.name, probe.try_out()) for probe in probing(table, context, (kind,)).probes]
    return [finding for several in await asyncio.gather(*trials) for finding in several]


# A table of flyship.toml -> what tries it, in the order in which people read of it.
TRIALS: dict[str, Trial] = {
    "receive": try_receive,
    "files": try_files,
    "nats": try_nats,
    "api": _try_api,
    "probes": _try_probes,
}


async def findings(file: FlyshipFile, settings: Settings, context: Context) -> list[Finding]:
    """Try the broker, the state directory, the port of the counters and every source that is turned on, all at once."""
    trials = [_within("kafka", try_kafka(settings)), _within("state", try_state(file, context))]
    if file.metrics is not None:
        trials.append(_within("metrics", tried("metrics", file.metrics.listen)))
    if file.nats is not None and file.nats.queue is not None:
        trials.append(_within("group", try_group(settings, file.nats.queue)))
    tables = [(name, table) for name in TRIALS if (table := getattr(file, name)) is not None]
    trials += [_within(name, TRIALS[name](table, context)) for name, table in tables]
    found = [finding for several in await asyncio.gather(*trials) for finding in several]
    if not tables:
        found.append(Finding("sources", True, "flyship.toml turns none on; the other commands need no table"))
    return found


async def _within(name: str, trial: Awaitable[Sequence[Finding]]) -> list[Finding]:
    """Await a trial; one that takes too long, or fails in a way that it does not know, is a finding, too."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            return list(await trial)
    except (ConfigError, SecretError) as error:
        return [Finding(name, False, str(error))]
    except TimeoutError:
        return [Finding(name, False, f"there was no answer within {DEADLINE_S:.0f} s")]
    except Exception as error:  # noqa: BLE001  # one trial must not end the others
        return [Finding(name, False, f"it cannot be tried: {error!r}")]


async def try_kafka(settings: Settings) -> list[Finding]:
    """Ask the broker for its topics, and what it lets us do. Nothing is written: readers would have to know what it is."""
    where, last_words = ",".join(settings.servers), LastWords(settings.access)
    try:
        client = await connect(settings, min(settings.timeout_s, KAFKA_S))
    except (DeliveryError, SettingError) as error:
        return [Finding("kafka", False, str(error))]
    if client is None:
        why = f"{last_words.last.text}; set FLYWATCH_KAFKA__BOOTSTRAP, or start it"
        return [Finding("kafka", False, f"no broker at {where}: {why}")]
    try:
        found = await rights(client.client, settings.topic)
    finally:
        await hang_up(client)
    return [_allowed(found, where, settings)]


def _allowed(found: Rights | None, where: str, settings: Settings) -> Finding:
    there = f"{where} answers, and has the topic {settings.topic}"
    who = f"{settings.access.username or 'whoever connects like this'}"
    if found is None:
        return Finding("kafka", True, f"{there}; whether we may write to it it cannot say")
    if not found.write:
        return Finding("kafka", False, f"{there}, but we may not write to it: allow {who} the operation WRITE on it")
    if not found.read:
        told = f"what had arrived before a kill may come twice, unless {who} is allowed READ"
        return Finding("kafka", True, f"{there}, which we may write to; not read: {told}")
    return Finding("kafka", True, f"{there}, which we may write to")


async def try_state(file: FlyshipFile, context: Context) -> list[Finding]:
    """Look whether what must survive a restart can be written."""
    directory = state_directory(file.state, context.environ)
    return [await asyncio.to_thread(_written, directory)]


def _written(directory: Path) -> Finding:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return Finding("state", False, f"{directory} cannot be written ({error.strerror or error}): set FLYSHIP_STATE")
    return Finding("state", True, f"{directory} can be written")
