"""Says things to people, on stderr. Knows nothing of what is said."""

import contextlib
import os
import sys


def in_a_line(text: str) -> str:
    """Return a text with escapes for all that is not printed: names of files and answers of servers are others' to choose."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def say(text: str) -> None:
    """Print one line for people. A reader who hung up must not stop the shipping."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"flyship: {in_a_line(text)}\n")
        sys.stderr.flush()


def hung_up() -> None:
    """Put a bin in the place of a stdout whose reader left, so that the interpreter's last flush cannot fail."""
    bin_descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(bin_descriptor, sys.stdout.fileno())
    os.close(bin_descriptor)
