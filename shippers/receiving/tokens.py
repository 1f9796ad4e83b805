"""Who may send: tokens from secrets, compared in constant time. Knows no request but its two headers."""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from shippers.receiving.table import Receive
from shippers.secrets import SecretError, secret

VARIABLE = "FLYSHIP_RECEIVE_TOKEN"


class Tokens:
    """The tokens and the app that each stands for; without any everyone may send."""

    def __init__(self, tokens: Sequence[tuple[SecretStr, str]]) -> None:
        """Each with its app, "" where it stands for none."""
        self._tokens = tuple(tokens)

    @classmethod
    def read(cls, table: Receive, environ: Mapping[str, str]) -> "Tokens":
        """Read the secrets; SecretError if one is missing, or if none is there although others can reach us."""
        found: list[tuple[SecretStr, str]] = []
        for app, name in table.tokens.items():
            token = secret(name, environ)
            if token is None:
                raise SecretError(f"[receive] tokens.{app}: set {name} or {name}_FILE")
            found.append((token, app))
        if (token := secret(VARIABLE, environ)) is not None:
            found.append((token, ""))
        if not found and not table.is_private:
            raise SecretError(
                f"[receive] listens on {table.listen}, where others reach it: set {VARIABLE}, or listen on 127.0.0.1"
            )
        return cls(found)

    def app_of(self, authorization: str, header: str) -> str | None:
        """Return the app of the token that was sent, "" where it stands for none; None: no such token."""
        if not self._tokens:
            return ""
        offered = [word.encode("utf-8", "surrogateescape") for word in (*_offered(authorization), header) if word]
        app: str | None = None
        for token, of in self._tokens:  # all of them, always: how long it takes says nothing
            right = token.get_secret_value().encode("utf-8", "surrogateescape")
            for word in offered:
                if hmac.compare_digest(word, right):
                    app = of
        return app


def _offered(authorization: str) -> list[str]:
    scheme, _, rest = authorization.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return [rest]
    if scheme.lower() != "basic":
        return []
    try:
        user, _, password = base64.b64decode(rest, validate=True).decode("utf-8", "surrogateescape").partition(":")
    except (binascii.Error, ValueError):
        return []
    return [password or user]  # a drain's URL holds the token as the password, or alone
