"""The port `Topics` over Kafka's admin protocol."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.structs import TopicPartition

from commands.errors import Unavailable
from streams.topics import Topic

_TIMEOUT_MS: Final = 10_000
_VISIBLE_S: Final = 15.0
_LOOK_S: Final = 0.05


class KafkaTopics:
    """Topics of the broker behind these bootstrap servers; a connection is made for each call."""

    def __init__(self, servers: str) -> None:
        self._servers = servers

    async def ensure(self, wanted: Iterable[Topic]) -> Mapping[str, int]:
        """Create what is missing; how many partitions each topic really has."""
        topics = list(wanted)
        names = {topic.name for topic in topics}
        async with _admin(self._servers) as admin:
            known = await _partitions(admin, names)
            missing = [topic for topic in topics if topic.name not in known]
            if missing:
                await _create(admin, missing)
                known = await _visible(admin, names)
        return known

    async def delete(self, names: Iterable[str]) -> None:
        """End topics with all that they hold."""
        async with _admin(self._servers) as admin:
            await admin.delete_topics(list(names), timeout_ms=_TIMEOUT_MS)

    async def truncate(self, name: str) -> None:
        """Forget everything that a topic holds now."""
        async with _admin(self._servers) as admin:
            partitions = (await _partitions(admin, {name}))[name]
            everything = {TopicPartition(name, each): RecordsToDelete(before_offset=-1) for each in range(partitions)}
            await admin.delete_records(everything, timeout_ms=_TIMEOUT_MS)


@asynccontextmanager
async def _admin(servers: str) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, client_id="filmroll-topics", request_timeout_ms=_TIMEOUT_MS)
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka can't be reached: {error}") from error
    finally:
        await admin.close()


async def _create(admin: Any, missing: list[Topic]) -> None:
    """Each by itself, because another process may create some of them at the same moment."""
    asked = [
        NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=dict(topic.configs))
        for topic in missing
    ]
    answer = await admin.create_topics(asked, timeout_ms=_TIMEOUT_MS)
    for _, code, *message in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(*message)


async def _visible(admin: Any, names: set[str]) -> Mapping[str, int]:
    """A created topic shows with its leaders a moment later."""
    async with asyncio.timeout(_VISIBLE_S):
        while len(known := await _partitions(admin, names)) < len(names):  # noqa: ASYNC110 - brokers don't call
            await asyncio.sleep(_LOOK_S)
    return known


async def _partitions(admin: Any, names: set[str]) -> Mapping[str, int]:
    """Topics that are there, every partition with a leader."""
    existing = names.intersection(await admin.list_topics())
    if not existing:
        return {}
    described = await admin.describe_topics(sorted(existing))
    return {
        each["topic"]: len(each["partitions"])
        for each in described
        if not each["error_code"] and all(part["leader"] >= 0 for part in each["partitions"])
    }
