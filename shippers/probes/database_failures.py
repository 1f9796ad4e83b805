"""What went wrong with a PostgreSQL: of which kind it is, and how it is mended. Opens nothing."""

import errno
from typing import NamedTuple

import asyncpg

from shippers.probes.failures import Failure, of_error, why

ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)  # a TimeoutError is an OSError
FULL = "there is no connection left"
_FULL_STATE = "53300"
_FULL_WORDS = ("max clients", "max client connections", "no more connections allowed", "too many clients")  # poolers' own
_TLS = "one side wants TLS, the other does not (sslmode in the URL)"

# By what is said, as there is no other sign.
_OF_WORDS = (
    ("no encryption", Failure.TLS, _TLS),
    ("ssl off", Failure.TLS, _TLS),
    ("ssl connection is required", Failure.TLS, _TLS),
    ("rejected ssl upgrade", Failure.TLS, _TLS),
    (
        f"errno {errno.ECONNREFUSED}]",
        Failure.REFUSED,
        "nothing listens there: check host and port",
    ),  # of several addresses, too
)
# By the class or the whole of SQLSTATE, the whole one first.
_OF_STATE = {
    "28P01": (Failure.AUTH, "the password is wrong: check the secret"),
    "3D000": (Failure.NOT_FOUND, "there is no such database: check the name at the end of the URL"),
    "42501": (Failure.AUTH, "GRANT pg_monitor TO the role"),
    "57014": (Failure.TIMEOUT, "the server gave it up at statement_timeout"),
    "57P03": (Failure.UNAVAILABLE, "it is starting up, or shutting down"),
    "08": (Failure.UNREACHABLE, "the connection broke"),
    "28": (Failure.AUTH, "check the role, and who may come in (pg_hba.conf)"),
    "53": (Failure.UNAVAILABLE, "it has run out of memory, disk or connections"),
    "55": (Failure.UNAVAILABLE, "it is not set up for this"),
    "57": (Failure.UNAVAILABLE, "it ended the connection"),
}
_OF_KIND: tuple[tuple[type[BaseException], Failure, str], ...] = (
    (asyncpg.ClientConfigurationError, Failure.BAD_QUERY, "the URL cannot be used"),  # a kind of InterfaceError
    (asyncpg.InterfaceError, Failure.BAD_ANSWER, "no PostgreSQL seems to answer there"),
    (asyncpg.InternalClientError, Failure.BAD_ANSWER, "no PostgreSQL seems to answer there"),
    (FileNotFoundError, Failure.BAD_QUERY, "a file that the URL names is not there"),
    (ConnectionError, Failure.UNREACHABLE, "the connection broke"),
)
_OF_NETWORK = {
    Failure.DNS: "there is no host of that name",
    Failure.TLS: "its certificate does not verify (sslmode, sslrootcert in the URL)",
}


class Trouble(NamedTuple):
    """What is told of an error; ``full``: it says that the pool is used up."""

    failure: Failure
    detail: str
    full: bool


def trouble(error: BaseException) -> Trouble:
    """Return what to say of an error of a connection or a question."""
    said = why(error)
    words = said.casefold()
    full = getattr(error, "sqlstate", None) == _FULL_STATE or any(word in words for word in _FULL_WORDS)
    failure, mend = (Failure.UNAVAILABLE, FULL) if full else _kind(error, words)
    return Trouble(failure, f"{mend}: {said}" if mend else said, full)


def is_of_the_connection(error: asyncpg.PostgresError) -> bool:
    """Whether it makes no sense to ask on: else the error is that of one question alone."""
    state = error.sqlstate or ""
    return state[:2] in {"08", "53", "57"} and state != "57014"


def _kind(error: BaseException, words: str) -> tuple[Failure, str]:
    by_words = ((failure, mend) for word, failure, mend in _OF_WORDS if word in words)
    by_kind = ((failure, mend) for kind, failure, mend in _OF_KIND if isinstance(error, kind))
    if found := next(by_words, None) or _state(error) or next(by_kind, None):
        return found
    failure = of_error(error)
    return failure, _OF_NETWORK.get(failure, "")


def _state(error: BaseException) -> tuple[Failure, str] | None:
    if not isinstance(error, asyncpg.PostgresError):
        return None
    state = error.sqlstate or ""
    return _OF_STATE.get(state) or _OF_STATE.get(state[:2]) or (Failure.BAD_ANSWER, "the server says")
