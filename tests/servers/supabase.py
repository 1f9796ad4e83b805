"""Supabase's metrics endpoint as far as reading goes: its path, its authentication, the form of its text and labels."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import encode_basic_auth, web

from tests.servers.answering import answering

KEY = "a-key-of-the-test"  # of this test alone
REF = "abcdefghijklmnopqrst"
HOST, DATABASE = {"service_type": "db"}, {"service_type": "postgresql", "server": "localhost:5432"}
POOLER = {"service_type": "pgbouncer"}
Key = tuple[str, tuple[tuple[str, str], ...]]


class Project:
    """A project: what its series say now; ``fault`` is an answer that is given instead."""

    def __init__(self) -> None:
        """Begin with a small machine of two cores."""
        self.base = ""
        self.fault: web.Response | None = None
        self.values: dict[Key, float] = {}
        self.set("node_memory_MemTotal_bytes", 1e9, HOST)
        self.set("node_memory_MemAvailable_bytes", 4e8, HOST)
        for mount, device, size, free in (("/", "nvme1n1p2", 1e10, 3e9), ("/data", "nvme0n1", 8e9, 2e9)):
            disk = {"device": f"/dev/{device}", "device_error": "", "fstype": "ext4", "mountpoint": mount}
            self.set("node_filesystem_size_bytes", size, HOST | disk)
            self.set("node_filesystem_avail_bytes", free, HOST | disk)
        self.work(idle_s=6000, user_s=400)
        self.set("node_cpu_guest_seconds_total", 7, HOST | {"cpu": "0", "mode": "user"})
        self.set("pg_up", 1, {"service_type": "postgresql"})
        self.set("pg_stat_database_num_backends", 9, DATABASE)
        self.set("max_connections_connection_count", 60, DATABASE)
        self.set("pg_stat_database_deadlocks_total", 4, DATABASE)
        for name, size in (("postgres", 2.6e8), ("template0", 7.5e6)):
            self.set("pg_database_size_bytes", size, {"service_type": "postgresql", "datname": name})
        self.set("physical_replication_lag_physical_replication_lag_seconds", 0, DATABASE)
        pool = {"database": "postgres", "user": "app"}
        self.set("pgbouncer_pools_client_active_connections", 12, POOLER | pool)
        self.set("pgbouncer_pools_client_waiting_connections", 3, POOLER | pool)
        for name, now, most in (("postgres", 15, 20), ("pgbouncer", 0, 0)):
            named = POOLER | {"database": name, "name": name, "pool_mode": "transaction", "port": "5432"}
            self.set("pgbouncer_databases_current_connections", now, named)
            self.set("pgbouncer_databases_max_connections", most, named)
        self.set("go_gc_duration_seconds", float("nan"), {"service_type": "postgresql", "quantile": "0"})

    def set(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Let a series say something else."""
        self.values[name, tuple(labels.items())] = value

    def work(self, idle_s: float, user_s: float) -> None:
        """Let each of two cores have been idle, and busy, for so long."""
        for cpu in ("0", "1"):
            for mode, seconds in (("idle", idle_s), ("user", user_s), ("iowait", 0.0)):
                labels = HOST | {"cpu": cpu, "mode": mode}
                key = ("node_cpu_seconds_total", tuple(labels.items()))
                self.values[key] = self.values.get(key, 0.0) + seconds

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer ``GET /customer/v1/privileged/metrics``."""
        if request.headers.get("Authorization") != encode_basic_auth("service_role", KEY):
            return web.json_response({"message": "Unauthorized"}, status=401)
        if self.fault is not None:
            return web.Response(status=self.fault.status, body=self.fault.body, headers=self.fault.headers)
        return web.Response(text=self._text(), content_type="text/plain")

    def _text(self) -> str:
        lines, last = [], ""
        whose = {"supabase_project_ref": REF, "supabase_identifier": REF}
        for (name, labels), value in sorted(self.values.items()):
            if name != last:
                kind = "counter" if name.endswith("_total") else "gauge"
                lines += [f"# HELP {name} What {name} says.", f"# TYPE {name} {kind}"]
                last = name
            told = ",".join(f'{label}="{of}"' for label, of in (whose | dict(labels)).items())
            lines.append(f"{name}{{{told}}} {value:.9g}")
        return "\n".join(lines) + "\n"


@asynccontextmanager
async def supabase() -> AsyncIterator[Project]:
    """Serve a project; it gives its own address as ``base``."""
    project = Project()
    async with answering({"/customer/v1/privileged/metrics": project.answer}) as port:
        project.base = f"http://127.0.0.1:{port}"
        yield project
