"""Tries for ``flyship doctor`` whether we may be a member of a group, without joining it: that would disturb who is in it."""

from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, for_code

from shippers.findings import Finding
from shippers.permission import READ
from shippers.settings import Settings
from shippers.sharing.asking import asking, group_of

NAME = "group"
UNKNOWN = -(2**31)  # a broker that does not say


async def try_group(settings: Settings, queue: str) -> list[Finding]:
    """Ask Kafka who is in the group, and what it lets us do."""
    group = group_of(queue)
    denied = Finding(NAME, False, f"we may not be in {group}: allow READ on this group, and on the topic {settings.topic}")
    try:
        async with asking(settings) as admin:
            (answer,) = await admin.describe_consumer_groups([group], include_authorized_operations=True)
        code, _, _, _, _, members, allowed = answer.groups[0]
        if code:
            raise for_code(code)
    except GroupAuthorizationFailedError:
        return [denied]
    except KafkaError as error:
        return [Finding(NAME, False, f"Kafka cannot be asked about {group}: {error}")]
    if allowed != UNKNOWN and not allowed & 1 << READ:
        return [denied]
    return [Finding(NAME, True, f"we may be in {group}, which has {len(members)} members now")]
