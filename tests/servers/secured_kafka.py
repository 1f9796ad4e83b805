"""A Kafka behind TLS and logins: one broker, a port for each way in, and a certificate authority of its own."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from config.kafka.broker import Broker, free_port, local_broker

USER, PASSWORD = "shipper", "right-of-the-test"
# The names of listeners, and how each is spoken to.
WAYS = {"TLS": "SSL", "MUTUAL": "SSL", "LOGIN": "SASL_SSL", "OPEN": "SASL_PLAINTEXT"}
_MODULES = "org.apache.kafka.common.security"
_SAN = "subjectAltName=DNS:localhost,IP:127.0.0.1"


class Secured(Struct, frozen=True):
    """What a client needs: the address of each way in, the authority's certificate, one of the client's own."""

    broker: Broker
    plain: str
    ways: Mapping[str, str]
    directory: Path

    @property
    def ca_file(self) -> str:
        """The authority that signed the broker's certificate."""
        return str(self.directory / "ca.pem")

    @property
    def cert_file(self) -> str:
        """A client's certificate that the broker trusts."""
        return str(self.directory / "client.crt")

    @property
    def key_file(self) -> str:
        """Its key."""
        return str(self.directory / "client.key")


@contextmanager
def secured_kafka(directory: Path) -> Iterator[Secured]:
    """Run one; ``directory`` holds its certificates."""
    _authority(directory)
    _signed(directory, "broker", _SAN)
    _signed(directory, "client", "keyUsage=digitalSignature")
    chain = (directory / "broker.key").read_text() + (directory / "broker.crt").read_text()
    (directory / "broker.pem").write_text(chain)
    ports = {name: free_port() for name in WAYS}
    port = free_port()
    users = [f"{mechanism}=[name={USER},password={PASSWORD}]" for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")]
    with local_broker(port, more=_settings(directory, port, ports), users=users) as broker:
        ways = {name: f"localhost:{of}" for name, of in ports.items()}
        yield Secured(broker, broker.bootstrap, ways, directory)


def _settings(directory: Path, port: int, ports: Mapping[str, int]) -> str:
    listeners = ",".join(f"{name}://127.0.0.1:{of}" for name, of in ports.items())
    advertised = ",".join(f"{name}://localhost:{of}" for name, of in ports.items())
    spoken = ",".join(f"{name}:{way}" for name, way in WAYS.items())
    lines = {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{free_port()},{listeners}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},{advertised}",
        "listener.security.protocol.map": f"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,{spoken}",
        "inter.broker.listener.name": "PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(directory / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(directory / "ca.pem"),
        "listener.name.mutual.ssl.client.auth": "required",
        # Who comes by the plain port may do all; others what a topic's rules allow, and all where it has none.
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "true",
    }
    lines["controller.quorum.voters"] = "1@" + lines["listeners"].split("CONTROLLER://")[1].split(",")[0]
    for name in ("login", "open"):
        of = f"listener.name.{name}"
        lines[f"{of}.sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
        lines[f"{of}.plain.sasl.jaas.config"] = f'{_MODULES}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
        for mechanism in ("scram-sha-256", "scram-sha-512"):
            lines[f"{of}.{mechanism}.sasl.jaas.config"] = f"{_MODULES}.scram.ScramLoginModule required;"
        lines[f"{of}.oauthbearer.sasl.jaas.config"] = f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required;"
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def _authority(directory: Path) -> None:
    subject = ["-x509", "-days", "2", "-subj", "/CN=an authority of the test"]
    _openssl("req", *subject, *_new(directory, "ca"), "-out", str(directory / "ca.pem"))


def _signed(directory: Path, name: str, extension: str) -> None:
    """Make a key and a certificate of the authority's."""
    request, extensions = directory / f"{name}.csr", directory / f"{name}.ext"
    extensions.write_text(extension)
    _openssl("req", "-subj", f"/CN={name}", *_new(directory, name), "-out", str(request))
    signed = ["-CA", str(directory / "ca.pem"), "-CAkey", str(directory / "ca.key"), "-CAcreateserial", "-days", "2"]
    out = ["-extfile", str(extensions), "-out", str(directory / f"{name}.crt")]
    _openssl("x509", "-req", "-in", str(request), *signed, *out)


def _new(directory: Path, name: str) -> list[str]:
    return ["-newkey", "rsa:2048", "-nodes", "-keyout", str(directory / f"{name}.key")]


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
