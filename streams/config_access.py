"""How a client gets into Kafka: TLS and SASL, as [kafka] and FLYWATCH_KAFKA__* say it. Opens no file and no secret."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from streams.config_errors import ConfigError, Loc, explained
from streams.config_model import Table, Text, nearest, refused, shown

PREFIX = "FLYWATCH_KAFKA__"
PASSWORD, KEY_PASSWORD, CLIENT_SECRET = (PREFIX + name for name in ("PASSWORD", "KEY_PASSWORD", "CLIENT_SECRET"))
# Secrets are no settings: they stand in these variables, or in the files that NAME_FILE names.
SECRETS = frozenset(name + end for name in (PASSWORD, KEY_PASSWORD, CLIENT_SECRET) for end in ("", "_FILE"))


def _url(value: str) -> str:
    local = value.startswith(("http://localhost", "http://127.0.0.1", "http://[::1]"))
    if not value.startswith("https://") and not local:
        raise refused(f"must begin with https://, for a secret is sent there, not {shown(value)}")
    return value


class Access(Table):
    """Without any of these a client speaks plaintext, and logs in as nobody."""

    security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = None
    username: Text | None = None  # of PLAIN and SCRAM; the password is a secret
    ca_file: Text | None = None  # PEM; without it the system's certificates count
    cert_file: Text | None = None  # PEM: who we are, where the broker asks for a client's certificate
    key_file: Text | None = None
    token_file: Text | None = None  # of OAUTHBEARER: read again for each connection
    token_url: Annotated[Text, AfterValidator(_url)] | None = None  # or asked for: client credentials
    client_id: Text | None = None
    scope: Text | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for wrong, told in _RULES:
            if wrong(self):
                raise refused(told)
        return self

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security in {"ssl", "sasl_ssl"}

    @property
    def is_sasl(self) -> bool:
        """Whether the client logs in."""
        return self.security in {"sasl_plaintext", "sasl_ssl"}

    @property
    def _asks_for_tokens(self) -> bool:
        return any((self.token_url, self.client_id, self.scope))


# What does not go together, and how to mend it; the first that applies is told.
_RULES: tuple[tuple[Callable[[Access], bool], str], ...] = (
    (
        lambda access: access.is_sasl and access.sasl_mechanism is None,
        "security with sasl needs sasl_mechanism: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER",
    ),
    (
        lambda access: not access.is_sasl and bool(access.sasl_mechanism or access.username or access.token_file),
        'sasl_mechanism, username and token_file need security = "sasl_ssl"',
    ),
    (
        lambda access: not access.is_tls and bool(access.ca_file or access.cert_file or access.key_file),
        'ca_file, cert_file and key_file need security = "ssl" or "sasl_ssl"',
    ),
    (
        lambda access: (access.cert_file is None) != (access.key_file is None),
        "cert_file and key_file belong together: one of them is missing",
    ),
    (
        lambda access: access.is_sasl and access.sasl_mechanism != "OAUTHBEARER" and access.username is None,
        f"sasl_mechanism needs username, and the password in {PASSWORD} or {PASSWORD}_FILE",
    ),
    (
        lambda access: access.sasl_mechanism == "OAUTHBEARER" and access.username is not None,
        "username is of no use with OAUTHBEARER: use token_file, or token_url and client_id",
    ),
    (
        lambda access: access.sasl_mechanism != "OAUTHBEARER" and bool(access.token_file or access._asks_for_tokens),  # noqa: SLF001  # its own rules
        'token_file, token_url, client_id and scope need sasl_mechanism = "OAUTHBEARER"',
    ),
    (
        lambda access: bool(access.token_file) and access._asks_for_tokens,  # noqa: SLF001  # as above
        "token_file and token_url are two ways to a token: choose one",
    ),
    (
        lambda access: (
            access.sasl_mechanism == "OAUTHBEARER"
            and not access.token_file
            and (access.token_url is None or access.client_id is None)
        ),
        f"OAUTHBEARER needs token_file, or token_url and client_id with the secret in {CLIENT_SECRET}",
    ),
)


class _File(Table):
    """As much of flywatch.toml as is looked at here."""

    kafka: Access = Field(default=Access())


def access_of(kafka: Mapping[str, Any], file: Path, environ: Mapping[str, str]) -> Access:
    """Return what the table [kafka] of a file says, with FLYWATCH_KAFKA__* above it.

    Raises ConfigError with a line for each mistake, one of them a variable that nobody knows.
    """
    known = {PREFIX + name.upper(): name for name in Access.model_fields}
    others = {f"{PREFIX}BOOTSTRAP", *SECRETS}
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX) and value}
    if odd := sorted(given.keys() - known.keys() - others):
        raise ConfigError([_unknown(name, [*known, *others]) for name in odd])
    merged = {name: kafka[name] for name in Access.model_fields if name in kafka}
    merged |= {known[name]: value for name, value in given.items() if name in known}
    variables: dict[Loc, str] = {("kafka", known[name]): name for name in given if name in known}
    if variables:
        variables[("kafka",)] = f"{PREFIX}*"
    data = {"kafka": merged}
    try:
        return _File.model_validate(data).kafka
    except ValidationError as error:
        raise ConfigError(list(explained(error, _File, data, file, variables))) from None


def _unknown(name: str, known: list[str]) -> str:
    near = nearest(name.removeprefix(PREFIX), [other.removeprefix(PREFIX) for other in known])
    mend = f"did you mean {PREFIX}{near}?" if near else f"known: {', '.join(sorted(known))}"
    return f"environment: {name}: unknown variable; {mend}"
