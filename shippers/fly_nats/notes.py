"""What is noted of how far a stream came, so that somebody can go on with it: a file of this process, or its group's affair."""

import asyncio
import threading
from typing import Protocol

from shippers.checkpoints import Checkpoints
from shippers.console import say
from shippers.fly_nats.telling import SOURCE
from shippers.gaps import checkpoint
from shippers.gaps.checkpoint import Earlier, Unsafe
from shippers.gaps.merging import Merging
from shippers.gaps.values import Reach
from shippers.metrics import Metrics
from streams.config_errors import ConfigError


class Notes(Protocol):
    """What a stream needs of them."""

    @property
    def left(self) -> Earlier | None:
        """What is there from before."""
        ...

    def has(self, app: str, instance: str) -> bool:
        """Say whether the lines of an instance are this stream's."""
        ...

    def whole(self, reach: Reach, merging: Merging) -> None:
        """Hear that nothing is on its way, so that all lines up to a reach are there."""
        ...

    async def keep(self, reach: Reach, unsafe: Unsafe, merging: Merging) -> None:
        """Note how far it came, and which lines are safe."""
        ...


class FileNotes:
    """Those of a process that is alone: a checkpoint."""

    def __init__(self, checkpoints: Checkpoints, metrics: Metrics) -> None:
        """Read it; ConfigError where it is there and cannot be had: its gap would be forgotten."""
        self._checkpoints, self._metrics = checkpoints, metrics
        self._saving = threading.Lock()  # a save that was given up goes on in its thread
        self._cannot = False
        try:
            document = checkpoints.load(SOURCE)
        except OSError as error:
            raise ConfigError([f"nats: {error.filename}: cannot be read: {error.strerror}"]) from None
        self.left = checkpoint.earlier(document)
        if document is not None and self.left is None:
            say("nats: what an earlier run noted cannot be read: what was said since then is not fetched")

    def has(self, app: str, instance: str) -> bool:  # noqa: ARG002  # whoever it is
        """Say that all lines are ours."""
        return True

    def whole(self, reach: Reach, merging: Merging) -> None:
        """Note it when the next line comes."""

    async def keep(self, reach: Reach, unsafe: Unsafe, merging: Merging) -> None:
        """Write the checkpoint. Where that fails it is told, and the stream goes on."""
        document = checkpoint.document(reach, unsafe, merging)
        try:
            await asyncio.to_thread(self._save, document)
            self._cannot = False
        except OSError as error:
            self._metrics.failed(SOURCE, "checkpoint", "checkpoint")
            if not self._cannot:
                say(f"nats: cannot note how far it came: {error.strerror or error}; set FLYSHIP_STATE to a directory")
            self._cannot = True

    def _save(self, document: object) -> None:
        with self._saving:
            self._checkpoints.save(SOURCE, document)
