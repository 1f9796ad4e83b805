"""What went wrong with a PostgreSQL: of which kind it is, and how it is mended. Opens nothing."""

import errno
from typing import NamedTuple

import asyncpg

from shippers.probes.failures import Failure, of_error, why

FULL = "the server has no connection left"
# As poolers say it, who do not use the SQLSTATE.
_FULL_WORDS = ("max clients", "max client connections", "no more connections allowed", "too many clients")
_PLAIN = ("no encryption", "ssl off", "ssl is required", "ssl connection is required", "rejected ssl upgrade")

# By the class or the whole of SQLSTATE, the whole one first.
_OF_STATE = {
    "28P01": (Failure.AUTH, "the password is wrong: check the secret"),
    "3D000": (Failure.NOT_FOUND, "there is no such database: check the name at the end of the URL"),
    "42501": (Failure.AUTH, "GRANT pg_monitor TO the role"),
    "57014": (Failure.TIMEOUT, "the server gave a question up at statement_timeout"),
    "57P03": (Failure.UNAVAILABLE, "it is starting up, or shutting down"),
    "28": (Failure.AUTH, "check the role, and who may come in (pg_hba.conf)"),
    "53": (Failure.UNAVAILABLE, "it has run out of memory, disk or connections"),
    "55": (Failure.UNAVAILABLE, "it is not set up for this"),
    "57": (Failure.UNAVAILABLE, "it ended the connection"),
    "08": (Failure.UNREACHABLE, "the connection broke"),
}
_OF_NETWORK = {
    Failure.REFUSED: "nothing listens there: check host and port",
    Failure.DNS: "there is no host of that name",
    Failure.TLS: "its certificate does not verify (sslmode, sslrootcert in the URL)",
}


class Trouble(NamedTuple):
    """What is told of an error; ``full``: it says that the pool is used up."""

    failure: Failure
    detail: str
    full: bool = False


def trouble(error: BaseException) -> Trouble:
    """Return what to say of an error of a connection or a question. No message of the server or of asyncpg names a password."""
    said = why(error)
    words = said.casefold()
    if getattr(error, "sqlstate", None) == "53300" or any(word in words for word in _FULL_WORDS):
        return Trouble(Failure.UNAVAILABLE, f"{FULL}: {said}", full=True)
    if any(word in words for word in _PLAIN):
        return Trouble(Failure.TLS, f"one side wants TLS, the other does not (sslmode in the URL): {said}")
    if isinstance(error, asyncpg.PostgresConnectionError | ConnectionError) and not isinstance(error, ConnectionRefusedError):
        return Trouble(Failure.UNREACHABLE, f"the connection broke: {said}")
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        failure, mend = _OF_STATE.get(state) or _OF_STATE.get(state[:2]) or (Failure.BAD_ANSWER, "the server says")
        return Trouble(failure, f"{mend}: {said}")
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return Trouble(Failure.BAD_ANSWER, f"no PostgreSQL seems to answer there: {said}")
    return _of_network(error, said)


def _of_network(error: BaseException, said: str) -> Trouble:
    failure = of_error(error)
    if f"Errno {errno.ECONNREFUSED}]" in said:  # all of several addresses refused
        failure = Failure.REFUSED
    return Trouble(failure, ": ".join(filter(None, (_OF_NETWORK.get(failure), said))))


def is_of_the_connection(error: BaseException) -> bool:
    """Whether it makes no sense to ask on: else the error is that of one question alone."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state[:2] in {"08", "53", "57"} and state != "57014"
    return True
