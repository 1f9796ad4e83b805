"""The topics of the design as code: creates what is missing, verifies what is there. Knows no line and no window."""

import os

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError
from msgspec import Struct

from streams import kafka_access
from streams.settings import Settings

CHANGELOG_KEEP_MS = 30 * 86_400_000
RECORD_BYTES = 8 * 1024 * 1024  # what the dead-letter topic takes: a whole record that nobody could read


class Topic(Struct, frozen=True):
    """A topic as it should be; ``config`` in Kafka's own words."""

    name: str
    partitions: int
    config: dict[str, str]


class TopicMismatch(Exception):
    """Topics exist otherwise than the settings say; the message has a line for each difference."""


def catalogue(settings: Settings) -> dict[str, Topic]:
    """Return every topic by its role, the changelogs of both stages among them."""
    n, names = settings.topics.partitions, settings.topics
    delete = {role: {"cleanup.policy": "delete", "retention.ms": str(names.keep_ms(role))} for role in names.names}
    compact = {
        # Forgotten keys stay as small records until they are old; what is alive is written far more often than that.
        "cleanup.policy": "compact,delete",
        "retention.ms": str(settings.time.lateness_ms + CHANGELOG_KEEP_MS),
        # The newest write of a key may be void after a crash: what it replaced must outlive the restart.
        "min.compaction.lag.ms": "600000",
        "segment.ms": "600000",
        "min.cleanable.dirty.ratio": "0.1",
        "max.message.bytes": str(RECORD_BYTES),
    }
    arrival = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(RECORD_BYTES)}
    windows = delete["windows"] | {"cleanup.policy": "compact,delete"}
    return {
        "logs": Topic(names.logs, n, delete["logs"] | arrival),
        "panes": Topic(names.panes, n, delete["panes"] | arrival),
        "requests": Topic(names.requests, n, delete["requests"] | {"max.message.bytes": str(RECORD_BYTES)}),
        "events": Topic(names.events, n, delete["events"]),
        "security": Topic(names.security, n, delete["security"]),
        "windows": Topic(names.windows, n, windows),
        "alerts": Topic(names.alerts, n, delete["alerts"]),
        "dead": Topic(names.dead, n, delete["dead"] | {"max.message.bytes": str(2 * RECORD_BYTES)}),
        "parse-changelog": Topic(f"{app_id(settings)}-parse-changelog", n, compact),
        "watch-changelog": Topic(f"{app_id(settings)}-watch-changelog", n, compact),
    }


def app_id(settings: Settings) -> str:
    """Return the consumer group, also the prefix of the changelogs: two pipelines can share a broker."""
    return f"flywatch-{settings.topics.logs}"


async def ensure(settings: Settings) -> list[str]:
    """Create the topics that are missing and return their names.

    TopicMismatch when one has another number of partitions or another timestamp type; ConnectionError when there is no broker.
    """
    wanted = catalogue(settings)
    access = kafka_access.options(settings.kafka, os.environ)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap, request_timeout_ms=20_000, **access)
    try:
        await admin.start()
    except (KafkaConnectionError, OSError) as error:
        raise ConnectionError(unreachable(settings, error)) from error
    try:
        existing = await _existing(admin, [topic.name for topic in wanted.values()])
        wrong = [said for topic in wanted.values() if (said := _difference(topic, existing.get(topic.name)))]
        wrong += await _clock_difference(admin, wanted["logs"]) if wanted["logs"].name in existing else []
        if wrong:
            raise TopicMismatch("\n".join(wrong))
        missing = [topic for topic in wanted.values() if topic.name not in existing]
        await _create(admin, missing, settings.topics.replication)
        return [topic.name for topic in missing]
    finally:
        await admin.close()


def unreachable(settings: Settings, error: Exception) -> str:
    """Return the one line for a broker that is not there."""
    return f"cannot reach Kafka at {settings.kafka.bootstrap}: {error}; set FLYWATCH_KAFKA__BOOTSTRAP or [kafka] bootstrap"


async def _existing(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    described = await admin.describe_topics(names)
    return {topic["topic"]: len(topic["partitions"]) for topic in described if not topic["error_code"]}


def _difference(topic: Topic, partitions: int | None) -> str | None:
    if partitions in {None, topic.partitions}:
        return None
    return (
        f"topic {topic.name} has {partitions} partitions, the settings say {topic.partitions}: "
        f"set [topics] partitions = {partitions}, or choose another name, or delete the topic"
    )


async def _clock_difference(admin: AIOKafkaAdminClient, logs: Topic) -> list[str]:
    key = "message.timestamp.type"
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, logs.name, configs={key: ""})])
    found = {entry[0]: entry[1] for answer in answers for resource in answer.resources for entry in resource[4]}
    if found.get(key) in {None, logs.config[key]}:
        return []
    return [f"topic {logs.name} has {key}={found[key]}, flywatch needs {logs.config[key]}: change it, or choose another name"]


async def _create(admin: AIOKafkaAdminClient, missing: list[Topic], replication: int) -> None:
    if not missing:
        return
    new = [NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.config) for topic in missing]
    answer = await admin.create_topics(new)
    for name, code, *rest in answer.topic_errors:
        if code not in {0, TopicAlreadyExistsError.errno}:
            raise KafkaError(f"topic {name}: {rest[0] if rest else code}")
