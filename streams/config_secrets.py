"""Secrets come from the environment, or from files that it names; they are never printed. Knows no setting."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr


class SecretError(Exception):
    """A secret cannot be read; the message names the variable, never the secret."""


def secret(name: str, environ: Mapping[str, str]) -> SecretStr | None:
    """Return the secret in the variable ``name``, else in the file that ``name_FILE`` names, None if there is neither.

    Blanks and line ends around it are taken off. Raises SecretError if it is empty or the file cannot be read.
    """
    if (value := environ.get(name)) is not None:
        return _whole(value, name)
    if (path := environ.get(f"{name}_FILE")) is None:
        return None
    try:
        return _whole(Path(path).read_text("utf-8"), f"{name}_FILE: {path}")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"{name}_FILE: {path}: cannot be read: {error.__class__.__name__}") from None


def _whole(value: str, where: str) -> SecretStr:
    if not value.strip():
        raise SecretError(f"{where}: is empty")
    return SecretStr(value.strip())
