"""The probe of a Supabase project, by its metrics endpoint: what its machine and its PostgreSQL do. Knows no schedule."""

from base64 import b64encode
from collections.abc import Mapping

from shippers.findings import Finding
from shippers.probes.asking import HIDDEN, Unanswered, asked
from shippers.probes.database_table import Supabase
from shippers.probes.exposition import Sample, samples
from shippers.probes.failures import Failure
from shippers.probes.lines import failed_line, probe_line
from shippers.probes.supabase_fields import NAMES, fields, is_down
from shippers.probes.totals import Totals
from shippers.probes.trying import tried
from shippers.secrets import SecretError, secret
from streams.core.values import Line

PATH = "/customer/v1/privileged/metrics"
USER = "service_role"
_MENDING = {
    Failure.AUTH: "set the secret to the project's service_role key (Project Settings, API Keys)",
    Failure.NOT_FOUND: "check [[probes.supabase]] ref",
    Failure.DNS: "check [[probes.supabase]] ref",
    Failure.BAD_ANSWER: "check [[probes.supabase]] ref and base",
}


class SupabaseProbe:
    """Its lines are those of the probe ``database``, with an instance of their own."""

    kind = "database"

    def __init__(self, table: Supabase, environ: Mapping[str, str]) -> None:
        """Read the secret; SecretError if there is none."""
        key = secret(table.secret, environ)
        if key is None:
            raise SecretError(f"[[probes.supabase]] of {table.app}: set {table.secret} or {table.secret}_FILE")
        self.name, self.apps = f"{table.name} {table.app}", (table.app,)
        self.every_s, self.deadline_s = table.every_ms / 1000, table.deadline_ms / 1000
        self._table, self._key = table, key
        self._url = (table.base or f"https://{table.ref}.supabase.co").rstrip("/") + PATH
        self._totals = Totals()

    async def measure(self, at_ms: int) -> list[Line]:
        """Ask once."""
        table = self._table
        try:
            series = await self._series()
        except Unanswered as error:
            detail = str(error).replace(self._key.get_secret_value(), HIDDEN)
            return [failed_line(table.app, table.name, at_ms, self.kind, error.failure, detail)]
        except ValueError as error:
            return [failed_line(table.app, table.name, at_ms, self.kind, Failure.BAD_ANSWER, str(error))]
        told = fields(series, self._totals)
        if is_down(series):
            said = "Supabase cannot reach its PostgreSQL (pg_up 0)"
            return [failed_line(table.app, table.name, at_ms, self.kind, Failure.UNAVAILABLE, said, told)]
        if not told:
            said = "none of the series that Supabase has"
            return [failed_line(table.app, table.name, at_ms, self.kind, Failure.BAD_ANSWER, said)]
        return [probe_line(table.app, table.name, at_ms, self.kind, True, told)]

    async def try_out(self) -> list[Finding]:
        """Ask once."""
        return await tried(self, _MENDING)

    async def _series(self) -> dict[str, list[Sample]]:
        pair = b64encode(f"{USER}:{self._key.get_secret_value()}".encode()).decode()
        body = await asked(self._url, {"Authorization": f"Basic {pair}"})
        return samples(body, NAMES)
