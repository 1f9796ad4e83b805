"""What config is written in: tables that allow nothing unknown, durations, names. Reads no file and no environment."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

CONFIG = "config"  # the type of errors whose message is already a sentence for people
_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)").fullmatch
_SPOKEN = re.compile(
    r"([0-9]{1,12}) *(?:(?P<ms>ms|msecs?|millis\w*)|(?P<s>s|secs?|seconds?)|(?P<m>m|mins?|minutes?)"
    r"|(?P<h>h|hrs?|hours?)|(?P<d>d|days?))",
    re.IGNORECASE,
).fullmatch
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}").fullmatch
_SHOWN_CHARS = 60
_USER = re.compile(r"((?:^|[a-z0-9+.-]*:?//))[^/\s]*@")
Item = TypeVar("Item")


class Table(BaseModel):
    """A table of a config file: frozen, and a setting that nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def refused(what: str) -> PydanticCustomError:
    """Return the error that says ``what``, as it is, of the setting being checked."""
    return PydanticCustomError(CONFIG, "{what}", {"what": what})


def shown(value: Any) -> str:
    """Return a value as a complaint quotes it: as TOML writes it, and short; what may be a password in a URL is left out."""
    if isinstance(value, str):
        value = _USER.sub(r"\1***@", value)
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= _SHOWN_CHARS else f'"{value[:_SHOWN_CHARS]}…"'
        case list() | tuple():
            return "a list"
        case dict():
            return "a table"
        case int() if value.bit_length() > 64:
            return "a number of many digits"  # int -> text is quadratic, and refused beyond 4,300 digits
    return str(value)


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is most like this one, None when none is like it."""
    by_folded = {other.casefold(): other for other in known}
    return next((by_folded[near] for near in get_close_matches(name.casefold(), by_folded, n=1)), None)


def unknown(kind: str, name: str, known: Collection[str], *, named: bool = True) -> str:
    """Return the complaint about a name that is not among those known: the nearest one, or all of them."""
    said = f"unknown {kind} {shown(name)}" if named else f"unknown {kind}"
    if near := nearest(name, known):
        return f'{said}; did you mean "{near}"?'
    return f"{said}; known: {', '.join(known) or 'none'}"


def one_of(kind: str, known: Collection[str]) -> AfterValidator:
    """Return a check that a text is one of those known."""

    def check(value: str) -> str:
        if value not in known:
            raise refused(unknown(kind, value, known))
        return value

    return AfterValidator(check)


def duration_ms(value: object) -> int:
    """Return the milliseconds of a duration such as ``90s``; raise with how to write it otherwise."""
    if isinstance(value, str) and (found := _DURATION(value)):
        return int(found[1]) * _UNITS_MS[found[2]]
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise refused(f'must be a duration with its unit (ms, s, m, h or d), such as "90s", not {shown(value)}')
    said = f'must be a duration such as "90s", "10m" or "7d", not {shown(value)}'
    if isinstance(value, str) and (spoken := _SPOKEN(value.strip())):
        said += f'; did you mean "{spoken[1]}{spoken.lastgroup}"?'
    raise refused(said)


def duration_text(ms: int) -> str:
    """Return milliseconds as config writes them, in the largest unit that divides them."""
    unit = next(unit for unit, size in _UNITS_MS.items() if ms % size == 0 and (ms or unit == "s"))
    return f"{ms // _UNITS_MS[unit]}{unit}"


def duration(least: str, most: str, step: str = "1ms") -> BeforeValidator:
    """Return the check of a duration within bounds, in whole steps; milliseconds come out."""
    least_ms, most_ms, step_ms = duration_ms(least), duration_ms(most), duration_ms(step)

    def check(value: object) -> int:
        ms = duration_ms(value)
        if not least_ms <= ms <= most_ms:
            raise refused(f"must be from {least} to {most}, not {shown(value)}")
        if ms % step_ms:
            near_ms = max(round(ms / step_ms) * step_ms, least_ms, step_ms)
            raise refused(f'must be a multiple of {step}, not {shown(value)}; did you mean "{duration_text(near_ms)}"?')
        return ms

    return BeforeValidator(check)


def _name(value: str) -> str:
    if not _NAME(value):
        raise refused(f'must be 1 to 100 letters, digits, ".", "_" or "-", not {shown(value)}')
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise refused("must not be empty")
    return value


def _some(items: tuple[Item, ...]) -> tuple[Item, ...]:
    if not items:
        raise refused("must not be an empty list")
    return items


# A name is part of keys such as watch/<rule>/<app> and of topics, so "/" and spaces cannot be in it.
Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, AfterValidator(_text)]
Some = Annotated[tuple[Item, ...], AfterValidator(_some)]
Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=1, le=1_000_000_000)]
