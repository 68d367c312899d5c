"""The relay's port `Publisher`, and one for jobs, over an idempotent producer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from infra.kafka.topics import KafkaTopics
from streams.packing import MOST_BYTES, Parcel
from streams.topics import LARGEST_MESSAGE, Topic, partition_of

IN_FLIGHT: Final = 64
"""Messages that wait for their acknowledgement at most."""
_TIMEOUT_MS: Final = 10_000


class KafkaPublisher:
    """Sends parcels to the topic of events: a log's all to one partition."""

    def __init__(self, servers: str, topic: Topic) -> None:
        self._servers = servers
        self._topic = topic

    @asynccontextmanager
    async def sender(self) -> AsyncIterator["KafkaSender"]:
        """A new producer; the topic is made where it is missing."""
        partitions = await KafkaTopics(self._servers).ensure([self._topic])
        async with producing(self._servers) as producer:
            yield KafkaSender(producer, self._topic.name, partitions[self._topic.name])


class KafkaSender:
    """One producer's life."""

    def __init__(self, producer: Any, topic: str, partitions: int) -> None:
        self._producer = producer
        self._topic = topic
        self._partitions = partitions

    async def send(self, parcels: Sequence[Parcel]) -> None:
        """Send in order, a window at a time, and return when all are acknowledged."""
        for begin in range(0, len(parcels), IN_FLIGHT):
            await acknowledged(
                [
                    await self._producer.send(
                        self._topic,
                        parcel.body,
                        key=str(parcel.log).encode(),
                        partition=partition_of(parcel.log, self._partitions),
                    )
                    for parcel in parcels[begin : begin + IN_FLIGHT]
                ]
            )


class KafkaJobs:
    """The port `streams.work.Jobs`: hands out work through a topic, to whichever partition."""

    def __init__(self, servers: str, topic: Topic) -> None:
        self._servers = servers
        self._topic = topic

    @asynccontextmanager
    async def handing_out(self) -> AsyncIterator["KafkaHand"]:
        """A new producer; the topic is made where it is missing."""
        await KafkaTopics(self._servers).ensure([self._topic])
        async with producing(self._servers) as producer:
            yield KafkaHand(producer, self._topic.name)


class KafkaHand:
    """One producer's life."""

    def __init__(self, producer: Any, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def give(self, jobs: Iterable[bytes]) -> None:
        """Hand out jobs, and return when all are acknowledged."""
        await acknowledged([await self._producer.send(self._topic, job) for job in jobs])


@asynccontextmanager
async def producing(servers: str) -> AsyncIterator[Any]:
    """A producer whose retries neither repeat nor reorder."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers,
        client_id="filmroll",
        enable_idempotence=True,
        acks="all",
        max_batch_size=MOST_BYTES,
        max_request_size=LARGEST_MESSAGE,
        request_timeout_ms=_TIMEOUT_MS,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def acknowledged(sent: Sequence[Awaitable[object]]) -> None:
    """Wait for all, even if the first one fails; then raise what went wrong."""
    answers = await asyncio.gather(*sent, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
