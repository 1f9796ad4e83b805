"""What ``flyship doctor`` found out about one thing it tried. Knows no single source."""

from msgspec import Struct

from shippers.console import in_a_line


class Finding(Struct, frozen=True):
    """One line: what was tried, whether it holds, and what is so, or is wrong and how to mend it."""

    name: str
    ok: bool
    text: str

    def __str__(self) -> str:
        """As ``flyship doctor`` prints it."""
        return in_a_line(f"{'ok  ' if self.ok else 'FAIL'} {self.name}: {self.text}")
