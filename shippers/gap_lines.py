"""The line that says that lines are missing, so that it can alert: of provider ``probe``, kind ``log_gap``. Pure."""

from collections.abc import Mapping

import orjson

from shippers.believing import PROBE
from streams.core.values import Line


def gap_line(app: str, source: str, stamp: str | None, told: Mapping[str, object], instance: str | None = None) -> Line:
    """Return the line of a source; ``told``: the reason and what of the app is missing. The instance is else the source."""
    said = {"probe": "log_gap", "ok": False, "source": source, **told}
    return Line(
        orjson.dumps(said).decode(), stamp, app, source if instance is None else instance, provider=PROBE, level="error"
    )
