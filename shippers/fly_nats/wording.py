"""What can go wrong with the stream, in words: the kind that is counted, and what to do. Knows no socket."""

import os

import nats.errors
from msgspec import Struct


class Failure(Struct, frozen=True):
    """A kind out of a closed list, and a text for people that never holds a secret."""

    kind: str
    text: str


DEAD = Failure("dead_peer", "the server answers no more")
MISSING = Failure("auth", "the token is missing: set FLY_ACCESS_TOKEN")  # the server says no more than "authorization"
_REFUSED = (  # what the server says, in small letters -> kind, what to do
    ("authorization", "auth", 'the token or the organisation "{org}" is wrong: check FLY_ACCESS_TOKEN, and org in [nats]'),
    ("authentication", "auth", "the token is not valid any more: set FLY_ACCESS_TOKEN to a new one"),
    ("permissions", "denied", 'the token may not listen to a subject: {said}; it must be one of the organisation "{org}"'),
    ("maximum", "refused", "the server refuses: {said}"),
)
_KINDS: tuple[tuple[type[Exception], str, str], ...] = (  # the first that fits
    (nats.errors.SlowConsumerError, "slow_consumer", "more came than could be taken"),
    (nats.errors.UnexpectedEOF, "disconnected", "the server hung up"),
    (nats.errors.StaleConnectionError, DEAD.kind, DEAD.text),
    (TimeoutError, "timeout", "no answer in time; only machines in the organisation's private network reach it"),
    (nats.errors.TimeoutError, "timeout", "no answer in time"),
    (nats.errors.NoServersError, "unreachable", "cannot be reached"),
    (ConnectionRefusedError, "unreachable", "nobody listens there"),
    (ConnectionError, "disconnected", "the connection broke"),
    (OSError, "unreachable", "cannot be reached: {said}; only machines in the organisation's private network reach it"),
)


def refused(why: Failure, *, has_token: bool) -> Failure:
    """Return why a server has refused, for whoever knows whether a token was sent: without one that is why."""
    return MISSING if why.kind == MISSING.kind and not has_token else why


def failure(error: Exception, org: str) -> Failure:
    """Return what an error of nats-py means."""
    said = " ".join(str(error).removeprefix("nats:").split())[:200]
    for word, kind, text in _REFUSED:
        if word in said.lower():
            return Failure(kind, text.format(org=org, said=said))
    if isinstance(error, OSError) and error.errno:
        said = os.strerror(error.errno) if error.errno > 0 else error.strerror or said  # a name's has its own words
    for of, kind, text in _KINDS:
        if isinstance(error, of):
            return Failure(kind, text.format(said=said))
    return Failure("protocol", f"what it says is not NATS: {said or type(error).__name__}")
