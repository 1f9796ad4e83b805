"""Fly's access tokens: where they are kept, and the header they go in. Never prints one."""

import re
from collections.abc import Mapping

from pydantic import SecretStr

from shippers.secrets import SecretError, secret

VARIABLES = ("FLY_API_TOKEN", "FLY_ACCESS_TOKEN")  # flyctl knows both; the first that is set counts
_SCHEME = re.compile(r"\s*(?:(?:bearer|flyv1)\s+)*", re.IGNORECASE).match
_MACAROON = re.compile(r"fm[12][a-z]?_")  # such parts, joined by commas, are read by scheme FlyV1 alone


def fly_token(environ: Mapping[str, str]) -> SecretStr | None:
    """Return the token of the environment, None if there is none; SecretError if it cannot be read or sent."""
    for name in VARIABLES:
        if (found := secret(name, environ)) is not None:
            if not authorization(found).isascii() or not authorization(found).isprintable():
                raise SecretError(f"{name}: holds line ends or signs that no token of Fly has: set it to one token alone")
            return found
    return None


def authorization(token: SecretStr) -> str:
    """Return the header's value: ``FlyV1`` for tokens that begin so or are macaroons, ``Bearer`` for all others."""
    whole = token.get_secret_value()
    found = _SCHEME(whole)
    scheme, bare = (found[0], whole[found.end() :]) if found else ("", whole)
    is_fly = "flyv1" in scheme.lower() or any(_MACAROON.match(part.strip()) for part in bare.split(","))
    return f"{'FlyV1' if is_fly else 'Bearer'} {bare}"
