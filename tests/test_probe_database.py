"""The probe ``database`` against a real PostgreSQL: right values, and every way in which it can fail."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from config.kafka.broker import free_port
from shippers.metrics import Metrics
from shippers.probes.database import DatabaseProbe
from shippers.probes.database_address import Address
from shippers.probes.database_table import Database
from shippers.probes.rounds import Probes
from shippers.secrets import SecretError
from tests.pipeline import until
from tests.servers.postgres import MAX_CONNECTIONS, PASSWORD, RESERVED, Postgres, connected, directory_of_postgres, postgres

ROOT = Path(__file__).parents[1]
DEADLINE_S = 60.0
ARCHIVING = "archive_mode = on\narchive_command = '/bin/true'\n"
Document = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Give a server that archives, with roles: one that may see all, one that may not, one that must use TLS."""
    with postgres(ARCHIVING) as running:
        asyncio.run(_prepared(running))
        yield running


@pytest.fixture(scope="module")
def plain() -> Iterator[Postgres]:
    """Give a server that tests may kill and stop, if they leave it running."""
    with postgres() as running:
        yield running


async def _prepared(running: Postgres) -> None:
    connection = await connected(running)
    await connection.execute("CREATE EXTENSION pg_stat_statements; CREATE TABLE orders (id int PRIMARY KEY, state text)")
    await connection.execute("INSERT INTO orders VALUES (1, 'new'), (2, 'new')")
    for role in ("watcher", "stranger", "tls_only"):
        await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    await connection.execute("GRANT pg_monitor TO watcher")
    await connection.close()


@asynccontextmanager
async def probing(server: Postgres, dsn: str | None = None, deadline: str = "20s") -> AsyncIterator[DatabaseProbe]:
    """Give a probe of a server, which hangs up in the end."""
    table = Database.model_validate({"app": "shop", "secret": "SHOP_DATABASE", "deadline": deadline})
    probe = DatabaseProbe(table, {"SHOP_DATABASE": dsn or server.dsn("watcher")})
    try:
        yield probe
    finally:
        probe.drop()


async def measured(probe: DatabaseProbe) -> Document:
    """Return what one round tells; whatever it is, it names no password."""
    (line,) = await probe.measure(1_760_121_360_000)
    assert (line.app, line.instance, line.provider, line.stamp) == ("shop", "database", "probe", "2025-10-10T18:36:00Z")
    assert PASSWORD not in line.text
    document: Document = orjson.loads(line.text)
    assert list(document)[:2] == ["probe", "ok"]
    return document


async def _opened(stack: AsyncExitStack, server: Postgres, several: int = 1, **given: str) -> list[asyncpg.Connection]:
    connections = []
    for _ in range(several):
        connections.append(await connected(server, **given))
        stack.callback(connections[-1].terminate)
    return connections


async def test_connections_and_transactions(server: Postgres) -> None:
    """The pool's use, sessions by state, and the longest transaction are those of the sessions that were opened."""
    async with probing(server) as probe, AsyncExitStack() as stack:
        idle = await _opened(stack, server, 4)
        (inside,) = await _opened(stack, server)
        await inside.execute("BEGIN; SELECT pg_sleep(0.2)")
        told = await measured(probe)
        assert told["ok"] is True
        assert told["connections"] == len(idle) + 2
        assert told["pool_ratio"] == round(told["connections"] / MAX_CONNECTIONS, 6)
        assert (told["max_connections"], told["reserved_connections"]) == (MAX_CONNECTIONS, RESERVED)
        assert told["idle_connections"] == len(idle)
        assert (told["active_connections"], told["idle_in_transaction_connections"]) == (0, 1)
        assert 0.2 < told["transaction_s"] < DEADLINE_S
        assert 0 < told["idle_in_transaction_s"] < told["transaction_s"]
        assert told["version"].startswith("15.")
        assert told["role"] == "primary"
        assert told["database_bytes"] > 1_000_000
        assert "hidden_connections" not in told
        assert "detail" not in told


async def test_locks_and_deadlocks(server: Postgres) -> None:
    """Who waits for a lock is counted, and a deadlock of two sessions is told once, in the round after it."""
    async with probing(server) as probe, AsyncExitStack() as stack:
        one, two = await _opened(stack, server, 2)
        first = await measured(probe)
        assert (first["locks_waiting"], first["lock_wait_s"]) == (0, 0)
        assert "deadlocks" not in first
        await one.execute("BEGIN; UPDATE orders SET state = 'a' WHERE id = 1")
        await two.execute("BEGIN; UPDATE orders SET state = 'b' WHERE id = 2")
        waiting = asyncio.create_task(two.execute("UPDATE orders SET state = 'b' WHERE id = 1"))

        async def one_waits() -> Document | None:
            told = await measured(probe)
            return told if told["locks_waiting"] == 1 and told.get("lock_wait_s", 0) > 0 else None

        assert (await until("one waits", one_waits, DEADLINE_S))["deadlocks"] == 0
        last = one.execute("UPDATE orders SET state = 'a' WHERE id = 2")
        ends = await asyncio.gather(last, waiting, return_exceptions=True)
        assert [type(end) for end in ends].count(asyncpg.DeadlockDetectedError) == 1
        for session in (one, two):
            await session.execute("ROLLBACK")
            await session.execute("SELECT pg_stat_force_next_flush()")  # what it counted is told at once, not within 10 s
        assert (await measured(probe))["deadlocks"] == 1
        assert (await measured(probe))["deadlocks"] == 0


async def test_times_of_queries(server: Postgres) -> None:
    """Since the last round: how many queries there were, their mean time and an estimated P95; the probe's own are left out."""
    async with probing(server) as probe, AsyncExitStack() as stack:
        (connection,) = await _opened(stack, server)
        assert "query_mean_ms" not in await measured(probe)
        assert "query_mean_ms" not in await measured(probe)  # nobody asked anything
        for _ in range(95):
            await connection.fetchval("SELECT 1")
        for _ in range(10):
            await connection.fetchval("SELECT pg_sleep(0.05)")
        told = await measured(probe)
        assert told["queries"] == 105
        assert 50 * 10 / 105 < told["query_mean_ms"] < 50
        assert 50 < told["query_p95_ms"] < 500
        assert told["query_p95_estimated"] is True


async def test_archiving(server: Postgres) -> None:
    """Where it archives it is told how long ago the last piece was safe, and when that fails; elsewhere nothing is told."""
    async with probing(server) as probe, AsyncExitStack() as stack:
        (connection,) = await _opened(stack, server)

        async def archived() -> Document | None:
            await connection.execute("SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS written (); DROP TABLE written")
            told = await measured(probe)
            return told if "archived_age_s" in told else None

        told = await until("a piece is archived", archived, DEADLINE_S)
        assert 0 <= told["archived_age_s"] < DEADLINE_S
        assert (told["archive_failing"], told.get("archive_failures", 0)) == (False, 0)
        await connection.execute("ALTER SYSTEM SET archive_command = '/bin/false'")
        await connection.execute("SELECT pg_reload_conf()")

        async def failing() -> Document | None:
            told = await archived()
            return told if told and told["archive_failing"] else None

        assert (await until("archiving fails", failing, DEADLINE_S))["archive_failures"] > 0


async def test_without_archiving_and_statistics(plain: Postgres) -> None:
    """What a server does not tell is absent: archiving that is off, statements without the extension, lag of a primary."""
    async with probing(plain, plain.dsn()) as probe:
        await measured(probe)
        told = await measured(probe)
    assert told["ok"] is True
    assert not {"archived_age_s", "archive_failing", "queries", "replication_lag_s", "detail"} & set(told)


async def test_a_replica(plain: Postgres) -> None:
    """A replica tells its lag, and that it has lost its primary; the primary tells of its replicas."""
    with directory_of_postgres() as directory:
        replica = await asyncio.to_thread(plain.clone, directory)
        try:
            async with probing(plain, plain.dsn()) as primary, probing(replica, replica.dsn()) as probe:

                async def up_to_date() -> bool:
                    of_it, of_primary = await measured(probe), await measured(primary)
                    received = of_it["role"] == "replica" and of_it["replication_connected"] and of_it["replication_lag_s"] == 0
                    return bool(received and of_primary["replicas"] == 1 and of_primary.get("replicas_lag_bytes") == 0)

                await until("it is up to date", up_to_date, DEADLINE_S)
                await asyncio.to_thread(plain.kill)

                async def alone() -> bool:
                    told = await measured(probe)
                    return told["ok"] and not told["replication_connected"]

                await until("it is alone", alone, DEADLINE_S)
        finally:
            replica.kill()
            await asyncio.to_thread(plain.start)


async def test_a_server_that_lets_nobody_in(plain: Postgres) -> None:
    """A server that is up but does not take connections yet, as while it recovers, says so itself."""
    with directory_of_postgres() as directory:
        standby = await asyncio.to_thread(lambda: plain.clone(directory, hot=False))
        try:
            async with probing(standby, standby.dsn()) as probe:
                told = await measured(probe)
            assert (told["ok"], told["error"]) == (False, "unavailable")
            assert "starting up" in told["detail"]
        finally:
            standby.kill()


async def test_a_role_that_may_not_see_all(server: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    """What may be read is told all the same, the rest is named once with how to mend it, and nothing hidden is called zero."""
    async with probing(server, server.dsn("stranger")) as probe, AsyncExitStack() as stack:
        await _opened(stack, server, 2)
        first, second = await measured(probe), await measured(probe)
        assert first["connections"] == 3
        assert first["hidden_connections"] == 2
        assert "transaction_s" not in first
        assert "GRANT pg_monitor" in first["detail"]
        assert "detail" not in second
        assert capsys.readouterr().err.count("GRANT pg_monitor") == 1


async def test_what_is_refused(server: Postgres) -> None:
    """Each wrong setting has its own error, which says how to mend it, and none names the password."""
    wrong = PASSWORD[::-1]
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        refused = {
            "auth": (server.dsn("watcher", password=wrong), "the password is wrong"),
            "not_found": (server.dsn("watcher", database="no_such"), "no such database"),
            "tls": (server.dsn("tls_only") + "?sslmode=disable", "TLS"),
            "refused": (f"postgres://watcher:{wrong}@127.0.0.1:{free_port()}/postgres", "nothing listens there"),
            "timeout": (f"postgres://watcher:{wrong}@127.0.0.1:{deaf.getsockname()[1]}/postgres", "asked for a connection"),
            "dns": (f"postgres://watcher:{wrong}@no-such-host.example/postgres", "no host of that name"),
        }
        for error, (dsn, word) in refused.items():
            async with probing(server, dsn, deadline="2s") as probe:
                told = await measured(probe)
                (finding,) = await probe.try_out()
            assert (told["ok"], told["error"]) == (False, error), told
            assert word in told["detail"]
            assert not finding.ok
            assert wrong not in told["detail"] + finding.text
    for settings, error in (
        ("sslmode=require", "tls"),
        ("sslmode=perhaps", "bad_query"),
        ("sslmode=verify-full&sslrootcert=/no/such", "bad_query"),
    ):
        async with probing(server, server.dsn("watcher") + f"?{settings}") as probe:
            assert (await measured(probe)).get("error") == error


async def test_too_many_clients(plain: Postgres) -> None:
    """When nothing is left the pool's use is 1; a probe that kept its connection can still say who holds the others."""
    async with (
        probing(plain, plain.dsn("watcher")) as late,
        probing(plain, plain.dsn("watcher")) as kept,
        AsyncExitStack() as stack,
    ):
        (boss,) = await _opened(stack, plain)
        await boss.execute(f"CREATE ROLE watcher LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor")
        await measured(kept)
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await _opened(stack, plain, MAX_CONNECTIONS, user="watcher")
        told = await measured(late)
        assert (told["ok"], told["error"], told["pool_ratio"]) == (False, "unavailable", 1)
        assert "no connection left" in told["detail"]
        told = await measured(kept)
        assert told["ok"] is True
        assert told["connections"] + RESERVED >= MAX_CONNECTIONS
        assert told["pool_ratio"] == 1
        assert told["idle_connections"] == told["connections"] - 1


async def test_it_hangs_up(server: Postgres) -> None:
    """The connection is kept from round to round, and closed when the source ends."""
    async with probing(server) as probe, AsyncExitStack() as stack:
        (connection,) = await _opened(stack, server)

        async def ours() -> list[Any]:
            rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = 'flywatch'")
            return [row["pid"] for row in rows]

        await measured(probe)
        (pid,) = await ours()
        source = Probes([probe], Metrics(), jitter=0, concurrency=1, once=True)
        assert [line.level async for lines in source.read(asyncio.Event()) for line in lines] == ["info"]

        async def gone() -> bool:
            return pid not in await ours()

        await until("it has hung up", gone, DEADLINE_S)


async def test_a_server_that_is_killed_and_comes_back(plain: Postgres) -> None:
    """While it is down that is told; when it is back the same probe measures on."""
    async with probing(plain, plain.dsn()) as probe:
        assert (await measured(probe))["ok"] is True
        await asyncio.to_thread(plain.kill)
        try:
            assert (await measured(probe))["error"] in {"refused", "unavailable", "unreachable"}
            assert (await measured(probe))["error"] == "refused"
        finally:
            await asyncio.to_thread(plain.start)
        assert (await measured(probe))["ok"] is True


async def test_a_server_that_stands_still(plain: Postgres) -> None:
    """A server that does not answer ends the round at its deadline, with or without a connection, and later all is well."""
    async with probing(plain, plain.dsn(), deadline="1s") as kept, probing(plain, plain.dsn(), deadline="1s") as fresh:
        assert (await measured(kept))["ok"] is True
        plain.pause()
        try:
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            told = await asyncio.gather(measured(kept), measured(fresh))
            assert [(each["ok"], each["error"]) for each in told] == [(False, "timeout")] * 2
            assert "asked for the server" in told[0]["detail"]
            assert "asked for a connection" in told[1]["detail"]
            assert loop.time() - began_s < 5
        finally:
            plain.resume()

        async def well() -> bool:
            return bool((await measured(kept))["ok"] and (await measured(fresh))["ok"])

        await until("all is well", well, DEADLINE_S)


@pytest.mark.parametrize(
    "given", ["", "shop.example.com", "mysql://a:secret@h/x", "postgres://a:secret@h:secret/x", "postgres://a:b@[secret/x"]
)
def test_secrets_that_are_none(given: str) -> None:
    """A secret that is missing or is no address ends the start with the variable's name, and is not quoted."""
    table = Database.model_validate({"app": "shop"})
    with pytest.raises(SecretError, match="DATABASE_URL") as raised:
        DatabaseProbe(table, {"DATABASE_URL": given} if given else {})
    assert "secret" not in str(raised.value)


def test_addresses_of_other_drivers() -> None:
    """What other drivers add to the URL is left out, what PostgreSQL knows is kept, and the password is hidden in any form."""
    given = "postgresql+psycopg2://a:p%40ss@h:5433/x?sslmode=require&pgbouncer=true&schema=public"
    address = Address.read("X", {"X": given}, "here")
    assert address.dsn == "postgresql://a:p%40ss@h:5433/x?sslmode=require"
    assert address.hide("p@ss or p%40ss") == "*** or ***"


def _flyship(directory: Path, url: str | None) -> "subprocess.CompletedProcess[str]":
    config = directory / "flyship.toml"
    config.write_text('[[probes.database]]\napp = "shop"\nsecret = "SHOP_DATABASE"\n')
    env = {name: value for name, value in os.environ.items() if not name.startswith(("FLYWATCH_", "FLYSHIP_"))}
    env |= {"FLYSHIP_CONFIG": str(config), "FLYSHIP_STATE": str(directory)} | ({"SHOP_DATABASE": url} if url else {})
    command = [sys.executable, "-m", "shippers", "probe", "database", "--once", "--dry-run"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def test_the_command(server: Postgres, tmp_path: Path) -> None:
    """``flyship probe database --once`` ends with 0 if all is well, 1 if not, 2 without a secret; it prints none."""
    well, wrong = _flyship(tmp_path, server.dsn("watcher")), _flyship(tmp_path, server.dsn("watcher", database="none"))
    missing = _flyship(tmp_path, None)
    assert [done.returncode for done in (well, wrong, missing)] == [0, 1, 2], well.stderr
    ((_, text),) = orjson.loads(well.stdout)["lines"]
    assert orjson.loads(text)["max_connections"] == MAX_CONNECTIONS
    assert "no such database" in wrong.stderr
    assert "set SHOP_DATABASE or SHOP_DATABASE_FILE" in missing.stderr
    assert not any(PASSWORD in done.stdout + done.stderr for done in (well, wrong, missing))
