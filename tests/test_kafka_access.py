"""What [kafka] and FLYWATCH_KAFKA__* say of TLS and logins: what goes together, what is missing, what is never printed."""

import os
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from shippers.settings import Settings
from streams import kafka_access, settings
from streams.config_access import Access, access_of
from streams.config_errors import ConfigError
from streams.kafka_token import AskedToken, FileToken, TokenError
from tests.servers.token_server import CLIENT, SCOPE, SECRET, TokenServer, token_server

ROOT = Path(__file__).parents[1]
FILE = Path("flywatch.toml")
LOGIN = {"security": "sasl_ssl", "sasl_mechanism": "PLAIN", "username": "u"}
TOKEN = {"security": "sasl_ssl", "sasl_mechanism": "OAUTHBEARER"}
OF_FILE = TOKEN | {"token_file": "t"}
HIDDEN = "never-to-be-seen"


@pytest.mark.parametrize(
    ("kafka", "told"),
    [
        ({"security": "tls"}, 'kafka: security: unknown value "tls"'),
        ({"security": "sasl_sll"}, 'did you mean "sasl_ssl"?'),
        ({"security": "sasl_ssl"}, "needs sasl_mechanism"),
        (LOGIN | {"sasl_mechanism": "SCRAM-SHA-521"}, 'did you mean "SCRAM-SHA-512"?'),
        (LOGIN | {"username": None}, "needs username, and the password in FLYWATCH_KAFKA__PASSWORD"),
        (LOGIN | {"security": "ssl"}, 'need security = "sasl_ssl"'),
        ({"ca_file": "x"}, 'need security = "ssl" or "sasl_ssl"'),
        ({"security": "ssl", "cert_file": "x"}, "belong together"),
        (OF_FILE | {"username": "u"}, "of no use with OAUTHBEARER"),
        (LOGIN | {"token_file": "t"}, 'need sasl_mechanism = "OAUTHBEARER"'),
        (OF_FILE | {"token_url": "https://x"}, "choose one"),
        (TOKEN | {"token_url": "https://x"}, "OAUTHBEARER needs token_file, or token_url and client_id"),
        (TOKEN | {"token_url": "http://x", "client_id": "c"}, "must begin with https://"),
    ],
)
def test_what_does_not_go_together(kafka: Mapping[str, str], told: str) -> None:
    """Each mistake is one line that says where it stands and how to mend it."""
    with pytest.raises(ConfigError) as found:
        access_of({name: value for name, value in kafka.items() if value is not None}, FILE, {})
    (line,) = found.value.problems
    assert told in line
    assert line.startswith("flywatch.toml: kafka")


def test_variables_stand_above_the_file() -> None:
    """A variable wins over the table, an empty one does not count, and a mistake in one is told by its name."""
    environ = {"FLYWATCH_KAFKA__SECURITY": "ssl", "FLYWATCH_KAFKA__CA_FILE": "", "FLYWATCH_KAFKA__PASSWORD": HIDDEN}
    assert access_of({"security": "plaintext"}, FILE, environ) == Access(security="ssl")
    for name, told in (("SECURITY", 'unknown value "x"'), ("SASL_MECHANSIM", "did you mean FLYWATCH_KAFKA__SASL_MECHANISM?")):
        with pytest.raises(ConfigError, match=rf"^environment: FLYWATCH_KAFKA__{name}: .*") as found:
            access_of({}, FILE, {f"FLYWATCH_KAFKA__{name}": "x"})
        assert told in str(found.value)


def test_workers_and_shippers_share_the_words(tmp_path: Path) -> None:
    """The same table and the same variables are read by both; the workers take the secrets for no unknown variables."""
    for name in ("rules.toml", "security.toml"):
        (tmp_path / name).write_text((ROOT / "config" / name).read_text())
    (tmp_path / "flywatch.toml").write_text('[kafka]\nsecurity = "sasl_ssl"\nusername = "u"\n')
    environ = {"FLYWATCH_CONFIG": str(tmp_path), "FLYWATCH_KAFKA__SASL_MECHANISM": "PLAIN", "FLYWATCH_KAFKA__PASSWORD": HIDDEN}
    worker, shipper = settings.load(environ=environ).kafka, Settings.read(environ, {}).access
    assert Access(**worker.model_dump(exclude={"bootstrap"})) == shipper == Access.model_validate(LOGIN)
    assert HIDDEN not in repr((worker, shipper))


@pytest.mark.parametrize(
    ("given", "environ", "told"),
    [
        ({"security": "ssl", "ca_file": "no"}, {}, "FLYWATCH_KAFKA__CA_FILE): no: there is no such file"),
        ({"security": "ssl", "ca_file": __file__}, {}, "is no PEM"),
        ({"security": "ssl", "cert_file": __file__, "key_file": "no"}, {}, "FLYWATCH_KAFKA__KEY_FILE): no: there is no such"),
        ({"security": "ssl", "cert_file": __file__, "key_file": __file__}, {}, "is no PEM file of that kind"),
        (LOGIN, {}, "FLYWATCH_KAFKA__PASSWORD: is missing: set it, or FLYWATCH_KAFKA__PASSWORD_FILE"),
        (LOGIN, {"FLYWATCH_KAFKA__PASSWORD": " "}, "FLYWATCH_KAFKA__PASSWORD: is empty"),
        (LOGIN, {"FLYWATCH_KAFKA__PASSWORD_FILE": "no"}, "cannot be read: FileNotFoundError"),
        (OF_FILE, {}, "FLYWATCH_KAFKA__TOKEN_FILE): t: there is no such file"),
        (TOKEN | {"token_url": "https://x", "client_id": "c"}, {}, "FLYWATCH_KAFKA__CLIENT_SECRET: is missing"),
    ],
)
def test_files_and_secrets_that_are_not_there(given: dict[str, str], environ: dict[str, str], told: str) -> None:
    """A missing or useless file or secret is one line that names the setting."""
    with pytest.raises(ConfigError) as found:
        kafka_access.options(Access.model_validate(given), environ)
    (line,) = found.value.problems
    assert told in line


def test_plaintext_asks_for_nothing() -> None:
    """Without settings the clients are told nothing; TLS alone checks certificate and name."""
    assert kafka_access.options(Access(), {}) == {}
    found = kafka_access.options(Access(security="ssl"), {})
    assert found["security_protocol"] == "SSL"
    assert found["ssl_context"].check_hostname
    assert found["ssl_context"].verify_mode is ssl.CERT_REQUIRED


def test_a_command_says_it_in_one_line() -> None:
    """``flyship`` and ``flywatch`` end with 2 and one line, without the password that was given."""
    given = {"FLYWATCH_KAFKA__SECURITY": "sasl_ssl", "FLYWATCH_KAFKA__PASSWORD": HIDDEN}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FLYWATCH_")} | given
    for words in (["shippers", "stdin"], ["streams", "topics"]):
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=ROOT, env=environ, input=b"", capture_output=True, check=False
        )
        assert done.returncode == 2
        (line,) = done.stderr.decode().splitlines()
        assert "needs sasl_mechanism" in line
        assert HIDDEN not in line


async def test_a_token_file_is_read_each_time(tmp_path: Path) -> None:
    """Whoever renews the token replaces the file; an empty one is an error that aiokafka tries again after."""
    file = tmp_path / "token"
    file.write_text("first\n")
    provider = FileToken(file)
    assert await provider.token() == "first"
    file.write_text("second")
    assert await provider.token() == "second"
    file.write_text("\n")
    with pytest.raises(TokenError, match="is empty"):
        await provider.token()


async def test_a_token_is_asked_for_when_it_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """One token serves many connections; a new one is asked for before its life is over."""
    monkeypatch.setattr("streams.kafka_token.LEAST_S", 0.0)
    async with token_server() as server:
        provider = _asking(server)
        assert await provider.token() == await provider.token()
        assert server.asked == 1
        server.life_s = 0
        provider = _asking(server)
        await provider.token()
        await provider.token()
        assert server.asked == 3


async def test_no_token_is_told_without_the_secret() -> None:
    """A wrong secret, a wrong scope and nobody there: the answer's error word, never the secret."""
    async with token_server() as server:
        for secret, scope, told in (("wrong", SCOPE, "401 invalid_client"), (SECRET, "other", "400 invalid_scope")):
            with pytest.raises(TokenError, match=told) as found:
                await AskedToken(server.url, CLIENT, secret, scope).token()
            assert secret not in str(found.value)
        url = server.url
    with pytest.raises(TokenError, match="does not answer"):
        await AskedToken(url, CLIENT, SECRET, SCOPE).token()


def _asking(server: TokenServer) -> AskedToken:
    return AskedToken(server.url, CLIENT, SECRET, SCOPE)
