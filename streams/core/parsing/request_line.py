"""Splits the request line of HTTP as servers log it. Knows no format."""

from streams.core import regex

# A target may hold blanks: Apache and node log it as it came. HTTP/0.9 has no protocol at the end.
_FULL = regex.compiled(r"([A-Za-z][A-Za-z_-]{0,23}) ++([^ \n][^\n]*) HTTP/[0-9.]{1,4} *+").fullmatch
_BARE = regex.compiled(r"([A-Z]{3,20}) (/[^ \n]*+)").fullmatch
_ORIGIN = regex.compiled(r"(?:https?|wss?)://[^/?#\n]*+").match


def split(text: str) -> tuple[str | None, str | None]:
    """Return (method, target), or (None, None) when this is no request line: bytes of another protocol, an attack."""
    found = (_FULL(text) if " HTTP/" in text else None) or _BARE(text)
    return (found[1], found[2]) if found else (None, None)


def path_of(target: str | None) -> str | None:
    """Return the path and query of a target for servers that log the whole URL of what they were asked for."""
    if target is None or (origin := _ORIGIN(target)) is None:
        return target
    rest = target[origin.end() :]
    return rest if rest.startswith("/") else f"/{rest}"
