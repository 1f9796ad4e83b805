"""What of Supabase's metrics is told: fields out of its series. Knows no HTTP and no clock."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from shippers.probes.exposition import Sample
from shippers.probes.totals import Totals

MEMORY, AVAILABLE = "node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes"
CPU = "node_cpu_seconds_total"
SIZE, FREE = "node_filesystem_size_bytes", "node_filesystem_avail_bytes"
UP, BACKENDS, MOST_BACKENDS = "pg_up", "pg_stat_database_num_backends", "max_connections_connection_count"
DATABASE_BYTES, DEADLOCKS = "pg_database_size_bytes", "pg_stat_database_deadlocks_total"
LAG = "physical_replication_lag_physical_replication_lag_seconds"
CLIENTS, WAITING = "pgbouncer_pools_client_active_connections", "pgbouncer_pools_client_waiting_connections"
POOLED, MOST_POOLED = "pgbouncer_databases_current_connections", "pgbouncer_databases_max_connections"
NAMES = (
    MEMORY, AVAILABLE, CPU, SIZE, FREE, UP, BACKENDS, MOST_BACKENDS, DATABASE_BYTES, DEADLOCKS, LAG, CLIENTS, WAITING, POOLED,
    MOST_POOLED,
)  # fmt: skip
DATA = "/data"  # where the database lies; the other one is the system's
MOST_MOUNTS = 20
EXACT = 2**53  # a float beyond it is no exact number of anything
Series = Mapping[str, Sequence[Sample]]


def fields(series: Series, totals: Totals) -> dict[str, object]:
    """Return the fields; None where the series tell nothing. What grows for ever is told since the last round."""
    new = totals.since({"deadlocks": _all(sum, series, DEADLOCKS), "cpu_s": _all(sum, series, CPU), "idle_s": _idle_s(series)})
    mounts = _mounts(series)
    connections, most = _all(sum, series, BACKENDS), _all(max, series, MOST_BACKENDS)
    told = {
        "memory_ratio": _used(_all(sum, series, AVAILABLE), _all(sum, series, MEMORY)),
        "cpu_ratio": _used(new["idle_s"], new["cpu_s"]),
        "disk_ratio": mounts.get(DATA, mounts.get("/")),
        "disk_ratio_by_mount": mounts or None,
        "pool_ratio": _ratio(connections, most),
        "connections": _whole(connections),
        "max_connections": _whole(most),
        "pooler_clients": _whole(_all(sum, series, CLIENTS)),
        "pooler_waiting": _whole(_all(sum, series, WAITING)),
        "pooler_ratio": _pooler(series),
        "database_bytes": _whole(_all(sum, series, DATABASE_BYTES)),
        "deadlocks": _whole(new["deadlocks"]),
        "replication_lag_s": _all(max, series, LAG),
    }
    return {name: value for name, value in told.items() if value is not None}


def is_down(series: Series) -> bool:
    """Whether Supabase itself says that PostgreSQL does not answer."""
    return _all(min, series, UP) == 0


def _all(fold: Callable[[Iterable[float]], float], series: Series, name: str) -> float | None:
    values = [sample.value for sample in series.get(name, ())]
    return fold(values) if values else None


def _idle_s(series: Series) -> float | None:
    idle = [sample.value for sample in series.get(CPU, ()) if sample.labels.get("mode") == "idle"]
    return sum(idle) if idle else None


def _mounts(series: Series) -> dict[str, float]:
    sizes = {sample.labels.get("mountpoint", ""): sample.value for sample in series.get(SIZE, ())}
    free = {sample.labels.get("mountpoint", ""): sample.value for sample in series.get(FREE, ())}
    used = {mount: _used(free.get(mount), sizes[mount]) for mount in sorted(sizes)[:MOST_MOUNTS]}
    return {mount: ratio for mount, ratio in used.items() if ratio is not None}


def _pooler(series: Series) -> float | None:
    """Return how full the fullest pool is; 0 as the most means that there is no bound."""
    most = {_pool(sample): sample.value for sample in series.get(MOST_POOLED, ())}
    ratios = (_ratio(sample.value, most.get(_pool(sample))) for sample in series.get(POOLED, ()))
    return max((ratio for ratio in ratios if ratio is not None), default=None)


def _pool(sample: Sample) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(sample.labels.items()))


def _ratio(part: float | None, whole: float | None) -> float | None:
    return round(part / whole, 6) if part is not None and whole else None


def _used(free: float | None, whole: float | None) -> float | None:
    ratio = _ratio(free, whole)
    return None if ratio is None else round(min(1.0, max(0.0, 1 - ratio)), 6)


def _whole(value: float | None) -> int | None:
    return None if value is None or abs(value) >= EXACT else round(value)
