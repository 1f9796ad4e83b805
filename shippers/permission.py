"""Asks Kafka what it lets us do with a topic, and does nothing with it: no record is sent to find out.

Metadata of version 8 (KIP-430, Kafka 2.3) tells it; aiokafka speaks version 5.
"""

from typing import Any

from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String
from msgspec import Struct

READ, WRITE = 3, 4  # the numbers of Kafka's operations
_UTF8 = String("utf-8")


class Rights(Struct, frozen=True):
    """What whoever asked may do with a topic."""

    read: bool
    write: bool


class _Answer(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", _UTF8), ("port", Int32), ("rack", _UTF8))),
        ("cluster_id", _UTF8),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", _UTF8),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _Asked(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", Array(_UTF8)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _Question(Request[_Asked]):  # type: ignore[misc]  # as above
    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_Asked]) -> _Asked:
        return request_struct_class([self._topic], False, False, True)


async def rights(client: Any, topic: str) -> Rights | None:
    """Return what a connected client of aiokafka may do with a topic; None where the broker cannot say."""
    try:
        answer = await client.send(client.get_random_node(), _Question(topic))
    except (IncompatibleBrokerVersion, NotImplementedError):  # it is older than that
        return None
    ((error_code, *_, allowed),) = answer.topics
    return None if error_code else Rights(bool(allowed & 1 << READ), bool(allowed & 1 << WRITE))
