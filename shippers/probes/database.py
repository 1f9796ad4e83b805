"""The probe ``database``: what a PostgreSQL says of itself. It only reads, with bounds that the server holds, too."""

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg

from shippers.console import say
from shippers.findings import Finding
from shippers.probes.database_address import Address
from shippers.probes.database_failures import ERRORS, is_of_the_connection, trouble
from shippers.probes.database_questions import EXTENSION, MARK, QUESTIONS, Question, statements
from shippers.probes.database_table import Database
from shippers.probes.failures import Failure
from shippers.probes.lines import failed_line, one_line, probe_line
from shippers.probes.statements import Counted, Counts, Times, since, times
from shippers.probes.totals import Totals
from shippers.probes.trying import tried
from streams.core.values import Line

APPLICATION = "flywatch"
TOTAL = "_total"


class DatabaseProbe:
    """Keeps its connection, so that it can still say who holds all the others; opens it anew when it broke."""

    kind = "database"

    def __init__(self, table: Database, environ: Mapping[str, str]) -> None:
        """Read the secret; SecretError if there is none, or it is not where a PostgreSQL is."""
        self.name = f"database {table.app}" + (f" {table.name}" if table.name != self.kind else "")
        self.apps = (table.app,)
        self.every_s, self.deadline_s = table.every_ms / 1000, table.deadline_ms / 1000
        self._table = table
        self._address = Address.read(table.secret, environ, f"[[probes.database]] of {table.app}")
        self._connection: asyncpg.Connection | None = None
        self._totals = Totals()
        self._statements: Counts | None = None  # of the last round
        self._hidden = ""  # what was told last of what may not be read
        self._started_at_s: float | None = None
        self._asking = ""

    async def measure(self, at_ms: int) -> list[Line]:
        """Ask every question; what cannot be answered is left out and named, once."""
        table = self._table
        try:
            async with asyncio.timeout(self.deadline_s * 0.9):  # ours, to say what it waited for
                fields = await self._answers()
        except ERRORS as error:
            self.drop()
            if isinstance(error, TimeoutError):
                said = f"no answer within {self.deadline_s * 0.9:g} s, asked for {self._asking}"
                return [failed_line(table.app, table.name, at_ms, self.kind, Failure.TIMEOUT, said)]
            why = trouble(error)
            full = {"pool_ratio": 1.0} if why.full else {}
            return [failed_line(table.app, table.name, at_ms, self.kind, why.failure, self._address.hide(why.detail), full)]
        except BaseException:  # cancelled amidst of an answer: the connection is of no use any more
            self.drop()
            raise
        return [probe_line(table.app, table.name, at_ms, self.kind, True, fields)]

    async def try_out(self) -> list[Finding]:
        """Measure once."""
        try:
            return await tried(self, {})  # what is wrong says how it is mended
        finally:
            self.drop()

    def drop(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _answers(self) -> dict[str, object]:
        connection = await self._connected()
        rows: dict[str, Any] = {}
        hidden: list[str] = []
        for question in QUESTIONS:
            for row in await self._ask(connection, question, hidden) or ():
                rows |= row
        if (started_at_s := rows.pop("started_at_s", None)) != self._started_at_s:
            self._started_at_s = started_at_s  # another server, or one that may have lost its statistics
            self._totals, self._statements = Totals(), None
        counted = {name: total for name, total in rows.items() if name.endswith(TOTAL)}
        fields = {name: value for name, value in rows.items() if name not in counted}
        fields |= {name.removesuffix(TOTAL): new for name, new in self._totals.since(counted).items()}
        fields |= _told(await self._times(connection, hidden))
        if sessions := fields.get("hidden_connections"):
            hidden.append(f"{sessions} sessions of other roles: GRANT pg_monitor TO the role that asks")
        return fields | {"detail": self._once(hidden)}

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._asking = "a connection"
            self._connection = await asyncpg.connect(
                self._address.dsn,
                timeout=self.deadline_s,
                statement_cache_size=0,  # poolers hand each transaction to another server
                server_settings={"application_name": APPLICATION},
            )
        return self._connection

    async def _ask(self, connection: asyncpg.Connection, question: Question, hidden: list[str]) -> list[dict[str, Any]] | None:
        """Ask in a transaction of its own: what SET LOCAL bounds holds behind a pooler, too, and an error ends no other."""
        self._asking = question.about
        bound_ms = round(self.deadline_s * 500)
        await connection.execute(
            f"BEGIN READ ONLY; SET LOCAL statement_timeout = {bound_ms}; SET LOCAL lock_timeout = {bound_ms}"
        )
        rows: list[dict[str, Any]] | None = None
        try:
            rows = [dict(row) for row in await connection.fetch(MARK + question.sql)]
        except asyncpg.PostgresError as error:
            if is_of_the_connection(error):
                raise
            hidden.append(f"{question.about}: {trouble(error).detail}")
        await connection.execute("ROLLBACK")
        return rows

    async def _times(self, connection: asyncpg.Connection, hidden: list[str]) -> Times | None:
        """Return how long queries took since the last round that told it, None without the extension."""
        found = await self._ask(connection, Question("extensions", EXTENSION), hidden)
        rows = await self._ask(connection, statements(found[0]["quote_ident"]), hidden) if found else None
        if rows is None:
            return None
        before, self._statements = self._statements, _counts(rows)
        if before is None:
            return None
        return await asyncio.to_thread(times, since(before, self._statements))  # of 5,000 statements it takes a quarter second

    def _once(self, hidden: list[str]) -> str | None:
        """Return what may not be read if it is not what was told last; people are told, too."""
        told = one_line("; ".join(hidden))
        kinds = "".join(char for char in told if not char.isdigit())  # how many sessions there are changes all the time
        if kinds == self._hidden:
            return None
        self._hidden = kinds
        if told:
            say(f"{self.name}: cannot read {told}")
        return f"cannot read {told}" if told else None


def _counts(rows: list[dict[str, Any]]) -> Counts:
    return {(row["role"], row["statement"]): Counted(row["calls"], row["total_ms"], row["squares"]) for row in rows}


def _told(found: Times | None) -> dict[str, object]:
    if found is None:
        return {}
    return {"queries": found.queries, "query_mean_ms": found.mean_ms, "query_p95_ms": found.p95_ms, "query_p95_estimated": True}
