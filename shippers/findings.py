"""What ``flyship doctor`` found out about one thing it tried. Knows no single source."""

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One line: what was tried, whether it holds, and what is so, or is wrong and how to mend it."""

    name: str
    ok: bool
    text: str
