"""The secrets of the stream: which variables hold them. Never prints one."""

from collections.abc import Mapping

from pydantic import SecretStr

from shippers.fly_api.tokens import fly_token
from shippers.secrets import secret

VARIABLES = ("FLY_ACCESS_TOKEN", "FLY_API_TOKEN")  # fly-log-shipper's users have the first


def password(environ: Mapping[str, str]) -> SecretStr | None:
    """Return the token with which the stream is listened to, None if there is none."""
    return next((found for name in VARIABLES if (found := secret(name, environ)) is not None), None)


def api_token(environ: Mapping[str, str]) -> SecretStr | None:
    """Return the token for the logs API, None if there is none."""
    return fly_token(environ)
