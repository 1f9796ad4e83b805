"""An app cannot reach or use its database. Knows no request and no Fly words.

Words of the drivers: PostgreSQL (libpq, JDBC, node-postgres, Postgrex, Active Record), Prisma, poolers, MySQL; ports of others.
"""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

_DB = EventKind.DB_CONNECTION
_PORTS = "5432|6543|5433|3306|6379|27017"

# A pool of connections has none left, or the pooler in between says so.
_POOLS = (
    sign(_DB, "Max client connections", r"Max client connections reached", "Supavisor"),
    sign(_DB, "Tenant or user not found", r"Tenant or user not found", "Supavisor refuses it"),
    sign(
        _DB, "(E", r"\((EDBHANDLEREXITED|ECHECKOUTTIMEOUT|EMAXCONNSESSION|EAUTHQUERY|ECIRCUITBREAKER)\)", "Supavisor, by code"
    ),
    sign(_DB, "acquiring a connection", r"Timeout acquiring a connection", "Knex"),
    sign(_DB, "QueuePool limit", r"QueuePool limit of size [0-9]+ overflow", "SQLAlchemy"),
    sign(_DB, "psycopg_pool", r"\bpsycopg_pool\.(?:PoolTimeout|PoolClosed|TooManyRequests)\b", "psycopg"),
    sign(_DB, "Connection is not available", r"Connection is not available, request timed out after", "HikariCP"),
    sign(_DB, "obtain a connection from the pool", r"could not obtain a connection from the pool", "Active Record"),
    sign(_DB, "Sequel::", r"\bSequel::(PoolTimeout|Database(?:Connection|Disconnect)Error)\b", "Sequel"),
    sign(_DB, "dropped from queue", r"connection not available and request was dropped from queue", "DBConnection"),
    sign(_DB, "when trying to connect", r"timeout exceeded when trying to connect", "node-postgres"),
    sign(_DB, "due to connection timeout", r"Connection terminated due to connection timeout", "node-postgres"),
    sign(_DB, "not queryable", r"Client has encountered a connection error and is not queryable", "node-postgres"),
)
# Drivers, and the poolers that tell of a server.
_DRIVERS = (
    sign(_DB, "Error in PostgreSQL connection", r"\bError in PostgreSQL connection: ", "Prisma's engine; Neon ends idle ones"),
    sign(_DB, "write CONNECT", r"\bwrite (CONNECT_TIMEOUT|CONNECTION_(?:CLOSED|ENDED|DESTROYED)) ", "postgres.js"),
    sign(_DB, "InterfaceError: connection", r"\bInterfaceError: connection already closed\b", "psycopg2, also in Django"),
    sign(_DB, "server conn crashed", r"\b(?:closing because|pooler error): server conn crashed\?", "pgbouncer"),
    sign(
        _DB,
        "Failed to connect to ",
        rf"\bFailed to connect to [^\s]{{1,100}}:({_PORTS})\b",
        "Npgsql: the port of a database",
    ),
    sign(
        _DB,
        "using the connection to database",
        r"\bAn error occurred using the connection to database '([^'\n]{0,100})' on server",
        "Entity Framework",
    ),
    sign(
        _DB,
        "NpgsqlException",
        r"\bNpgsqlException \([^)\n]{1,20}\): "
        r"(?:The connection pool has been exhausted|Exception while (?:reading from|writing to))",
        "Npgsql: no connection left, or cut off",
    ),
    sign(_DB, "PoolTimedOut", r"\bPoolTimedOut\b", "sqlx, as Rust shows it"),
    sign(_DB, "or: Connection terminated", r"\bError: Connection terminated$", "node-postgres, closed by the app or its pool"),
    sign(_DB, "NeonDbError", r"\bNeonDbError: Error connecting to database: ", "Neon, over HTTP"),
    sign(_DB, "PostgresError: Con", r"\bPostgresError: Connection (?:closed|timeout|timed out)\b", "Bun"),
    sign(_DB, "specified MySQL hosts", r"\bUnable to connect to any of the specified MySQL hosts\b", "MySQL, .NET"),
    sign(_DB, "ction to SQL Server", r"\boccurred while establishing a connection to SQL Server\b", "SQL Server, .NET"),
    sign(_DB, "pool timed out while", r"\bpool timed out while waiting for an open connection\b", "sqlx"),
    sign(_DB, "communicating with database", r"\berror communicating with database: ", "sqlx"),
    sign(_DB, "GetJdbcConnection", r"\bCannotGetJdbcConnectionException\b", "Spring"),
    sign(_DB, "ction lost: ", r"\bConnection lost: The server closed the connection\b", "mysql, node"),
    sign(
        _DB,
        "Lost connection to server",
        r"\bLost connection to server (?:during query|at '(?:handshake|reading|sending|waiting|receiving))",
        "MariaDB",
    ),
    sign(
        _DB,
        "connect(2) for ",
        rf"\bconnect\(2\) for \"?[^\s\"]{{1,100}}(?::|\" port )({_PORTS})\b",
        "Ruby: the port of a database",
    ),
    sign(_DB, "] unable to ping", r"\[(?:WARNING|ERROR)\] unable to ping \"host=", "repmgr, of PostgreSQL on Fly"),
    sign(_DB, "backend 'bk_db'", r"\bbackend '(bk_db)' has no server available!", "HAProxy before PostgreSQL on Fly"),
)
# The server says why it takes nobody, or a driver by the error's class.
_SERVERS = (
    sign(
        _DB,
        "he database system is",
        r"[Tt]he database system is (?:starting up|shutting down|in recovery mode|not )",
        "PostgreSQL",
    ),
    sign(_DB, "no pg_hba.conf entry", r"no pg_hba\.conf entry for", "PostgreSQL refuses it"),
    sign(_DB, "FATAL", r"\bFATAL: +(?:database|role) \"[^\"\n]{1,80}\" does not exist", "PostgreSQL knows it not"),
    sign(_DB, "pg_hba.conf rejects", r"pg_hba\.conf rejects (?:replication )?connection for", "PostgreSQL refuses it"),
    sign(_DB, "SSL SYSCALL error", r"SSL SYSCALL error: (?:EOF detected|Connection)", "libpq"),
    sign(_DB, "translate host name", r"could not translate host name", "libpq"),
    sign(_DB, "Server has closed the connection", r"\bServer has closed the connection", "Prisma"),
    sign(_DB, "`host=", r"failed to connect to `host=", "pgx 4"),
    sign(_DB, "`user=", r"failed to connect to `user=", "pgx 5"),
    sign(_DB, "driver: bad connection", r"\bdriver: bad connection\b", "Go"),
    sign(
        _DB,
        "PSQLException",
        r"PSQLException: (?:Connection to [^\n]{1,100} refused|The connection attempt failed|FATAL"
        r"|This connection has been closed|An I/O error occurred while sending)",
        "JDBC",
    ),
    sign(_DB, "ommunications link failure", r"\bCommunications link failure\b", "MySQL's JDBC"),
    sign(
        _DB,
        "asyncpg.exceptions",
        r"\basyncpg\.exceptions\.(?:_base\.)?((?:TooManyConnections|ConnectionDoesNotExist|CannotConnectNow|InvalidPassword"
        r"|ConnectionFailure|InvalidAuthorizationSpecification|AdminShutdown|Interface)Error)\b",
        "asyncpg",
    ),
    sign(
        _DB,
        "Sequelize",
        r"\bSequelize(?:Connection[A-Za-z]{0,20}|HostNotFound|HostNotReachable|AccessDenied|InvalidConnection)Error\b",
        "Sequelize",
    ),
    sign(_DB, "PROTOCOL_CONNECTION_LOST", r"\bPROTOCOL_CONNECTION_LOST\b", "mysql, node"),
    sign(_DB, "ER_ACCESS_DENIED", r"\bER_ACCESS_DENIED_ERROR\b", "mysql, node"),
    sign(_DB, "SQLSTATE[", r"SQLSTATE\[(?:HY000\] \[(?:1040|1045|2002|2003|2006)|08[0-9]{3})\]", "PDO"),
)

SIGNS: tuple[Sign, ...] = (
    sign(_DB, "P1", r"\b(P1(?:00[0-3]|008|009|01[017]))\b", "Prisma: cannot reach, wrong password, timed out, closed"),
    sign(_DB, "P2", r"\b(P20(?:24|37))\b", "Prisma: no connection left in the pool"),
    sign(_DB, "database server", r"[Cc]an(?:'|no)t reach database server", "Prisma without its code"),
    sign(_DB, "etching a new connection", r"[Tt]imed out fetching a new connection from the connection pool", "Prisma's pool"),
    sign(_DB, ".Protocol ", r"(?:Postgrex|MyXQL|Tds)\.Protocol [^\n]{0,60}?failed to connect", "Elixir"),
    sign(_DB, "DBConnection", r"\bDBConnection\.ConnectionError\b", "Elixir's pool"),
    sign(_DB, "connection to server", r"connection to server (?:at|on) [^\n]{0,200}? failed", "libpq"),
    sign(_DB, "could not connect to server", r"could not connect to server", "libpq before 14"),
    sign(_DB, "too many clients", r"too many clients already", "PostgreSQL is full"),
    sign(_DB, "too many connections for", r"too many connections for (?:role|database)", "PostgreSQL: a role's own limit"),
    sign(_DB, "slots are reserved", r"remaining connection slots are reserved", "PostgreSQL is nearly full"),
    sign(_DB, "MaxClients", r"\bMaxClientsInSessionMode\b|max clients reached", "Supavisor"),
    sign(_DB, "no more connections allowed", r"no more connections allowed", "pgbouncer"),
    sign(_DB, "server_login_retry", r"\bserver_login_retry\b", "pgbouncer: the server refused it lately"),
    sign(_DB, "cannot connect to server", r"\bpgbouncer cannot connect to server", "pgbouncer: the server is away"),
    sign(_DB, "query_wait_timeout", r"\bquery_wait_timeout\b", "pgbouncer: no server was free"),
    sign(_DB, "terminating connection", r"terminating connection (?:due to|because)", "PostgreSQL ends it"),
    sign(
        _DB,
        "authentication failed for user",
        r"\b(?:password|Peer|Ident|GSSAPI|LDAP|PAM|RADIUS|certificate) authentication failed for user",
        "PostgreSQL refuses it",
    ),
    sign(_DB, "terminated unexpectedly", r"[Cc]onnection terminated unexpectedly", "node-postgres"),
    sign(_DB, "connection unexpectedly", r"server closed the connection unexpectedly", "libpq"),
    sign(_DB, "SSL connection has been closed", r"SSL connection has been closed unexpectedly", "libpq"),
    sign(_DB, "PG::", r"\bPG::(?:ConnectionBad|UnableToSend)\b", "Ruby"),
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
    *_POOLS,
    *_SERVERS,
    *_DRIVERS,
    sign(_DB, "Too many connections", r"Too many connections|ER_CON_COUNT_ERROR", "MySQL is full"),
    sign(
        _DB,
        "MySQL server",
        r"MySQL server has gone away|Lost connection to MySQL server|Can't connect to (?:local )?MySQL server",
        "MySQL",
    ),
    sign(_DB, "Access denied for user", r"Access denied for user '[^'\n]{0,80}'@", "MySQL refuses it"),
    sign(_DB, "ECONNREFUSED", rf"ECONNREFUSED [^\s]{{1,100}}:({_PORTS})\b", "node: the port of a database"),
    sign(_DB, "ETIMEDOUT", rf"ETIMEDOUT [^\s]{{1,100}}:({_PORTS})\b", "the same, without an answer"),
    sign(_DB, "ECONNRESET", rf"ECONNRESET [^\s]{{1,100}}:({_PORTS})\b", "the same, cut off"),
    sign(_DB, "dial tcp", rf"dial tcp [^\s]{{1,100}}:({_PORTS}): ", "Go: the port of a database"),
    sign(
        _DB,
        "no such host",
        r"lookup ([^\s]{0,80}(?:supabase|postgres|pg|mysql|redis|mongo|db)[^\s]{0,80}?)(?: on [^\s]{1,60})?: no such host",
        "Go: the name of a database",
    ),
    sign(_DB, "onnection refused", rf":({_PORTS})\b[^\n]{{0,80}}?[Cc]onnection refused", "the port of a database"),
    sign(
        _DB,
        "getaddrinfo",
        r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([^\s]{0,80}(?:supabase|postgres|mysql|redis|mongo|db)[^\s]{0,80})",
        "the name of a database",
    ),
)
