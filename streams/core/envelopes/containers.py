"""What engines and process managers put before a line of text: CRI, docker, compose, kubectl, PM2. Knows no others."""

from streams.core import regex
from streams.core.envelopes.stamps import any_utc
from streams.core.values import Line

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
CRI = regex.compiled(rf"({_DATE}\.[0-9]{{1,9}}{_ZONE}) (stdout|stderr) ([FP])(?::[^ \n]{{0,40}})? ?").match  # and podman's
# docker and kubectl print nine digits, GitHub's runners seven; the stamps of apps have three or six.
_STAMPED = regex.compiled(rf"({_DATE}\.(?:[0-9]{{9}}|[0-9]{{7}})Z) ").match
_COMPOSE = regex.compiled(
    r"(?:[0-9]{2}:[0-9]{2}:[0-9]{2} |[0-9]{1,4}\|)?"  # foreman's clock, PM2's number
    r"(?!(?i:trace|debug|verbose|info|notice|log|http|success"  # an app's own columns
    r"|warn|warning|err|error|crit|critical|alert|panic|fatal) )"
    r"([A-Za-z0-9][A-Za-z0-9_.@-]{0,62}) {1,40}\| "
).match
BAR, _HEAD_CHARS = " | ", 110
_KUBECTL = regex.compiled(r"\[pod/([^/\]\n]{1,100})/([^/\]\n]{1,100})\] ").match


def may_be_named(text: str) -> bool:
    """Tell by a cheap look whether the name of a container or process may stand before a line, and a bar."""
    return BAR in text[:_HEAD_CHARS]


def from_stamped(text: str, app: str, instance: str) -> Line | None:
    """Read a line that an engine stamped."""
    head = CRI(text) or _STAMPED(text)
    return None if head is None else Line(text[head.end() :], any_utc(head[1]), app, instance)


def from_compose(text: str, app: str, instance: str) -> Line | None:
    """Read a line behind the name of its container or process, and a bar."""
    head = _COMPOSE(text)
    return None if head is None else Line(text[head.end() :], None, app, head[1] or instance)


def unnamed(text: str) -> str:
    """Return a line without the name of its process: overmind and foreman write it inside any envelope."""
    head = _COMPOSE(text) if may_be_named(text) else None
    return text if head is None else text[head.end() :]


def from_kubectl(text: str, app: str, _: str) -> Line | None:
    """Read a line that ``kubectl logs --prefix`` prints."""
    head = _KUBECTL(text)
    return None if head is None else Line(text[head.end() :], None, app or head[2], head[1])
