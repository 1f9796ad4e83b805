"""The shipper's settings: command line, environment and flywatch.toml in, one frozen value out.

Of flywatch.toml it takes what it shares with the workers: the broker, how to get into it, and the topic; the rest is the
workers' affair, who check it. A machine that only ships needs no such file.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shippers.receiving.table import Listen
from streams.config_access import Access, access_of
from streams.config_errors import ConfigError

HOST_AND_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^/\s]+$")]  # a key is app/instance


LEAST_SPOOL_BYTES = 16 * 1024 * 1024  # some of the largest records, and room for what is on its way when it is full
FILE = "flywatch.toml"
IN_FILE = {"bootstrap": ("kafka", "bootstrap"), "topic": ("topics", "logs")}


class SettingError(Exception):
    """A setting has a wrong value; the message says where it stands and how to mend it."""


class Settings(BaseModel):
    """Everything ``flyship`` can be told. Each field names the variable or flag it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap: str = Field("localhost:9092", title="FLYWATCH_KAFKA__BOOTSTRAP")
    access: Access = Access()  # FLYWATCH_KAFKA__SECURITY and its like
    topic: str = Field("fly.logs", title="FLYWATCH_TOPICS__LOGS", pattern=r"^[A-Za-z0-9._-]{1,249}$")
    app_given: Name | Literal[""] = Field("", title="--app")
    instance: Name | Literal[""] = Field("", title="--instance")
    batch_lines: int = Field(200, title="--batch-lines", ge=1, le=10_000)
    batch_bytes: int = Field(256 * 1024, title="--batch-bytes", ge=64 * 1024 + 48, le=900_000)
    batch_age_ms: int = Field(250, title="--batch-age-ms", ge=0, le=60_000)
    open_batches: int = Field(1_000, title="--open-batches", ge=1, le=100_000)
    in_flight_bytes: int = Field(16 * 1024 * 1024, title="--in-flight-bytes", ge=1_000_000)
    compression: Literal["none", "gzip", "lz4", "snappy", "zstd"] = Field("zstd", title="--compression")
    spool_bytes: int = Field(1024 * 1024 * 1024, title="--spool-bytes", ge=0)
    metrics: Listen | None = Field(None, title="--metrics")
    timeout_s: float = Field(30.0, title="--timeout", gt=0, le=3_600)

    @classmethod
    def read(cls, environ: Mapping[str, str], flags: Mapping[str, object]) -> Self:
        """Build the settings; a flag that was not given is None. Raises SettingError."""
        values = {"app_given" if name == "app" else name: flag for name, flag in flags.items() if flag is not None}
        for name, field in cls.model_fields.items():
            if environ.get(variable := field.title or ""):
                values.setdefault(name, environ[variable])
        where = {name: field.title or name for name, field in cls.model_fields.items()}
        file, document = shared(environ)
        for name, (table, key) in IN_FILE.items():
            if name not in values and isinstance(held := document.get(table), dict) and key in held:
                values[name], where[name] = held[key], f"{file}: {table}: {key}"
        kafka = document.get("kafka")
        try:
            values["access"] = access_of(kafka if isinstance(kafka, dict) else {}, file, environ)
        except ConfigError as error:
            raise SettingError(str(error)) from None
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            raise SettingError(_told(where, error)) from None
        if 0 < settings.spool_bytes < LEAST_SPOOL_BYTES:
            raise SettingError(
                f"--spool-bytes: must be 0 (no spool) or at least {LEAST_SPOOL_BYTES}, not {settings.spool_bytes}"
            )
        for server in settings.servers:
            if not HOST_AND_PORT.fullmatch(server) or not 0 < int(server.rpartition(":")[2]) < 65_536:
                raise SettingError(f"{where['bootstrap']}: {server!r} is not HOST:PORT; write HOST:PORT,HOST:PORT")
        return settings

    @property
    def servers(self) -> list[str]:
        """The brokers to ask first."""
        return [server.strip() for server in self.bootstrap.split(",")]


def shared(environ: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    """Return flywatch.toml and what it says, nothing where there is none.

    The file is that of FLYWATCH_CONFIG, else of this checkout, else of ``./config``.
    """
    given = environ.get("FLYWATCH_CONFIG")
    places = [Path(given)] if given else [Path(__file__).parents[1] / "config", Path("config")]
    file = next((place / FILE for place in places if (place / FILE).is_file()), None)
    if file is None:
        return Path(FILE), {}
    try:
        return file, tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"{file}: {error}") from None


def _told(where: Mapping[str, str], error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    message = first["msg"][0].lower() + first["msg"][1:]
    if "pattern" in first["type"]:
        message = "may not be empty or contain blanks or other odd signs"
    return f"{where.get(name, name)}: {first['input']!r}: {message}"
