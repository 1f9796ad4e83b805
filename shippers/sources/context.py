"""What a source is given besides its own settings. Knows no single source."""

from collections.abc import Mapping

from msgspec import Struct

from shippers.checkpoints import Checkpoints
from shippers.metrics import Metrics


class Context(Struct, frozen=True):
    """The environment (for secrets), the counters, and how far sources came before."""

    environ: Mapping[str, str]
    metrics: Metrics
    checkpoints: Checkpoints
