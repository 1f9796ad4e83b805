"""Reads the values of a document's fields. Total: what is none of the kind gives None. Knows no name and no notation."""

from collections.abc import Callable
from typing import Any

from streams.core import regex
from streams.core.parsing.stamps import any_ms

Read = Callable[[Any], Any]

_METHOD = regex.compiled(r"[A-Z][A-Z-]{1,19}").fullmatch
# hapi writes methods in small letters.
CAPITALS = {each: each.upper() for each in ("get", "head", "post", "put", "delete", "patch", "options", "trace", "connect")}
_STATUS = regex.compiled(r"([0-9]{1,3}|-1)(?: [A-Za-z][A-Za-z' -]{1,40})?+").fullmatch
_FULL_URL = regex.compiled(r"(?:https?|wss?)://[^/?#\n]*+").match
_ADDRESS = regex.compiled(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?=[^:]*+:[^:]*+:)[0-9A-Fa-f:]{2,39}(?:[0-9.]{7,15})?+").fullmatch
_PEER = regex.compiled(r"[^: ]++:[0-9]++").fullmatch
_LISTENING = ("0.0.0.0", "::")  # noqa: S104 (read, not bound)
_PRECISE = regex.compiled(r"[0-9]{1,6}\.[0-9]{6}").fullmatch
EARLIEST_S = 1e8  # in 1973: a smaller number under the name of a time says how long something took
MOST_CLIENT_CHARS, NOBODY = 200, frozenset(("", "-", "unknown"))


def whole(value: Any) -> Any:
    """Return the seconds of a duration in parts, as Google's and Rust's notations have it; else the value."""
    if not isinstance(value, dict):
        return value
    seconds = _seconds(value.get("seconds", value.get("secs", 0)), value.get("nanos", 0))
    return None if seconds is None else f"{seconds}s"


def precise(value: Any) -> str | None:
    """Return a number written as a text with six decimals, as programs print seconds with all microseconds."""
    return value if isinstance(value, str) and _PRECISE(value) else None


def _seconds(whole: Any, nanos: Any) -> str | None:
    whole, nanos = str(whole), str(nanos)
    digits = whole.isdecimal() and whole.isascii() and nanos.isdecimal() and nanos.isascii()
    return f"{whole}.{nanos:>09}" if digits and len(whole) <= 12 and len(nanos) <= 9 else None


def text(value: Any) -> str | None:
    """Return a text that says something."""
    return value if isinstance(value, str) and value else None


def method(value: Any) -> str | None:
    """Return a method of HTTP, in capitals."""
    if not isinstance(value, str):
        return None
    return value if _METHOD(value) else CAPITALS.get(value)


def target(value: Any) -> str | None:
    """Return a target; of a full URL what the server was asked for."""
    if not isinstance(value, str) or not value or ("::" in value and "/" not in value):
        return None  # a module of Rust's, a class of Ruby's
    host = _FULL_URL(value)
    if host is None:
        return value
    rest = value[host.end() :]
    return rest if rest.startswith("/") else f"/{rest}"


def elsewhere(value: Any) -> str | None:
    """Return a whole URL."""
    return value if isinstance(value, str) and _FULL_URL(value) else None


def located(value: Any) -> str | None:
    """Return a target that is surely one: a path, a URL, ``*``, or a host and its port."""
    found = target(value)
    return found if found is not None and ("/" in value or value == "*" or _PEER(value)) else None


def path(value: Any) -> str | None:
    """Return a path without blanks."""
    return value if isinstance(value, str) and value.startswith("/") and " " not in value else None


def query(value: Any) -> str | None:
    """Return a query with its mark."""
    return value if isinstance(value, str) and value.startswith("?") else None


def status(value: Any) -> str | None:
    """Return a status as text, of a number or of a text with words behind it."""
    if isinstance(value, int | float) and not isinstance(value, bool) and -1 <= value < 1_000:
        return str(int(value))
    found = _STATUS(value) if isinstance(value, str) else None
    return found and found[1]


def client(value: Any) -> str | None:
    """Return the first address of a list, without port and brackets."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str):
        return None
    first = value[:MOST_CLIENT_CHARS].partition(",")[0].strip()
    if first.startswith("["):
        first = first[1:].partition("]")[0]  # [2001:db8::1]:4711
    elif first.count(":") == 1:
        first = first.partition(":")[0]  # 203.0.113.9:4711
    return first if first not in NOBODY else None


def address(value: Any) -> str | None:
    """Return a client that is an address of the internet: no street, no host's name, not what a server listens on."""
    found = client(value) if isinstance(value, str) else None
    return found if found is not None and _ADDRESS(found) and found not in _LISTENING else None


def agent(value: Any) -> str | None:
    """Return a client's own name."""
    return text(value[0] if isinstance(value, list) and value else value)


def stamp(value: Any) -> str | float | None:
    """Return a stamp as it is written, if it is one."""
    if isinstance(value, str):
        value = value.strip("[]")
    elif isinstance(value, dict):
        value = _seconds(value.get("epochSecond"), value.get("nanoOfSecond", 0))
    if not isinstance(value, str | int | float) or isinstance(value, bool) or not value:
        return None
    at_ms = any_ms(value)
    told = at_ms is not None and (at_ms >= EARLIEST_S * 1e3 or (isinstance(value, str) and "-" in value))
    return value if told else None


def matching(pattern: str) -> Read:
    """Return what reads texts that a pattern fits."""
    matches = regex.compiled(pattern).fullmatch
    return lambda value: value if isinstance(value, str) and len(value) <= MOST_CLIENT_CHARS and matches(value) else None
