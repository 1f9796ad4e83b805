"""Why a measurement failed, or what it found wrong: a closed list, and what of aiohttp is which. Knows no single probe."""

import errno
import socket
import ssl
from enum import StrEnum

import aiohttp


class Failure(StrEnum):
    """The ``error`` of a probe's line: closed, and every member is counted."""

    TIMEOUT = "timeout"
    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"  # no route, or the connection broke
    TLS = "tls"
    AUTH = "auth"  # a wrong secret, or one that may not do this
    NOT_FOUND = "not_found"  # there is no such app, database ...
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"  # it says itself that it cannot: 5xx, starting up, too many connections
    BAD_QUERY = "bad_query"
    BAD_ANSWER = "bad_answer"  # not what was agreed: garbage, too long
    STATUS = "status"  # an app's health check has another status
    HEADER = "header"  # ... or header
    BODY = "body"  # ... or body
    STATE = "state"  # a machine is in a state that it should not be in
    CHECK = "check"  # a machine's own check fails
    EXIT = "exit"  # a machine ended by itself, and not well
    OOM = "oom"  # ... for want of memory
    BUG = "bug"  # ours to mend: says nothing of the app


# The first kind of error that fits; what is special stands before what it is a kind of.
_OF_ERRORS: tuple[tuple[type[BaseException], Failure], ...] = (
    (TimeoutError, Failure.TIMEOUT),
    (aiohttp.ClientConnectorDNSError, Failure.DNS),
    (socket.gaierror, Failure.DNS),
    (ssl.SSLError, Failure.TLS),
    (ssl.CertificateError, Failure.TLS),
    (ConnectionRefusedError, Failure.REFUSED),
    (aiohttp.InvalidURL, Failure.BAD_ANSWER),  # of a redirect; our own URLs are checked when they are read
    (aiohttp.ClientResponseError, Failure.BAD_ANSWER),  # no HTTP, or redirected for ever
    (aiohttp.ClientPayloadError, Failure.BAD_ANSWER),
    (OSError, Failure.UNREACHABLE),
    (aiohttp.ServerDisconnectedError, Failure.UNREACHABLE),
)
# What an API's status says of our asking: the first bound that the status reaches.
_OF_STATUS: tuple[tuple[int, int, Failure], ...] = (
    (400, 400, Failure.BAD_QUERY),
    (401, 403, Failure.AUTH),
    (404, 404, Failure.NOT_FOUND),
    (422, 422, Failure.BAD_QUERY),
    (429, 429, Failure.RATE_LIMITED),
    (500, 599, Failure.UNAVAILABLE),
)
ERRORS = (OSError, aiohttp.ClientError)  # what asking by HTTP may raise; a TimeoutError is an OSError


def of_error(error: BaseException) -> Failure:
    """Return what kind of failure an error of the network, or of HTTP, is."""
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno == errno.ECONNREFUSED:
        return Failure.REFUSED
    return next((failure for kind, failure in _OF_ERRORS if isinstance(error, kind)), Failure.BAD_ANSWER)


def of_status(status: int) -> Failure:
    """Return what an API's answer that is no 200 says."""
    return next((failure for least, most, failure in _OF_STATUS if least <= status <= most), Failure.BAD_ANSWER)


def why(error: BaseException) -> str:
    """Return what an error says, without what people cannot use; its name where it says nothing."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        inner = error.certificate_error
        return str(getattr(inner, "verify_message", "")) or str(inner)
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.TooManyRedirects):
        return "redirects without end"
    if isinstance(error, aiohttp.ClientResponseError):  # whose text has the URL, in which a token may stand
        return error.message
    if isinstance(error, aiohttp.InvalidURL):
        return "redirects to what is no URL"
    return str(error) or type(error).__name__
