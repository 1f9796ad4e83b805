"""Patterns of config/flywatch.toml: of requests (named groups -> a Format), services and masks. Reads no file.

RE2 takes time linear in the line whatever the pattern, so that no user can write one that stops a worker.
"""

from typing import Any

from streams.config_model import refused, unknown
from streams.config_patterns import compiled
from streams.core.parsing.format import Fields, Format, Row
from streams.core.parsing.stamps import any_ms

GROUPS = ("client_ip", "method", "target", "status", "duration", "stamp", "agent")
UNITS_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
PREFIX = "custom:"


MASK = "***"


class Search:
    """Looks for a pattern anywhere in a text. Can be sent to another process."""

    __slots__ = ("_found", "text")

    def __init__(self, text: str) -> None:
        """Compile; what is found everywhere is refused."""
        found = compiled(text, groups=False)
        if found.search("") is not None:
            raise refused("matches a text of nothing, so it would be found everywhere")
        self.text, self._found = text, found

    def __call__(self, text: str) -> bool:
        """Tell whether the pattern is in a text."""
        return self._found.search(text) is not None

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Travel as text: a compiled pattern cannot."""
        return type(self), (self.text,)


class Replaced(Search):
    """Takes what a pattern finds out of a text."""

    __slots__ = ()

    def __call__(self, text: str) -> str:  # type: ignore[override]  # another question to the same pattern
        """Return a text with the mask in place of all that is found."""
        found: str = self._found.sub(MASK, text)
        return found


class Pattern:
    """Matches whole messages. Can be sent to another process."""

    __slots__ = ("_found", "_groups", "text")

    def __init__(self, text: str) -> None:
        """Compile; a ``refused`` error says what is wrong with the pattern."""
        found = compiled(text)
        for name in found.groupindex:
            if name not in GROUPS:
                raise refused(unknown("group", name, GROUPS))
        if not {"target", "status"} & set(found.groupindex):
            raise refused("needs a group of the target or of the status, such as (?P<status>[0-9]{3})")
        self.text = text
        self._found = found.fullmatch
        self._groups = tuple(found.groupindex.get(name, 0) for name in GROUPS)

    def __call__(self, text: str) -> Row | None:
        """Return the row of a message that is all of the pattern."""
        found = self._found(text)
        if found is None:
            return None
        ip, method, target, status, duration, stamp, agent = [found[group] if group else None for group in self._groups]
        return Fields(ip, method, target, status, duration, stamp, agent)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Travel as text: a compiled pattern cannot."""
        return Pattern, (self.text,)

    @property
    def has_duration(self) -> bool:
        """Whether the pattern reads a duration, which needs a unit."""
        return bool(self._groups[GROUPS.index("duration")])


def request_format(name: str, pattern: Pattern, unit: str | None) -> Format:
    """Return the format of a pattern."""
    return Format(
        f"{PREFIX}{name}", pattern, "after all others: the user's own", 0.0 if unit is None else UNITS_MS[unit], stamp_ms=any_ms
    )
