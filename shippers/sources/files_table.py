"""The table [files] of flyship.toml: which files to follow, whose lines they are, and from when on."""

from typing import Annotated

from pydantic import AfterValidator

from shippers.moments import moment_ms
from streams.config_model import Flag, Name, Some, Table, Text


def _moment(text: str) -> str:
    moment_ms(text, 0)
    return text


class FilesTable(Table):
    """The whole table."""

    paths: Some[Text]  # names or globs; they are followed
    app: Name | None = None  # of lines whose envelope names none
    instance: Name | None = None  # else the file's name
    from_start: Flag = False  # files that no run has seen are read from their beginning
    since: Annotated[Text, AfterValidator(_moment)] | None = None  # a duration back from the start, or a stamp
