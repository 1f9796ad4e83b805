"""The buckets of one partition of panes: who fills them, and what runs over. Knows no rule, window or topic."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from streams.core.records import Output, Security, Step
from streams.core.security.buckets import Level, Overflow, is_over, pour
from streams.core.security.suspects import Hits
from streams.core.security.values import Bucket, Finding
from streams.core.stamps import text


class Buckets:
    """How full the buckets are that are not empty, by (bucket, app, client).

    Hits pour in as soon as a source tells of them, so that a security event waits for no pane to close. Panes are
    cumulative and name their source, so that nothing pours in twice.
    """

    __slots__ = ("levels",)

    def __init__(self) -> None:
        """Have none."""
        self.levels: dict[tuple[str, str, str], Level] = {}

    def restore(self, key: str, value: Any) -> None:
        """Put back ``<bucket>/<app>/<client>``."""
        name, app, client_ip = key.split("/", 2)
        self.levels[name, app, client_ip] = msgspec.convert(value, Level)

    def pour(
        self,
        known: Mapping[str, Bucket],
        app: str,
        hits: Iterable[tuple[tuple[str, str], Hits]],
        writes: dict[str, Any],
        cap: int,
    ) -> Step:
        """Let the hits of an app's clients in; return what changed, with what ran over."""
        outputs: list[Output] = []
        for (name, client_ip), more in hits:
            bucket, key = known.get(name), (name, app, client_ip)
            level = self.levels.get(key)
            if bucket is None or (level is None and len(self.levels) >= cap):
                continue  # of a catalogue that was changed, or one too many
            level, over = pour(bucket, level or Level(), more)
            self.levels[key] = writes[f"bucket/{name}/{app}/{client_ip}"] = level
            if over is not None:
                outputs.append(_event(bucket, app, client_ip, more.shown, over))
        return Step(writes, outputs)

    def forget(self, clock_ms: int, writes: dict[str, Any]) -> None:
        """Drop the buckets that have run empty."""
        for key in [key for key, level in self.levels.items() if is_over(level, clock_ms)]:
            del self.levels[key]
            writes["bucket/" + "/".join(key)] = None


def _event(bucket: Bucket, app: str, client_ip: str, shown: str, over: Overflow) -> Security:
    an_id = f"{bucket.name}/{app}/{client_ip}/{text(over.at_ms)}"
    return Security(an_id, app, "", "", over.at_ms, Finding(bucket.name, bucket.severity, client_ip, shown), over.count)
