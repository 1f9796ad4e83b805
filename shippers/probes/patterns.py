"""Patterns of RE2 in the tables of probes: linear time, whatever an app answers. Knows no table."""

from typing import Annotated

from pydantic import AfterValidator

from streams.config_model import Text
from streams.config_patterns import compiled


def _checked(text: str) -> str:
    compiled(text)
    return text


Pattern = Annotated[Text, AfterValidator(_checked)]
