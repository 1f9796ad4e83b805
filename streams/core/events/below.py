"""What an error says below its first line, before its frames, and by whom it is said. Knows no state and no frame.

A line that is no frame ends a trace, so each of these has a sign of its own that more is to come.
"""

from streams.core import regex
from streams.core.events.frames import Speech
from streams.core.events.servers import is_whole

LINES = 12  # that an error may say before its frames
# Errors that say more in the lines before the frames, Prisma's all that they say.
_PRISMA, _DRIZZLE, _EYRE = "PrismaClient", "DrizzleQueryError: Failed query: ", "(crashed)."
_BEAM, _BEAM_ERROR = ("[error]", "** (", " REPORT===="), "** ("
_headed = regex.compiled(
    r"\[?[0-9]{1,4}[-:/]|[\[{]|level=|[^\n]{0,80}?\[(?:debug|info|notice|warn(?:ing)?|error|critical)\]"
).match


def speech(said: str) -> Speech:
    """Return who says an error, as far as its words show."""
    if said.endswith(_EYRE):
        return Speech.RUST
    return Speech.BEAM if any(map(said.__contains__, _BEAM)) and not is_whole(said) else Speech.ANY


def goes_on(said: str, *, located: bool) -> bool:
    """Tell whether the next line is what an error says; ``located`` where its first one tells a frame."""
    if _PRISMA in said:
        return said.endswith("Error:")
    return _DRIZZLE in said or said.endswith(_EYRE) or (located and said.endswith(":"))


def still(said: str, lines: int) -> bool:
    """Tell whether one more line may be, after so many."""
    return lines < LINES and (_PRISMA in said or _DRIZZLE in said)


def is_message(said: str, text: str, lines: int) -> bool:
    """Tell whether a line goes on with an Elixir error's message, whose first line ends as a sentence or a list begins.

    A logger's head begins another message.
    """
    more = lines < LINES and _BEAM_ERROR in said and said.endswith((":", "."))
    return more and _headed(text) is None
