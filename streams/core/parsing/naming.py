"""Finds the values that a document has under names that somebody wants, however the names are written. Knows no name.

A document is walked once; which of its names matter is learned once a name. Time is linear in the document: one that is
wider than ``WIDEST``, what lies deeper than ``DEEPEST``, and what is no part of a wanted path is not looked into.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from msgspec import Struct

Document = dict[str, Any]
DEEPEST = 5
WIDEST = 250  # names of one document; those of requests have up to 120
_MOST_NAMES = 2_000
_A_LEVEL = 1_000  # more than there are rows: what an outer document says comes before all that inner ones say
_BY_PLACE = itemgetter(0)


class Wanted(Struct, frozen=True, gc=False):
    """A row of a table: a field, the path under which a document may say it, and how the value is read."""

    field: str
    path: str
    read: Callable[[Any], Any]
    unit_ms: float = 0.0
    beside: str = ""  # a path that must be there, too


class _Step(Struct, frozen=True, gc=False):
    """What a name means where it stands."""

    ends: tuple[tuple[int, Wanted], ...]  # the rows whose path ends here, with their places
    paths: tuple[str, ...]  # those that a row wants beside it
    inner: str | None  # how the paths begin that go on from here; "" anew, as in a container
    both: str | None  # as inner, where a container is the beginning of a path, too


Hit = tuple[int, Wanted, Any]


def plain(path: str) -> str:
    """Return a path as all ways to write it come out: ``Status-Code``, ``status_code`` and ``statusCode`` alike."""
    return path if path.startswith("=") else path.lower().replace("_", "").replace("-", "").replace(".", "/")


class Names:
    """The wanted rows by path, and what has been learned of the names in documents."""

    def __init__(self, rows: Iterable[Wanted], containers: Iterable[str]) -> None:
        """Take rows in their order, with paths as the tables write them; ``=`` begins one that is a name as it is."""
        self._rows: dict[str, list[tuple[int, Wanted]]] = {}
        self._beside: set[str] = set()
        for place, row in enumerate(rows):
            self._rows.setdefault(plain(row.path), []).append((place, row))
            self._beside.add(plain(row.beside))
        paths = {*self._rows, *self._beside}
        self._begins = {path[: at + 1] for path in paths for at, char in enumerate(path) if char == "/"}
        self._containers = {plain(name) for name in containers}
        self._steps: dict[str, dict[str, _Step | None]] = {}

    def find(self, document: Document) -> tuple[list[Hit], set[str]]:
        """Return what a document has of all that is wanted, in the order of the rows, and the paths that others want beside."""
        found: list[Hit] = []
        beside: set[str] = set()
        self._gather(document, "", 0, 0, found, beside)
        found.sort(key=_BY_PLACE)
        return found, beside

    def goes_on(self, name: str) -> bool:
        """Tell whether something that is wanted may stand inside what a document has under a name."""
        steps = self._steps.setdefault("", {})
        step = steps[name] if name in steps else self._learn(steps, "", name)
        return step is not None and step.inner is not None

    def _gather(self, document: Document, begin: str, depth: int, level: int, found: list[Hit], beside: set[str]) -> None:
        if len(document) > WIDEST:
            return
        steps = self._steps.setdefault(begin, {})
        for name, value in document.items():
            try:
                step = steps[name]
            except KeyError:
                step = self._learn(steps, begin, name)
            if step is None:
                continue
            for place, row in step.ends:
                found.append((level + place, row, value))
            if step.paths:
                beside.update(step.paths)
            if step.inner is not None and depth < DEEPEST and (inner := _inner(value)):
                self._gather(inner, step.inner, depth + 1, level if step.inner else level + _A_LEVEL, found, beside)
                if step.both is not None:
                    self._gather(inner, step.both, depth + 1, level, found, beside)

    def _learn(self, steps: dict[str, _Step | None], begin: str, name: str) -> _Step | None:
        path = plain(name)
        while not begin and "/" in path and path.partition("/")[0] in self._containers:
            path = path.partition("/")[2]
        path = begin + path
        names = (path, f"={name}") if not begin else (path,)
        ends = tuple(row for each in names for row in self._rows.get(each, ()))
        paths = tuple(each for each in names if each in self._beside)
        goes_on = f"{path}/" if f"{path}/" in self._begins else None
        contains = not begin and path in self._containers
        step = None
        if ends or paths or goes_on or contains:
            step = _Step(ends, paths, "" if contains else goes_on, goes_on if contains else None)
        if len(steps) > _MOST_NAMES:
            steps.clear()
        steps[name] = step
        return step


def _inner(value: Any) -> Document | None:
    """Return the document inside a value: itself, the only one of a list, or OpenTelemetry's list of keys and values."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return None
    if "key" in value[0]:
        return {each["key"]: _bare(each.get("value")) for each in value if isinstance(each, dict) and _is_name(each.get("key"))}
    return value[0] if len(value) == 1 else None


def _is_name(value: Any) -> bool:
    return isinstance(value, str)


def _bare(value: Any) -> Any:
    """Return what OpenTelemetry wraps with its type: ``{"intValue": "200"}``."""
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value
