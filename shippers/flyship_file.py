"""config/flyship.toml: what ``flyship run`` ships from, each source a table. Checks it; opens nothing.

A table that is there turns its source on. Secrets are no part of it: see ``shippers.secrets``.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError, ValidationInfo, field_validator

from shippers.fly_api.table import FlyApiTable
from shippers.fly_nats.subjects import apps, ask_for_any_app
from shippers.fly_nats.table import Nats
from shippers.probes.table import Probing
from shippers.receiving.table import Listen, Receive
from shippers.receiving.table import place as place_of
from shippers.sources.files_table import FilesTable
from streams.config_errors import ConfigError, explained, place
from streams.config_model import Table, Text, refused

FILE = "flyship.toml"


class MetricsTable(Table):
    """Where a run serves its counters."""

    listen: Listen = "127.0.0.1:9477"


class FlyshipFile(Table):
    """The whole file."""

    state: Text | None = None  # the directory of checkpoints and spool; else FLYSHIP_STATE, else ~/.local/state/flyship
    metrics: MetricsTable | None = None
    receive: Receive | None = None
    probes: Probing | None = None
    api: FlyApiTable | None = None
    nats: Nats | None = None
    files: FilesTable | None = None

    @field_validator("receive")
    @classmethod
    def _apart(cls, receive: Receive | None, info: ValidationInfo) -> Receive | None:
        metrics: MetricsTable | None = info.data.get("metrics")
        if receive and metrics and receive.listen == metrics.listen and place_of(receive.listen)[1]:
            raise refused(f"listens on {receive.listen}, as metrics does: give one of them another port")
        return receive

    @field_validator("nats")
    @classmethod
    def _each_line_once(cls, nats: Nats | None, info: ValidationInfo) -> Nats | None:
        api: FlyApiTable | None = info.data.get("api")
        if nats and api:
            twice = [app for app in api.apps if ask_for_any_app(nats.subjects) or app in apps(nats.subjects)]
            if twice:
                raise refused(f"asks for what {twice[0]} says, as api does: it would come twice; leave one of them out")
        return nats


def read(environ: Mapping[str, str]) -> FlyshipFile:
    """Read the file that FLYSHIP_CONFIG names, else that of this checkout, else of ``./config``; none is an empty one.

    Raises ConfigError with a line for each mistake.
    """
    given = environ.get("FLYSHIP_CONFIG")
    places = [Path(given)] if given else [Path(__file__).parents[1] / "config" / FILE, Path("config") / FILE]
    file = next((path for path in places if path.is_file()), None)
    if file is None:
        if given:
            raise ConfigError([f"FLYSHIP_CONFIG: {given}: there is no such file"])
        return FlyshipFile()
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError([f"{place(file)}: {error}"]) from None
    try:
        return FlyshipFile.model_validate(document)
    except ValidationError as error:
        raise ConfigError(list(explained(error, FlyshipFile, document, file))) from None
