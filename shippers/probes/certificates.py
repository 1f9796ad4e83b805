"""When the certificates of servers expire: those that are accepted, and those that are refused. Knows no probe, no clock.

Python tells it of certificates that it has verified alone; of one that it refuses, it is most worth knowing. So it is read
out of the certificate's DER bytes.
"""

import asyncio
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

_SEQUENCE, _VERSION, _UTC_TIME, _GENERAL_TIME = 0x30, 0xA0, 0x17, 0x18
_BEFORE_VALIDITY = 3  # serial number, algorithm, issuer
_CENTURY_TURNS = 50  # UTCTime has two digits of the year: RFC 5280, 4.1.2.5.1


class Noting:
    """A context that verifies as browsers do, and notes when the first certificate that it accepts expires."""

    def __init__(self) -> None:
        """Load whom this machine trusts."""
        self.expires_ms: int | None = None
        self.context = ssl.create_default_context()
        noted = self

        class Noted(ssl.SSLObject):
            def do_handshake(self) -> None:
                super().do_handshake()  # raises until it is done
                if noted.expires_ms is None:
                    noted.expires_ms = expires_ms(self.getpeercert(binary_form=True) or b"")

        self.context.sslobject_class = Noted


async def expiry_of(url: str, deadline_s: float) -> int | None:
    """Return when the certificate of an https URL expires, whatever is wrong with it; None if it cannot be seen."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return None
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE  # nothing is sent or believed
    try:
        async with asyncio.timeout(deadline_s):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=trusting)
    except OSError:
        return None
    try:
        return expires_ms(writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b"")
    finally:
        writer.transport.abort()


def expires_ms(der: bytes) -> int | None:
    """Return the end of a certificate's validity, None if these bytes are none."""
    try:
        return _expires_ms(der)
    except (IndexError, ValueError):
        return None


def _expires_ms(der: bytes) -> int:
    signed = _inside(_inside(der, _SEQUENCE), _SEQUENCE)
    if signed[0] == _VERSION:
        _, _, signed = _taken(signed)
    for _ in range(_BEFORE_VALIDITY):
        _, _, signed = _taken(signed)
    _, _, behind_begin = _taken(_inside(signed, _SEQUENCE))
    tag, end, _ = _taken(behind_begin)
    if tag not in {_UTC_TIME, _GENERAL_TIME}:
        raise ValueError(tag)
    text = end.decode("ascii")
    if tag == _UTC_TIME:
        text = f"{'19' if int(text[:2]) >= _CENTURY_TURNS else '20'}{text}"
    return int(datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()) * 1000


def _inside(der: bytes, wanted: int) -> bytes:
    tag, content, _ = _taken(der)
    if tag != wanted:
        raise ValueError(tag)
    return content


def _taken(der: bytes) -> tuple[int, bytes, bytes]:
    """Return the tag and the content of the first value, and what stands behind it."""
    tag, size, at = der[0], der[1], 2
    if size & 0x80:
        at += size & 0x7F
        size = int.from_bytes(der[2:at])
    if len(der) < at + size:
        raise ValueError("cut off")
    return tag, der[at : at + size], der[at + size :]
