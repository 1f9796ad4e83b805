"""Where a PostgreSQL is: the URL in a secret, as people write it for many drivers. Never quotes it."""

import re
from collections.abc import Iterable, Mapping
from typing import Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from shippers.secrets import SecretError, secret

FORM = "postgres://USER:PASSWORD@HOST:PORT/NAME"
HIDDEN = "***"
_SCHEME = re.compile(r"postgres(?:ql)?(?:\+[a-z0-9]+)?").fullmatch  # SQLAlchemy adds its driver
# What asyncpg and PostgreSQL know. Prisma and others have parameters of their own there, which a server would refuse.
_KNOWN = re.compile(
    r"host|port|user|password|passfile|dbname|options|target_session_attrs"
    r"|ssl(?:mode|negotiation|rootcert|cert|key|password|crl)|ssl_(?:min|max)_protocol_version"
).fullmatch


class Address:
    """A URL that asyncpg takes, and what of it nobody may see: no struct, which would show both."""

    def __init__(self, dsn: str, passwords: Iterable[str]) -> None:
        """``passwords``: as they stand in the URL."""
        self.dsn = dsn
        hidden = {word for password in passwords for word in (password, unquote(password)) if word}
        self._hidden = sorted(hidden, key=len, reverse=True)

    @classmethod
    def read(cls, variable: str, environ: Mapping[str, str], where: str) -> Self:
        """Read a secret; SecretError, which says ``where`` it is needed, if it is missing or no address."""
        found = secret(variable, environ)
        if found is None:
            raise SecretError(f"{where}: set {variable} or {variable}_FILE to {FORM}")
        try:
            parts = urlsplit(found.get_secret_value())
            port, given = parts.port, parse_qsl(parts.query)
        except ValueError:  # its message would quote the secret
            parts, port, given = urlsplit(""), 0, []
        if not _SCHEME(parts.scheme) or port == 0:
            raise SecretError(f"{where}: {variable} must be {FORM}, and is something else")
        kept = urlencode([(name, value) for name, value in given if _KNOWN(name)])
        passwords = (parts.password or "", *(value for name, value in given if name in {"password", "sslpassword"}))
        return cls(parts._replace(scheme="postgresql", query=kept).geturl(), passwords)

    def hide(self, text: str) -> str:
        """Return a text without the password, should somebody have quoted it."""
        for word in self._hidden:
            text = text.replace(word, HIDDEN)
        return text
