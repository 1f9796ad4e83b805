"""Secrets as the sources read them: those of ``streams.config_secrets``, which the workers share."""

import re
from typing import Annotated

from pydantic import AfterValidator

from streams.config_model import Text, refused
from streams.config_secrets import SecretError, secret

__all__ = ["SecretError", "Variable", "secret"]

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}").fullmatch


def _variable(text: str) -> str:
    if not _VARIABLE(text):  # it is not quoted: it may be the secret itself
        raise refused("must be the name of the variable that holds the secret, such as SHOP_TOKEN, not the secret itself")
    return text


Variable = Annotated[Text, AfterValidator(_variable)]
