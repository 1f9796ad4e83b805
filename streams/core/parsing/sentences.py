"""What the message of a logger says of a request whose status stands beside it: a table of sentences. Knows no notation."""

from collections.abc import Mapping
from typing import Any

from streams.core import regex
from streams.core.parsing import field_values
from streams.core.parsing.elapsed import elapsed_ms
from streams.core.parsing.pieces import METHOD

_MESSAGES = ("msg", "message")
_MOST_CHARS = 8_000
# (the sentence, all of the message; whether a client has to be told beside it, as of a call to others too little else is said)
_SENTENCES = (
    (r"()Completed in ([0-9][0-9.hmnuµs]{1,30}) (/[^ \n]*+)", False),  # imgproxy; beside it the method
    (rf"HTTP: ({METHOD}) ()(https?://[^ \n]++|/[^ \n]*+)", True),  # Navidrome
    (rf"({METHOD})()()", True),  # Coder; beside it the path
)
_COMPILED = tuple((regex.compiled(pattern).fullmatch, with_client) for pattern, with_client in _SENTENCES)


def told(document: Mapping[str, Any], client: str | None) -> dict[str, Any]:
    """Return the method, target and duration that a document's message says; nothing where it is no such sentence."""
    message = next((value for name in _MESSAGES if isinstance(value := document.get(name), str)), "")
    if not message or len(message) > _MOST_CHARS:
        return {}
    for matches, with_client in _COMPILED:
        if (found := matches(message)) and (client is not None or not with_client):
            method, took, target = found.groups()
            said = {"method": method, "duration": elapsed_ms(took), "target": field_values.target(target)}
            return {field: value for field, value in said.items() if value not in ("", None)}
    return {}
