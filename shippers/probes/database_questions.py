"""What a PostgreSQL is asked in each round: questions in order, each a row whose columns are fields. Opens nothing.

Every question reads statistics alone, is cheap, and holds for PostgreSQL 13 and newer, primary or replica. Columns that
end in ``_total`` count since the server's statistics began; what of them is told is what came since the last round.
"""

from msgspec import Struct

from shippers.probes.statements import MOST

MARK = "/* flywatch */ "  # stands before each, so that pg_stat_statements can leave ours out


class Question(Struct, frozen=True):
    """``about`` names it to people where it cannot be answered."""

    about: str
    sql: str


SERVER = """
SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
       CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END AS role,
       extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8 AS uptime_s,
       extract(epoch FROM pg_postmaster_start_time())::float8 AS started_at_s"""

# Of the whole server: connections are what all of its databases share. When only those are left that are reserved, nobody else
# gets in: then it is used up. Before PostgreSQL 16 only superusers had some reserved.
POOL = """
SELECT CASE WHEN connections >= most - reserved THEN 1 ELSE connections / most::float8 END AS pool_ratio,
       connections, most AS max_connections, reserved AS reserved_connections
  FROM (SELECT (SELECT sum(numbackends)::bigint FROM pg_stat_database) AS connections,
               current_setting('max_connections')::bigint AS most,
               current_setting('superuser_reserved_connections')::bigint
                 + coalesce(current_setting('reserved_connections', true)::bigint, 0) AS reserved) AS pool"""

# Sessions of roles that we are no member of are there without their state, unless we are in pg_monitor.
SESSIONS = """
SELECT CASE WHEN told THEN active END AS active_connections,
       CASE WHEN told THEN idle END AS idle_connections,
       CASE WHEN told THEN in_transaction END AS idle_in_transaction_connections,
       CASE WHEN told THEN transaction_s END AS transaction_s,
       CASE WHEN told THEN idle_in_transaction_s END AS idle_in_transaction_s,
       nullif(hidden, 0) AS hidden_connections
  FROM (SELECT count(*) FILTER (WHERE state = 'active') AS active,
               count(*) FILTER (WHERE state = 'idle') AS idle,
               count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS in_transaction,
               coalesce(max(extract(epoch FROM clock_timestamp() - xact_start))
                          FILTER (WHERE datname = current_database()), 0)::float8 AS transaction_s,
               coalesce(max(extract(epoch FROM clock_timestamp() - state_change))
                          FILTER (WHERE datname = current_database() AND state LIKE 'idle in transaction%'), 0
                       )::float8 AS idle_in_transaction_s,
               count(*) FILTER (WHERE backend_type IS NULL) AS hidden,
               count(*) = 0 OR count(backend_type) > 0 AS told
          FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND datname IS NOT NULL
           AND (backend_type = 'client backend' OR backend_type IS NULL)) AS sessions"""

# waitstart came with PostgreSQL 14: of older ones it is not told how long.
LOCKS = """
SELECT count(*) AS locks_waiting,
       CASE WHEN count(*) = 0 THEN 0
            ELSE extract(epoch FROM max(clock_timestamp() - (to_jsonb(lock) ->> 'waitstart')::timestamptz))
       END::float8 AS lock_wait_s
  FROM pg_locks AS lock
  JOIN pg_stat_activity USING (pid)
 WHERE NOT granted AND datname = current_database()"""

DATABASE = """
SELECT pg_database_size(datname)::bigint AS database_bytes, deadlocks::bigint AS deadlocks_total
  FROM pg_stat_database
 WHERE datname = current_database()"""

# PostgreSQL knows no backups, but of archiving it knows when the last piece was safe. Without archiving there is no row.
ARCHIVER = """
SELECT extract(epoch FROM clock_timestamp() - last_archived_time)::float8 AS archived_age_s,
       failed_count::bigint AS archive_failures_total,
       coalesce(last_failed_time > last_archived_time, failed_count > 0) AS archive_failing
  FROM pg_stat_archiver
 WHERE current_setting('archive_mode') <> 'off'"""

# A replica that has replayed all it received is up to date only while it receives.
REPLICA = """
SELECT receives AS replication_connected,
       CASE WHEN receives AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
       END::float8 AS replication_lag_s
  FROM (SELECT EXISTS (SELECT FROM pg_stat_wal_receiver) AS receives) AS receiver
 WHERE pg_is_in_recovery()"""

REPLICAS = """
SELECT count(*) AS replicas,
       max(CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) END)::bigint
         AS replicas_lag_bytes
  FROM pg_stat_replication"""

QUESTIONS = (
    Question("the server", SERVER),  # first: the others are answered by a server that answers this
    Question("connections", POOL),
    Question("sessions", SESSIONS),
    Question("locks", LOCKS),
    Question("the database's size", DATABASE),
    Question("the archiver", ARCHIVER),
    Question("replication", REPLICA),
    Question("replicas", REPLICAS),
)

EXTENSION = """
SELECT quote_ident(nspname)
  FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
 WHERE extname = 'pg_stat_statements'"""

# ``squares`` is the sum of the squares of every call's time: differences of it give the spread since the last round.
# Statements of others are there without their text, unless we are in pg_monitor; BEGIN, COMMIT and their like are no queries.
STATEMENTS_OF = r"""
SELECT userid::bigint AS role, queryid AS statement, sum(calls)::bigint AS calls, sum(total_exec_time)::float8 AS total_ms,
       sum(calls * (stddev_exec_time ^ 2 + mean_exec_time ^ 2))::float8 AS squares
  FROM {schema}.pg_stat_statements
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND queryid IS NOT NULL AND query NOT LIKE '/* flywatch */%'
   AND query !~* '^\s*(begin|start|commit|end|rollback|abort|savepoint|release|set|reset|show|discard|deallocate)\y'
 GROUP BY userid, queryid
 ORDER BY calls DESC
 LIMIT {most}"""


def statements(schema: str) -> Question:
    """Return the question for what pg_stat_statements, in this schema (as SQL quotes it), counts of this database."""
    return Question("pg_stat_statements", STATEMENTS_OF.format(schema=schema, most=MOST))
