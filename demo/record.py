"""Writes the demonstration: 50 minutes of five apps on Fly, the same bytes every time. Nothing of it is real.

``python demo/record.py [PATH]``. The story is in incident.py, the apps in apps.py, the words in lines.py and noise.py;
this module draws the traffic, from a seed, and puts everything in time order. Standard library only.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

if not __package__:  # run as a script: the repository is not yet on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo import incident, noise
from demo.apps import AGENTS, APPS, CLIENTS, MCP, PRODUCTION, App, Machine, Route
from demo.lines import SECOND_NS, WRITERS, Hit, Said, when

RECORDING = Path(__file__).resolve().with_name("incident.ndjson.gz")
SEED = 20_251_010
MINUTE_NS = 60 * SECOND_NS
START_NS = int(datetime(2025, 10, 10, 18, 0, tzinfo=UTC).timestamp()) * SECOND_NS
END_NS = START_NS + incident.MINUTES * MINUTE_NS
HEALTH_EVERY_NS = 20 * SECOND_NS
CALM_CAP_MS = 2_400.0  # nobody waits longer in normal times
AWAY_NS = round(incident.DEPLOY_SECONDS * SECOND_NS)
CHECKER = ("172.19.4.17", "Consul Health Check")
FAILURES = (503, 503, 502, 504, 500)

Logged = tuple[App, Machine, Said]


def minute(at_ns: int) -> float:
    """Return a time as minutes of the recording."""
    return (at_ns - START_NS) / MINUTE_NS


def at(minutes: float) -> int:
    """Return a minute of the recording as a time."""
    return START_NS + round(minutes * MINUTE_NS)


def away(app: App) -> list[tuple[Machine, int, int]]:
    """Return when which machines of an app take no requests."""
    if app is MCP:
        return [(app.machines[1], at(incident.ASLEEP[0]), at(incident.ASLEEP[1]))]
    if app is not PRODUCTION:
        return []
    return [
        (machine, at(start) + n * 2 * AWAY_NS, at(start) + n * 2 * AWAY_NS + AWAY_NS)
        for start in (incident.DEPLOY, incident.ROLLBACK)
        for n, machine in enumerate(app.machines)
    ]


def serving(app: App, at_ns: int) -> list[Machine]:
    """Return the machines that take requests at a time."""
    gone = [machine for machine, from_ns, to_ns in away(app) if from_ns <= at_ns < to_ns]
    return [machine for machine in app.machines if machine not in gone]


def arrivals(app: App, draw: Random) -> Iterator[int]:
    """Yield when requests come: at random, a little more and less over the hour, never a spike."""
    at_ns = START_NS
    while True:
        tide = 1.0 + 0.16 * _wave(minute(at_ns) / 23.0 + len(app.name) / 7.0)
        at_ns += round(draw.expovariate(app.per_minute * tide) * MINUTE_NS)
        if at_ns >= END_NS:
            return
        yield at_ns


def _wave(turns: float) -> float:
    """Return a triangle wave between -1 and 1: the same on every machine, as a sine need not be."""
    return 4.0 * abs(turns % 1.0 - 0.5) - 1.0


def requests(app: App, draw: Random) -> Iterator[Logged]:
    """Yield the lines of an app's requests, each in the format of the machine that answered."""
    strays = [at(stray) for stray in incident.STRAYS] if app is PRODUCTION else []
    for at_ns in arrivals(app, draw):
        route = draw.choices(app.routes, [route.weight for route in app.routes])[0]
        machine = draw.choice(serving(app, at_ns))
        stray = bool(strays) and at_ns >= strays[0]
        if stray:
            strays.pop(0)
        hit = request(app, route, at_ns, draw, fails=stray)
        style = draw.choices(list(machine.formats), list(machine.formats.values()))[0]
        if hit.status >= 500 and (stray or draw.random() < 0.3):
            yield from ((app, machine, said) for said in noise.trace(hit))
        yield from ((app, machine, said) for said in WRITERS[style](hit))


def request(app: App, route: Route, at_ns: int, draw: Random, *, fails: bool) -> Hit:
    """Return a request as the moment has it: mostly quick and fine."""
    mood = incident.mood(app.name, minute(at_ns))
    took_ms = min(CALM_CAP_MS, draw.lognormvariate(0.0, 0.5) * route.median_ms * mood.drag)
    if draw.random() < mood.slow_share:
        took_ms = min(mood.slow_cap_ms, draw.lognormvariate(0.0, 0.18) * mood.slow_ms)
    status = _status(route, draw.random())
    if draw.random() < mood.error_share:
        status = draw.choice(FAILURES)
    if fails:
        status = 500
    target = route.path.replace("{id}", str(int(draw.paretovariate(0.6)) % 900))
    client, agent, seed = draw.choice(CLIENTS), draw.choice(AGENTS), draw.getrandbits(128)
    return Hit(at_ns, route.method, target, status, round(took_ms, 3), client, agent, route.action, seed)


def _status(route: Route, chance: float) -> int:
    if route.method == "POST":
        return 422 if chance < 0.012 else 401 if chance < 0.016 else 201 if chance < 0.3 else 200
    return 404 if chance < 0.015 else 304 if chance < 0.12 else 302 if chance < 0.13 else 200


def health(app: App, draw: Random) -> Iterator[Logged]:
    """Yield Fly's health checks, which every machine that runs answers at once."""
    for n, machine in enumerate(app.machines):
        style = next(iter(machine.formats))
        for at_ns in range(START_NS + n * 3 * SECOND_NS, END_NS, HEALTH_EVERY_NS):
            beat_ns = at_ns + draw.randrange(40_000_000)
            if machine in serving(app, beat_ns):
                took_ms, seed = round(draw.lognormvariate(1.2, 0.3), 3), draw.getrandbits(128)
                hit = Hit(beat_ns, "GET", app.health_path, 200, took_ms, *CHECKER, "", seed)
                yield from ((app, machine, said) for said in WRITERS[style](hit))


def platform(app: App, draw: Random) -> Iterator[Logged]:
    """Yield what Fly and the app say besides: deploys, a machine put to sleep, proxy errors, background work."""
    for n, (machine, from_ns, to_ns) in enumerate(away(app)):
        if app is MCP:
            said = noise.asleep(app.name, machine, from_ns, to_ns)
        else:
            version = "01K7QH3C8M" if n < len(app.machines) else "01K7PZ6T2W"
            said = noise.deploy(machine, from_ns, f"{app.name}:deployment-{version}", to_ns - from_ns)
        yield from ((app, machine, one) for one in said)
    for at_ns in arrivals(app, draw):
        machine = draw.choice(serving(app, at_ns))
        chance = draw.random()
        if chance < 0.08 or (chance < 0.3 and app is not PRODUCTION):
            yield from ((app, machine, said) for said in noise.chatter(app.name, at_ns, draw.getrandbits(128)))
        elif chance > 1.0 - 0.08 * incident.mood(app.name, minute(at_ns)).error_share:
            yield app, machine, Said(at_ns, draw.choice(noise.PROXY_ERRORS), "error", "proxy")


def recording() -> list[Logged]:
    """Return every line of the recording in time order; what machines said after its end is not in it."""
    logged: list[Logged] = []
    for app in APPS:
        for part in (requests, health, platform):
            logged.extend(part(app, Random(f"{SEED}/{app.name}/{part.__name__}")))
    return sorted((one for one in logged if START_NS <= one[2].at_ns < END_NS), key=lambda one: one[2].at_ns)


def envelope(app: App, machine: Machine, said: Said) -> str:
    """Return a line as Fly's NATS stream carries it."""
    document = {
        "event": {"provider": said.provider},
        "fly": {"app": {"instance": machine.id, "name": app.name}, "region": machine.region},
        "host": machine.host,
        "log": {"level": said.level},
        "message": said.text,
        "timestamp": f"{when(said.at_ns):%Y-%m-%dT%H:%M:%S}.{said.at_ns % SECOND_NS:09}Z",
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def write(path: Path) -> int:
    """Write the recording; return its number of lines."""
    lines = [envelope(*one) for one in recording()]
    with path.open("wb") as out, gzip.GzipFile("", "wb", compresslevel=9, fileobj=out, mtime=0) as packed:
        packed.write(("\n".join(lines) + "\n").encode())
    return len(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDING)} lines\n")
