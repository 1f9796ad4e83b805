"""Puts the readings of many queries together: the fields of each machine, and of each app as a whole. Opens nothing."""

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from shippers.probes.metrics_table import Query
from shippers.probes.prometheus_answers import Reading

MOST_APART = 100  # values of a label told apart in one field; the smallest are left out
MOST = 5_000  # machines and apps
DIGITS = 6
EXACT = 2**53  # a float beyond it is no exact number of anything
WHOLE = ("count", "bytes")  # units of which there mostly are whole ones


class Gathered(Struct):
    """What is known of a machine, or with the instance "" of an app."""

    app: str
    instance: str
    region: str = ""
    fields: dict[str, object] = {}


class Gathering:
    """Takes the readings of one round."""

    def __init__(self, apps: Collection[str]) -> None:
        """Others than these apps are not listened to."""
        self._apps = frozenset(apps)
        self._found: dict[tuple[str, str], Gathered] = {}
        self.left_out = 0  # series of machines beyond those that are told

    def add(self, query: Query, readings: Iterable[Reading]) -> None:
        """Take the answer to a query."""
        apart: dict[tuple[str, str], dict[str, float]] = {}
        for reading in readings:
            found = self._of(reading)
            if found is None:
                continue
            values = apart.setdefault((found.app, found.instance), {})
            label = reading.labels.get(query.by, "") if query.by else ""
            value = _held(query, reading.value)
            values[label] = max(value, values[label]) if label in values else value
        for key, values in apart.items():
            self._found[key].fields |= _fields(query, values)

    def told(self) -> Iterator[Gathered]:
        """Yield what is known, app by app and machine by machine."""
        yield from (self._found[key] for key in sorted(self._found))

    def _of(self, reading: Reading) -> Gathered | None:
        app, instance = reading.labels.get("app", ""), reading.labels.get("instance", "")
        found = self._found.get((app, instance))
        if found is None:
            if app not in self._apps:
                return None
            if len(self._found) >= MOST:
                self.left_out += 1
                return None
            found = self._found[app, instance] = Gathered(app, instance)
        if instance and not found.region:
            found.region = reading.labels.get("region", "")
        return found


def _held(query: Query, value: float) -> float:
    """Return a value within its bounds: rates are estimates, which may pass the ends of a ratio by a hair."""
    return min(1.0, max(0.0, value)) if query.unit == "ratio" else value


def _fields(query: Query, values: dict[str, float]) -> dict[str, object]:
    if query.by is None:
        return {query.field: _shown(query, values[""])}
    largest = sorted(values, key=lambda label: (-values[label], label))[:MOST_APART]
    fields: dict[str, object] = {}
    if query.of is not None:
        fields[query.field] = _shown(query, max(values.values()) if query.of == "max" else sum(values.values()))
    fields[f"{query.field}_by_{query.by}"] = {label: _shown(query, values[label]) for label in sorted(largest)}
    return fields


def _shown(query: Query, value: float) -> float:
    whole = query.unit in WHOLE and abs(value) < EXACT and value.is_integer()
    return int(value) if whole else round(value, DIGITS)
