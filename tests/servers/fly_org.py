"""An organisation at Fly, small: its log stream, its logs API, and the environment of a shipper that knows both."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.servers.fly_api import TOKEN, FlyApi
from tests.servers.nats import NatsServer, nats_server

ORG = "my-org"
CONFIG = """
[nats]
server = "{server}"
org = "my-org"
api = "{api}"
overlap = "2s"
late = "1s"
list_apps = {lists}
machines_api = "{machines}"
"""


class FlyOrg(NamedTuple):
    """What runs, and the environment with the token and the config alone."""

    api: FlyApi
    server: NatsServer
    config: Path
    env: dict[str, str]

    def configure(self, more: str, machines: str = "") -> None:
        """Write the config with more in its table; ``machines`` is the Machines API, if there is one."""
        told = {"lists": "true" if machines else "false", "machines": machines or "http://127.0.0.1:9"}
        self.config.write_text(CONFIG.format(server=self.server.url, api=self.api.base, **told) + more)


@contextmanager
def fly_org(directory: Path) -> Iterator[FlyOrg]:
    """Give an organisation that is up."""
    with FlyApi() as api, nats_server(directory, ORG, TOKEN, "logs.>") as server:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLYWATCH_", "FLYSHIP_", "FLY_"))}
        config = directory / "flyship.toml"
        org = FlyOrg(api, server, config, kept | {"FLYSHIP_CONFIG": str(config), "FLY_ACCESS_TOKEN": TOKEN})
        org.configure("")
        yield org
