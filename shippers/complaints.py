"""What aiokafka complains about, as a sentence that says what to do. Pure: knows no client and no broker."""

import ssl
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from streams.config_access import PASSWORD, PREFIX, Access

NAME_MISMATCH = 62  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH
# What only follows from the complaint before it.
ECHOES = (
    "Unable to update metadata",
    "Got error produce response",
    "Unable connect to node with id",
    "Cannot send <class",
    "Sending username and password",
)
# aiokafka takes the refusal of a token for a login, and then wonders at the silence.
TOKEN_REFUSED = ("No broker metadata", "Unable to request metadata from node with id bootstrap")


class Complaint(Struct, frozen=True):
    """A sentence, and whether waiting would be in vain: somebody has to change a setting."""

    text: str
    final: bool


class _Case(Struct, frozen=True):
    applies: Callable[[str, Any, Access], bool]
    text: str
    final: bool
    guess: bool = False  # from a connection that was hung up, which says nothing of a broker that let us in before


def _is(name: str) -> Callable[[str, Any, Access], bool]:
    return lambda _message, error, _access: type(error).__name__ == name


def _hung_up(message: str, error: Any, _access: Access) -> bool:
    return isinstance(error, ConnectionResetError | BrokenPipeError) or message.endswith(" closed")


_CASES = (
    _Case(
        lambda _, error, __: isinstance(error, ssl.SSLCertVerificationError) and error.verify_code == NAME_MISMATCH,
        "its certificate is not for that name: {error.verify_message}; use a name that stands in it",
        True,
    ),
    _Case(
        lambda _, error, __: isinstance(error, ssl.SSLCertVerificationError),
        f"its certificate is not trusted ({{error.verify_message}}): set {PREFIX}CA_FILE to its authority's certificate",
        True,
    ),
    _Case(
        _is("SaslAuthenticationFailed"),
        f"it refuses the login of {{access.username}}: check {PREFIX}USERNAME, {PASSWORD} and {PREFIX}SASL_MECHANISM",
        True,
    ),
    _Case(
        _is("UnsupportedSaslMechanismError"),
        f"it does not know sasl_mechanism {{access.sasl_mechanism}}: set {PREFIX}SASL_MECHANISM to one that it does",
        True,
    ),
    _Case(
        _is("IllegalSaslStateError"),
        f"nobody logs in at that port: set {PREFIX}SECURITY to ssl or plaintext, or take the port for SASL",
        True,
    ),
    _Case(
        lambda message, _, access: access.sasl_mechanism == "OAUTHBEARER" and message.startswith(TOKEN_REFUSED),
        "it refuses the token: it may have expired, or be for somebody else",
        False,
    ),
    _Case(
        lambda _, error, access: access.is_tls and isinstance(error, ssl.SSLError),
        f"TLS fails ({{error.reason}}): does that port speak TLS at all? {PREFIX}SECURITY is {{access.security}}",
        False,
    ),
    _Case(
        lambda _, error, access: access.is_tls and isinstance(error, ConnectionResetError),
        f"it hangs up on TLS: that port may speak plaintext; {PREFIX}SECURITY is {{access.security}}",
        final=False,
        guess=True,
    ),
    _Case(
        lambda message, error, access: access.security == "ssl" and _hung_up(message, error, access),
        f"it hangs up after TLS: it may want a login ({PREFIX}SECURITY=sasl_ssl) or a certificate ({PREFIX}CERT_FILE)",
        final=False,
        guess=True,
    ),
    _Case(
        lambda message, error, access: not access.is_tls and _hung_up(message, error, access),
        f"it hangs up: that port may speak TLS or want a login; {PREFIX}SECURITY is {{access.security}}",
        final=False,
        guess=True,
    ),
)


def complaint(message: str, error: BaseException | None, access: Access, *, was_in: bool) -> Complaint | None:
    """Return what a log message of aiokafka's means, with the error that came with it; None: nothing new.

    ``was_in``: this broker has let us in before, so that a connection it hangs up is no question of settings.
    """
    if message.startswith(ECHOES):
        return None
    cases = (case for case in _CASES if not (was_in and case.guess))
    case = next((case for case in cases if case.applies(message, error, access)), None)
    if case is None:
        return Complaint(message, final=False)
    return Complaint(case.text.format(error=error, access=access), case.final)
