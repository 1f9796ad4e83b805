"""What aiokafka's clients are told so that they get into Kafka: opens the certificates and the secrets. Knows no topic."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streams.config_access import CLIENT_SECRET, KEY_PASSWORD, PASSWORD, Access
from streams.config_errors import ConfigError
from streams.config_secrets import SecretError, secret


def options(access: Access, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return keyword arguments for a producer, a consumer or an admin; none for plaintext.

    Raises ConfigError where a file or a secret is missing or of no use. The secrets are read again at each call.
    """
    found: dict[str, Any] = {}
    if access.security != "plaintext":
        found["security_protocol"] = access.security.upper()
    if access.is_tls:
        found["ssl_context"] = tls(access, environ)
    if access.is_sasl:
        found["sasl_mechanism"] = access.sasl_mechanism
        found |= _token(access, environ) if access.sasl_mechanism == "OAUTHBEARER" else _password(access, environ)
    return found


def tls(access: Access, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return the TLS side; a broker's name and certificate are always checked."""
    try:
        context = ssl.create_default_context(cafile=access.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise _unusable("ca_file", access.ca_file, error) from None
    if access.cert_file is None or access.key_file is None:
        return context
    for name, path in (("cert_file", access.cert_file), ("key_file", access.key_file)):
        _readable(name, path)
    try:
        context.load_cert_chain(access.cert_file, access.key_file, _secret(KEY_PASSWORD, environ) or "")
    except (OSError, ssl.SSLError) as error:  # with "" for a password OpenSSL does not ask for one at the terminal
        raise _unusable("key_file", access.key_file, error) from None
    return context


def _password(access: Access, environ: Mapping[str, str]) -> dict[str, Any]:
    return {"sasl_plain_username": access.username, "sasl_plain_password": _needed(PASSWORD, environ)}


def _token(access: Access, environ: Mapping[str, str]) -> dict[str, Any]:
    from streams.kafka_token import AskedToken, FileToken  # noqa: PLC0415  # aiokafka, and an HTTP client, for few

    if access.token_file is not None:
        _readable("token_file", access.token_file)
        return {"sasl_oauth_token_provider": FileToken(Path(access.token_file))}
    url, client_id = access.token_url or "", access.client_id or ""
    return {"sasl_oauth_token_provider": AskedToken(url, client_id, _needed(CLIENT_SECRET, environ), access.scope)}


def _needed(name: str, environ: Mapping[str, str]) -> str:
    found = _secret(name, environ)
    if found is None:
        raise ConfigError([f"environment: {name}: is missing: set it, or {name}_FILE"])
    return found


def _secret(name: str, environ: Mapping[str, str]) -> str | None:
    try:
        found = secret(name, environ)
    except SecretError as error:
        raise ConfigError([f"environment: {error}"]) from None
    return None if found is None else found.get_secret_value()


def _readable(name: str, path: str) -> None:
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise _unusable(name, path, error) from None


def _unusable(name: str, path: str | None, error: OSError) -> ConfigError:
    if isinstance(error, FileNotFoundError):
        why = "there is no such file"
    elif isinstance(error, ssl.SSLError):
        why = f"is no PEM file of that kind, or its password in {KEY_PASSWORD} is wrong" if name == "key_file" else "is no PEM"
    else:
        why = f"cannot be read: {error.strerror or error}"
    return ConfigError([f"[kafka] {name} (FLYWATCH_KAFKA__{name.upper()}): {path}: {why}"])
