"""Patterns of RE2 in the tables of probes: linear time, whatever an app answers. Knows no table."""

from typing import Annotated, Any

import re2  # type: ignore[import-untyped]  # a compiled module without types
from pydantic import AfterValidator

from streams.config_model import Text, refused


def compiled(text: str) -> Any:
    """Compile a pattern; a ``refused`` error says what is wrong with it."""
    options = re2.Options()
    options.log_errors = False  # they are told by us
    try:
        return re2.compile(text, options)
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise refused(f"is no pattern of RE2 (which has no look-around and no back-references): {why}") from None


def _checked(text: str) -> str:
    compiled(text)
    return text


Pattern = Annotated[Text, AfterValidator(_checked)]
