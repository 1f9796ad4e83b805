"""Certificates for servers of tests, made by openssl: good ones, and ones that are wrong in one way each."""

import ssl
import subprocess
from pathlib import Path

from tests.servers import program

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """A certificate authority in a directory: ``file`` is its own certificate, for those who shall trust it."""

    def __init__(self, directory: Path) -> None:
        """Make its key and certificate."""
        self._directory, self._openssl = directory, program("openssl", "openssl")
        self.file = directory / "authority.pem"
        self._run(
            "req", "-x509", *NEW_KEY, "-keyout", "authority.key", "-out", self.file.name, "-subj", "/CN=test", "-days", "9"
        )

    def server(self, name: str = "localhost", days: int = 90) -> ssl.SSLContext:
        """Return the context of a server of this name, whose certificate expires in so many days (-1: a day ago)."""
        of = f"{name}-{days}"
        subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
        self._run("req", *NEW_KEY, "-keyout", f"{of}.key", "-out", f"{of}.csr", *subject)
        signed_by = ("-CA", self.file.name, "-CAkey", "authority.key", "-copy_extensions", "copy")
        self._run("x509", "-req", "-in", f"{of}.csr", *signed_by, "-days", str(days), "-out", f"{of}.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._directory / f"{of}.pem", self._directory / f"{of}.key")
        return context

    def _run(self, *words: str) -> None:
        subprocess.run([self._openssl, *words], cwd=self._directory, capture_output=True, check=True)
