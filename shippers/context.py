"""What a source is given besides its own table. Knows no single source."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from msgspec import Struct

from shippers.checkpoints import Checkpoints
from shippers.metrics import Metrics


class Context(Struct, frozen=True):
    """The environment (for secrets), the counters, and how far sources came before."""

    environ: Mapping[str, str]
    metrics: Metrics
    checkpoints: Checkpoints

    @classmethod
    def of(cls, state: str | None, environ: Mapping[str, str], *, dry: bool = False) -> Self:
        """Make one whose state is in the directory ``state``, else FLYSHIP_STATE, else where programs keep theirs.

        That of a ``dry`` run goes on where an earlier run was, and notes nothing.
        """
        return cls(environ, Metrics(), Checkpoints(state_directory(state, environ), dry=dry))


def state_directory(given: str | None, environ: Mapping[str, str]) -> Path:
    """Return where this process keeps what must survive it."""
    if chosen := given or environ.get("FLYSHIP_STATE"):
        return Path(chosen)
    home = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME", ".")) / ".local" / "state"
    return Path(home) / "flyship"
