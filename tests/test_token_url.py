"""The addresses of APIs that are sent a token: what every table that names one takes, and what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shippers.flyship_file import FlyshipFile
from streams.config_errors import explained

Place = Callable[[str], dict[str, Any]]
TABLES: dict[str, Place] = {  # where the address stands, as a complaint names it -> a file that holds it
    "api: base": lambda url: {"api": {"apps": ["shop"], "base": url}},
    "nats: api": lambda url: {"nats": {"api": url}},
    "nats: machines_api": lambda url: {"nats": {"machines_api": url}},
    "probes: machines: base": lambda url: {"probes": {"machines": {"apps": ["shop"], "base": url}}},
    "probes: metrics: base": lambda url: {"probes": {"metrics": {"org": "o", "apps": ["shop"], "base": url}}},
    'probes: supabase "supabase": base': lambda url: {
        "probes": {"supabase": [{"app": "shop", "ref": "abcdefgh", "name": "supabase", "base": url}]}
    },
}
NEAR = (
    "http://localhost:4280",
    "http://127.0.0.1:80/v1/",
    "http://[::1]:80",
    "http://_api.internal:4280",
    "http://shop.flycast",
    "http://[fdaa:0:1::3]:4280",
    "http://10.1.2.3",
    "http://192.168.1.2",
    "http://[::ffff:10.1.2.3]",
    "https://api.example.com",
    "https://8.8.8.8:1/path",
)
FAR = {
    "http://api.example.com": "would send the token unencrypted: write https",
    "http://8.8.8.8": "would send the token unencrypted",
    "http://172.32.0.1": "would send the token unencrypted",
    "http://[2001:db8::1]:80": "would send the token unencrypted",
    "http://[::ffff:8.8.8.8]": "would send the token unencrypted",
    "http://internal": "would send the token unencrypted",
    "http://localhost.example.com": "would send the token unencrypted",
    "http://localhost%2eexample.com": "would send the token unencrypted",
    "https://x:fm2_secret@example.com": "without user and password",
    "api.example.com": "must be a URL such as",
    "ftp://example.com": "must be a URL such as",
    "https://": "must be a URL such as",
    "https://example.com:0": "must be a URL such as",
    "https://example.com:99999": "must be a URL such as",
    "https://example.com?x=1": "must be a URL such as",
    "https://example\n.com": "must be a URL such as",
    "https://[::1": "must be a URL such as",
}


def _complaints(document: dict[str, Any]) -> list[str]:
    try:
        FlyshipFile.model_validate(document)
    except ValidationError as error:
        return list(explained(error, FlyshipFile, document, Path("flyship.toml")))
    return []


@pytest.mark.parametrize("where", TABLES)
def test_what_is_near_may_be_plain(where: str) -> None:
    """This machine, private networks and https are taken, by every table alike."""
    assert {url: _complaints(TABLES[where](url)) for url in NEAR} == {url: [] for url in NEAR}


@pytest.mark.parametrize("where", TABLES)
def test_a_token_is_not_sent_in_the_clear(where: str) -> None:
    """A plain address that is far, and what is no address, is one line that names the place and shows no password."""
    for url, told in FAR.items():
        (line,) = _complaints(TABLES[where](url))
        assert line.startswith(f"flyship.toml: {where}: "), line
        assert told in line
        assert "fm2_" not in line
