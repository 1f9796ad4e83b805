"""An app cannot reach or use Redis or MongoDB. Knows no other database."""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

_CLASSES = (
    r"Redis::(?:CannotConnect|Timeout)Error|Redis(?:Client)?(?:::|\.)[A-Za-z]{0,20}ConnectionError"
    r"|redis\.exceptions\.[A-Za-z]{0,20}(?:Connection|Timeout)Error|Error connecting to Redis"
    r"|\bRedis(?:Command)?TimeoutException\b|\bRedis Client Error:? \[?[A-Za-z]{0,40}Error\b"
)
_REDIS = (
    ("edis connection to", r"Redis connection to [^\n]{1,100}? failed", "redis, node"),
    ("connection pool timeout", r"redis: connection pool timeout", "go-redis"),
    ("NOAUTH", r"\bNOAUTH Authentication required", "Redis refuses it"),
    ("WRONGPASS", r"\bWRONGPASS invalid username-password", "Redis refuses it"),
    ("number of clients reached", r"max number of clients reached", "Redis is full"),
    ("[ioredis]", r"\[ioredis\] Unhandled error event: ", "ioredis"),
    (
        "edis",
        _CLASSES,
        "Redis",
    ),
    ("RedisClient::", r"\bRedisClient::(?:CannotConnect|(?:Read|Write|Connect)?Timeout)Error\b", "redis-client, Ruby"),
    ("edisConnection", r"\b(?:Redis|Jedis)Connection(?:Failure)?Exception\b", "Lettuce, Jedis, Spring, StackExchange"),
    (
        "RedisException",
        r"\bRedisException(?:: | with message ')(?:Connection |read error on connection|Redis server |php_network_)",
        "phpredis",
    ),
    ("MaxRetriesPerRequestError", r"MaxRetriesPerRequestError", "ioredis"),
    ("max retries per request", r"\bReached the max retries per request limit \(", "ioredis, without its class"),
    ("SocketClosedUnexpectedlyError", r"\bSocketClosedUnexpectedlyError\b", "redis, node: newer"),
    ("limit exceeded. Limit: ", r"\bERR max (?:[a-z]{3,10} )?requests? limit exceeded\b", "Upstash: no more this month or day"),
    ("error: Connection has failed", r"^error: Connection has failed$", "Bun"),
)
_MONGO = (
    ("bad auth", r"\bbad auth : ", "MongoDB refuses it"),
    ("pymongo.errors", r"\bpymongo\.errors\.(AutoReconnect|NetworkTimeout|ConnectionFailure|NotPrimaryError)\b", "pymongo"),
    ("Mongo", r"\bMongo(?:ose)?(?:Network|ServerSelection|TopologyClosed)[A-Za-z]{0,20}Error", "MongoDB, node"),
    ("MongoServerError", r"\bMongoServerError: Authentication failed\b", "MongoDB refuses it, node"),
    ("MongooseError", r"\bMongooseError: Operation `[^`\n]{1,100}` buffering timed out\b", "Mongoose, before it is connected"),
    ("Mongo", r"\bMongo(?:Timeout|Socket(?:Open|Read|Write|ReadTimeout)|Security)Exception\b", "MongoDB, Java"),
    ("Mongo::Error::", r"\bMongo::Error::(?:NoServerAvailable|Socket(?:Timeout)?Error)\b", "MongoDB, Ruby"),
    ("ServerSelectionTimeoutError", r"ServerSelectionTimeoutError", "MongoDB, Python"),
    (
        "_mongodb._tcp",
        r"query(?:Srv|Txt) (?:ENOTFOUND|ETIMEOUT|ECONNREFUSED|ESERVFAIL) (_mongodb\._tcp[^\s]{0,100})",
        "MongoDB's name",
    ),
)

SIGNS: tuple[Sign, ...] = tuple(sign(EventKind.DB_CONNECTION, *row) for row in (*_REDIS, *_MONGO))
