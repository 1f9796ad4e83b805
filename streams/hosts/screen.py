"""What a host shows on. Knows no colour, and loads nothing that draws."""

from typing import Self

from streams.hosts.wording import Document


class Screen:
    """Shows nothing, as programs read what comes out; a terminal shows. A context manager: it may be to be given back."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def window(self, document: Document) -> None:
        """Show an app's latest minute."""

    def alert(self, document: Document) -> None:
        """Show a transition of an alert."""

    def security(self, document: Document) -> None:
        """Show a security event."""

    def progress(self, told: str) -> None:
        """Show how far the reading is."""

    def summary(self, totals: Document) -> None:
        """Show what a run came to."""
