"""What the commands share that read config/flyship.toml: the file, the context of its sources, their errors."""

import os
from collections.abc import Callable
from typing import TypeVar

from shippers import flyship_file
from shippers.commands import usage
from shippers.context import Context
from shippers.flyship_file import FlyshipFile
from shippers.secrets import SecretError
from streams.config_errors import ConfigError

Made = TypeVar("Made")


def made(make: Callable[[], Made]) -> Made:
    """Return what ``make`` makes; a mistake in config or a secret that is not there ends with 2."""
    try:
        return make()
    except (ConfigError, SecretError) as error:
        usage(str(error))


def file_of() -> FlyshipFile:
    """Read the file."""
    return made(lambda: flyship_file.read(os.environ))


def context_of(file: FlyshipFile, *, dry: bool = False) -> Context:
    """Return what the file's sources are given besides their tables; ``dry``: how far they come is not noted."""
    return Context.of(file.state, os.environ, dry=dry)
