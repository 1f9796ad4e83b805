"""An app cannot reach or use its database. Knows no request and no Fly words.

Words of the drivers: PostgreSQL (libpq, JDBC, node-postgres, Postgrex, Active Record), Prisma, poolers, MySQL, Redis, MongoDB.
"""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

_DB = EventKind.DB_CONNECTION
_PORTS = "5432|6543|5433|3306|6379|27017"

SIGNS: tuple[Sign, ...] = (
    sign(_DB, "P1", r"\b(P1(?:00[0-3]|008|009|01[017]))\b", "Prisma: cannot reach, wrong password, timed out, closed"),
    sign(_DB, "P2", r"\b(P20(?:24|37))\b", "Prisma: no connection left in the pool"),
    sign(_DB, "database server", r"[Cc]an(?:'|no)t reach database server", "Prisma without its code"),
    sign(_DB, "connection pool", r"[Tt]imed out fetching a new connection from the connection pool", "Prisma's pool"),
    sign(_DB, "failed to connect", r"(?:Postgrex|MyXQL|Tds)\.Protocol [^\n]{0,60}?failed to connect", "Elixir"),
    sign(_DB, "DBConnection", r"\bDBConnection\.ConnectionError\b", "Elixir's pool"),
    sign(_DB, "connection to server", r"connection to server (?:at|on) [^\n]{0,200}? failed", "libpq"),
    sign(_DB, "could not connect to server", r"could not connect to server", "libpq before 14"),
    sign(_DB, "too many clients", r"too many clients already", "PostgreSQL is full"),
    sign(_DB, "connection slots", r"remaining connection slots are reserved", "PostgreSQL is nearly full"),
    sign(_DB, "MaxClients", r"\bMaxClientsInSessionMode\b|max clients reached", "Supavisor"),
    sign(_DB, "no more connections allowed", r"no more connections allowed", "pgbouncer"),
    sign(_DB, "server_login_retry", r"server_login_retry|query_wait_timeout", "pgbouncer"),
    sign(_DB, "terminating connection", r"terminating connection (?:due to|because)", "PostgreSQL ends it"),
    sign(_DB, "authentication failed for user", r"password authentication failed for user", "PostgreSQL refuses it"),
    sign(_DB, "terminated unexpectedly", r"[Cc]onnection terminated unexpectedly", "node-postgres"),
    sign(_DB, "connection unexpectedly", r"server closed the connection unexpectedly", "libpq"),
    sign(_DB, "SSL connection has been closed", r"SSL connection has been closed unexpectedly", "libpq"),
    sign(_DB, "PG::ConnectionBad", r"PG::(?:ConnectionBad|UnableToSend)", "Ruby"),
    sign(
        _DB,
        "ActiveRecord::",
        r"ActiveRecord::(?:ConnectionNotEstablished|ConnectionTimeoutError|DatabaseConnectionError)",
        "Rails",
    ),
    sign(
        _DB,
        "OperationalError",
        r"\b(?:psycopg2?|asyncpg|django\.db|sqlalchemy|MySQLdb|pymysql)[A-Za-z0-9_.]{0,40}OperationalError",
        "Python",
    ),
    sign(_DB, "Too many connections", r"Too many connections|ER_CON_COUNT_ERROR", "MySQL is full"),
    sign(
        _DB,
        "MySQL server",
        r"MySQL server has gone away|Lost connection to MySQL server|Can't connect to (?:local )?MySQL server",
        "MySQL",
    ),
    sign(_DB, "Access denied for user", r"Access denied for user '[^'\n]{0,80}'@", "MySQL refuses it"),
    sign(
        _DB,
        "edis",
        r"Redis::CannotConnectError|Redis(?:Client)?(?:::|\.)[A-Za-z]{0,20}ConnectionError"
        r"|redis\.exceptions\.[A-Za-z]{0,20}(?:Connection|Timeout)Error|Error connecting to Redis",
        "Redis",
    ),
    sign(_DB, "MaxRetriesPerRequestError", r"MaxRetriesPerRequestError", "ioredis"),
    sign(_DB, "Mongo", r"\bMongo(?:ose)?(?:Network|ServerSelection|TopologyClosed)[A-Za-z]{0,20}Error", "MongoDB, node"),
    sign(_DB, "ServerSelectionTimeoutError", r"ServerSelectionTimeoutError", "MongoDB, Python"),
    sign(_DB, "ECONNREFUSED", rf"ECONNREFUSED [^\s]{{1,100}}:({_PORTS})\b", "node: the port of a database"),
    sign(_DB, "onnection refused", rf":({_PORTS})\b[^\n]{{0,80}}?[Cc]onnection refused", "the port of a database"),
    sign(
        _DB,
        "getaddrinfo",
        r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([^\s]{0,80}(?:supabase|postgres|mysql|redis|mongo|db)[^\s]{0,80})",
        "the name of a database",
    ),
)
