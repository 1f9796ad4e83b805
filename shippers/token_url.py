"""The address of an API that is sent a token: checked, as every table that names one needs it. Opens nothing.

By plain HTTP everybody on the way could read the token, so a plain address must be near.
"""

import ipaddress
from urllib.parse import urlsplit

from pydantic import AfterValidator

from streams.config_model import refused, shown

# Where nobody else is on the way: addresses that lead out of no private network, Fly's (6PN, fdaa::/16) among them.
_NEAR = tuple(
    map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)
_NEAR_NAMES = (".internal", ".flycast")  # names within a Fly organisation's network


def token_url(example: str) -> AfterValidator:
    """Return the check of a setting that holds such an address; the last ``/`` is cut off."""

    def check(text: str) -> str:
        if "@" in text:  # what stands before it is a password: it is not shown
            raise refused("must be a URL without user and password: secrets come from the environment")
        scheme, host = _parts(text)
        if host is None:
            raise refused(f'must be a URL such as "{example}", not {shown(text)}')
        if scheme == "http" and not is_near(host):
            raise refused(f"would send the token unencrypted: write https, not {shown(text)}")
        return text.rstrip("/")

    return AfterValidator(check)


def _parts(text: str) -> tuple[str, str | None]:
    """Return scheme and host; no host where it is no address to which a path can be added."""
    if any(sign.isspace() for sign in text):  # urlsplit leaves some of them out
        return "", None
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:
        return "", None
    return parts.scheme, parts.hostname if usable else None


def is_near(host: str) -> bool:
    """Whether the way there is this machine's, or a private network's."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(_NEAR_NAMES)
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in _NEAR)
