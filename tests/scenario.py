"""Scenarios: lines in, alerts out. Loads ``tests/scenarios/*.toml`` and runs lines on every host that needs no broker.

A scenario is TOML: ``[[app]]`` and ``[time]`` as config/flywatch.toml has them, ``[[rule]]`` as config/rules.toml, and

    [[lines]]                                  # stamps from (included) to (not included), one every ``every``
    from = "18:00:00"
    to = "18:10:00"
    every = "2s"
    texts = ["GET / 200 1 - 12 ms", "…"]       # in turn; or text = "…"
    app = "shop"  instance = "m1"              # defaults
    provider = "app"                           # "probe" for lines of probes: they come in batches, whatever others come in
    arrive = "5m"                              # how long after its stamp a line arrives (0s)

    [[alert]]                                  # all transitions, in order
    at = "18:05:10"  rule = "errors"  state = "firing"      # app, level and reason where they say more

    [[window]]                                 # some windows' last revisions: any keys of the document
    start = "18:00:00"  requests = 30

``shipped_rules = true`` takes the rules of config/rules.toml. ``live_only = true`` marks what depends on arrival: reading
the lines later, as history, gives something else.
"""

import json
import tomllib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

from msgspec.structs import replace

from streams import codec, rules_file
from streams.config_model import duration_ms
from streams.core import panes, watching
from streams.core.plan import PANE_MS, Plan
from streams.core.records import Output, Progress, Published, Record, Snapshot
from streams.core.stamps import ms, text
from streams.core.values import Line
from streams.hosts import local
from streams.hosts.replay import Replay
from streams.settings import Settings

SHIPPED = Path(__file__).parents[1] / "config" / "rules.toml"
SCENARIOS = Path(__file__).parent / "scenarios"
DAY = "2025-10-10"
APP, INSTANCE = "shop", "m1"


@dataclass(frozen=True)
class Arrival:
    """A line and when it reaches the log."""

    at_ms: int
    line: Line


@dataclass(frozen=True)
class Scenario:
    """One case: what is told to the core, what arrives, and what must come out."""

    name: str
    about: str
    plan: Plan
    arrivals: tuple[Arrival, ...]
    alerts: tuple[dict[str, Any], ...]
    windows: tuple[dict[str, Any], ...]
    live_only: bool
    tables: Mapping[str, Any] = field(repr=False)

    @property
    def lines(self) -> list[Line]:
        """The lines, in the order of their arrival."""
        return [arrival.line for arrival in self.arrivals]

    @property
    def expected(self) -> list[dict[str, Any]]:
        """The transitions, each with at, rule, app, state, reason and level."""
        return list(self.alerts)

    def rules_toml(self) -> str:
        """Return the rules as config/rules.toml would have them."""
        if self.tables.get("shipped_rules"):
            return SHIPPED.read_text(encoding="utf-8")
        return "\n".join(f"[[rule]]\n{_table(rule)}" for rule in self.tables.get("rule", ()))

    def flywatch_toml(self) -> str:
        """Return the apps and times as config/flywatch.toml would have them."""
        times = f"[time]\n{_table(self.tables['time'])}\n" if "time" in self.tables else ""
        return times + "\n".join(f"[[app]]\n{_table(app)}" for app in self.tables.get("app", ()))


def load(path: Path) -> Scenario:
    """Read a scenario."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    shipped = tables.get("shipped_rules", False)
    chosen = tomllib.loads(SHIPPED.read_text(encoding="utf-8")) if shipped else {"rule": tables["rule"]}
    rules = rules_file.rules(chosen, path, None)
    settings = Settings.model_validate({"app": tables.get("app", []), "time": tables.get("time", {}), "rules": rules})
    arrivals = sorted((each for row in tables["lines"] for each in _arrivals(row)), key=lambda each: each.at_ms)
    return Scenario(
        path.stem,
        tables["about"],
        replace(settings.plan(), partitions=1),
        tuple(arrivals),
        tuple(_transition(row) for row in tables.get("alert", ())),
        tuple({"app": APP} | row | {"start": text(day_ms(row["start"]))} for row in tables.get("window", ())),
        tables.get("live_only", False),
        tables,
    )


def day_ms(clock: str) -> int:
    """Return a time of the scenarios' day, ``18:00:00``, in epoch milliseconds."""
    found = ms(f"{DAY}T{clock}Z")
    assert found is not None, clock
    return found


def _transition(row: dict[str, Any]) -> dict[str, Any]:
    reason = "clear" if row["state"] == "resolved" else None
    return {"app": APP, "reason": reason, "level": 0} | row | {"at": text(day_ms(row["at"]))}


def _arrivals(row: dict[str, Any]) -> Iterator[Arrival]:
    texts = row["texts"] if "texts" in row else [row["text"]]
    start, end = day_ms(row["from"]), day_ms(row["to"]) if "to" in row else day_ms(row["from"]) + 1
    late_ms = duration_ms(row.get("arrive", "0s"))
    for i, at_ms in enumerate(range(start, end, duration_ms(row.get("every", "1s")))):
        line = Line(
            texts[i % len(texts)],
            text(at_ms),
            row.get("app", APP),
            row.get("instance", INSTANCE),
            "iad",
            row.get("provider", "app"),
        )
        yield Arrival(at_ms + late_ms, line)


def _table(table: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_toml(value)}\n" for name, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + " }"
    return "[" + ", ".join(map(_toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


@dataclass(frozen=True)
class Cutting:
    """How lines become records: over how many partitions, in batches of how many lines, in which shape."""

    partitions: int = 1
    most: int = 1  # lines of one record; how many is random up to this
    tick_ms: int = PANE_MS
    seed: int = 0
    shape: str = "batch"  # or "nats", or "api": Fly's own lines, any instances of a partition in one record


def arriving(lines: Iterable[Line]) -> list[Arrival]:
    """Let lines arrive as soon as they can in their order: at the newest stamp so far."""
    found: list[Arrival] = []
    clock_ms = 0
    for line in lines:
        clock_ms = max(clock_ms, (ms(line.stamp) or 0) if line.stamp else 0)
        found.append(Arrival(clock_ms, line))
    return found


def records(arrivals: Sequence[Arrival], cutting: Cutting) -> Iterator[tuple[int, Record]]:
    """Cut lines into the records of each partition, with ticks for all; nothing is held over a tick."""
    rng = Random(cutting.seed)
    held: dict[tuple[int, str, str, bool], list[Line]] = {}
    offsets = [0] * cutting.partitions
    clock_ms = next_ms = arrivals[0].at_ms // cutting.tick_ms * cutting.tick_ms

    def record(partition: int, value: bytes, key: bytes = b"") -> tuple[int, Record]:
        offsets[partition] += 1
        return partition, Record(offsets[partition], clock_ms, value, key)

    def flushed() -> Iterator[tuple[int, Record]]:
        keys = list(held)
        rng.shuffle(keys)
        for key in keys:
            yield record(key[0], encoded(held.pop(key), cutting.shape), f"{key[1]}/{key[2]}".encode())

    end = Arrival(arrivals[-1].at_ms // PANE_MS * PANE_MS + local.END_MS, Line(""))
    for arrival in (*arrivals, end):
        while next_ms <= arrival.at_ms:
            yield from flushed()
            clock_ms = next_ms
            for partition in range(cutting.partitions):
                yield record(partition, codec.TICK)
            next_ms += cutting.tick_ms if arrival is not end else max(min(cutting.tick_ms, end.at_ms - clock_ms), 1)
        clock_ms = max(clock_ms, arrival.at_ms)
        if arrival is not end:
            rows = held.setdefault(_key(arrival.line, cutting), [])
            rows.append(arrival.line)
            if len(rows) >= rng.randint(1, cutting.most):
                yield from flushed()


def _key(line: Line, cutting: Cutting) -> tuple[int, str, str, bool]:
    is_probe = line.provider == "probe"
    partition = crc32(f"{line.app}/{line.instance}".encode()) % cutting.partitions
    together = cutting.shape != "batch" and not is_probe
    return (partition, "", "", False) if together else (partition, line.app, line.instance, is_probe)


def encoded(lines: Sequence[Line], shape: str) -> bytes:
    """Return the value of a record that holds these lines."""
    head = lines[0]
    if shape == "batch" or head.provider == "probe":
        rows = [[line.stamp, line.text] for line in lines]
        return codec.encode_batch(head.app, head.instance, head.region, head.provider, head.level, rows)
    return b"\n".join(map(nats if shape == "nats" else api, lines))


def nats(line: Line) -> bytes:
    """Return a line as Fly's NATS stream has it."""
    document = {
        "event": {"provider": line.provider},
        "fly": {"app": {"instance": line.instance, "name": line.app}, "region": line.region},
        "host": "c0ffee",
        "log": {"level": line.level or "info"},
        "message": line.text,
        "timestamp": line.stamp,
    }
    return json.dumps(document, ensure_ascii=False).encode()


def api(line: Line) -> bytes:
    """Return a line as Fly's logs API has it, with the name of the app as the shipper of such lines adds it."""
    meta = {"instance": line.instance, "region": line.region, "event": {"provider": line.provider}}
    attributes = {"timestamp": line.stamp, "message": line.text, "level": line.level or "info"}
    fly = {"app": {"name": line.app, "instance": line.instance}}
    document = {"id": "1", "type": "log", "attributes": attributes | {"instance": line.instance, "meta": meta, "fly": fly}}
    return json.dumps(document).encode()


class Outcome:
    """What came out: alerts in order, windows by id in their last revision, the rest as it is."""

    def __init__(self) -> None:
        """Make it empty."""
        self._alerts: dict[str, dict[str, Any]] = {}
        self.windows: dict[str, dict[str, Any]] = {}
        self.rest: list[Output] = []

    def take(self, outputs: Iterable[Output]) -> None:
        """Add outputs; a transition or a revision that was there before is a repeat, and must be the same."""
        for output in outputs:
            if not isinstance(output, Published):
                self.rest.append(output)
            elif output.topic == "alerts":
                self._alert(dict(output.value))
            else:
                self._window(dict(output.value))

    def _alert(self, document: dict[str, Any]) -> None:
        before = self._alerts.setdefault(document["transition_id"], document)
        assert before == document, "a repeat that says something else"

    def _window(self, document: dict[str, Any]) -> None:
        before = self.windows.get(document["id"])
        if before is None or before["revision"] < document["revision"]:
            self.windows[document["id"]] = document
        assert before is None or before["revision"] != document["revision"] or before == document

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The alerts, in order."""
        return list(self._alerts.values())

    @property
    def transitions(self) -> list[dict[str, Any]]:
        """The alerts as scenarios expect them."""
        return [transition(alert) for alert in self.alerts]

    @property
    def counts(self) -> dict[str, dict[str, Any]]:
        """The windows without what tells how they came to be: their revision."""
        return {an_id: document | {"revision": 0} for an_id, document in sorted(self.windows.items())}


def transition(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a scenario expects of an alert's document."""
    level = alert["escalation"]["level"] if alert["escalation"] else 0
    return {name: alert[name] for name in ("app", "reason", "rule", "state", "at")} | {"level": level}


class Spread:
    """Source partitions that feed one board, as on Kafka: each source in order, the sources in any order."""

    def __init__(self, plan: Plan, partitions: int, seed: int = 0) -> None:
        """Start with nothing known."""
        self.plan = replace(plan, partitions=partitions)
        self.parts = [panes.Partition(number) for number in range(partitions)]
        self.board = watching.Board()
        self._waiting: list[deque[Snapshot | Progress]] = [deque() for _ in self.parts]
        self._rng = Random(seed)
        self._ticks = 0

    def feed(self, partition: int, record: Record) -> Iterator[Output]:
        """Take a record in; a source's messages may wait for up to three rounds of ticks."""
        for output in panes.step(self.parts[partition], record, self.plan).outputs:
            if isinstance(output, Snapshot | Progress):
                self._waiting[partition].append(wired(output))
            else:
                yield output
        self._ticks += record.value == codec.TICK
        everything = self._ticks % (3 * len(self.parts)) == 0
        while any(self._waiting) and (everything or self._rng.random() < 0.9):
            queue = self._rng.choice([queue for queue in self._waiting if queue])
            yield from watching.step(self.board, queue.popleft(), self.plan).outputs

    def rest(self) -> Iterator[Output]:
        """Let everything through that waits."""
        while any(self._waiting):
            queue = self._rng.choice([queue for queue in self._waiting if queue])
            yield from watching.step(self.board, queue.popleft(), self.plan).outputs


def wired(message: Snapshot | Progress) -> Snapshot | Progress:
    """Send a message through the wire's encoding."""
    value = codec.encode(message, 1)[0].value
    assert value is not None
    return codec.decode_panes(value)


def piped(plan: Plan, arrivals: Sequence[Arrival], cutting: Cutting) -> Outcome:
    """Run lines on the local host's pipeline: one partition."""
    outcome, pipeline = Outcome(), local.Pipeline(plan)
    for _, record in records(arrivals, cutting):
        outcome.take(pipeline.feed(record))
    return outcome


def spread(plan: Plan, arrivals: Sequence[Arrival], cutting: Cutting) -> Outcome:
    """Run lines over several partitions."""
    outcome, parts = Outcome(), Spread(plan, cutting.partitions, cutting.seed)
    for partition, record in records(arrivals, cutting):
        outcome.take(parts.feed(partition, record))
    outcome.take(parts.rest())
    return outcome


def watched(plan: Plan, lines: Iterable[Line]) -> Outcome:
    """Run lines through the local host as they would come on standard input."""
    outcome = Outcome()
    source = BytesIO(b"".join(nats(line) + b"\n" for line in lines))
    outcome.take(each for each in local.watch(source, plan, "", live=False) if not isinstance(each, int))
    return outcome


def replayed(plan: Plan, lines: Iterable[Line], directory: Path, files: int = 1) -> Outcome:
    """Run lines through the replay, all of an instance in one of so many files."""
    parts: list[list[Line]] = [[] for _ in range(files)]
    for line in lines:
        parts[crc32(f"{line.app}/{line.instance}".encode()) % files].append(line)
    paths = [directory / f"{number}.ndjson" for number in range(files)]
    for path, part in zip(paths, parts, strict=True):
        path.write_bytes(b"".join(nats(line) + b"\n" for line in part))
    outcome = Outcome()
    outcome.take(Replay(plan, paths, "").outputs())
    return outcome
