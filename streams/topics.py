"""Topics: what travels through Kafka, for how long, in how many partitions; the program creates them.

Kafka is a way, not a home: every fact lies in the event store and every piece of work in a row, so each topic may lose
all that it holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

_DAY_MS: Final = 24 * 3600 * 1000
LARGEST_MESSAGE: Final = 8 * 1024 * 1024
"""Bytes; parcels are far smaller, but for one that holds a single huge fact."""


class Name(StrEnum):
    """The topics there are."""

    EVENTS = "events"
    PHOTO_PROCESSING = "photo-processing"
    THUMBNAIL_GENERATION = "thumbnail-generation"
    OBJECT_DETECTION = "object-detection"
    FANOUT = "fanout"
    NOTIFICATIONS = "notifications"
    ANALYTICS = "analytics"
    DEAD_LETTERS = "dead-letters"


RETENTION_DAYS: Final[Mapping[Name, int]] = {
    Name.EVENTS: 7,
    Name.PHOTO_PROCESSING: 7,
    Name.THUMBNAIL_GENERATION: 7,
    Name.OBJECT_DETECTION: 7,
    Name.FANOUT: 7,
    Name.NOTIFICATIONS: 3,
    Name.ANALYTICS: 30,
    Name.DEAD_LETTERS: 30,
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it should be."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]


class Topics(Protocol):
    """The broker's topics."""

    async def ensure(self, wanted: Iterable[Topic]) -> Mapping[str, int]:
        """Create what is missing and leave the rest alone; the number of partitions that each really has.

        Any number of processes may call it at once. Raises `commands.errors.Unavailable` without a broker.
        """
        ...


def named(name: Name, prefix: str = "") -> str:
    """What a topic is called at the broker; installations that share one are told apart by a prefix."""
    return f"{prefix}{name}"


def topics(*, partitions: int, work_partitions: int, replication: int, prefix: str = "") -> tuple[Topic, ...]:
    """All topics; those of work have as many partitions as there may be workers of a kind."""
    return tuple(
        Topic(
            named(name, prefix),
            partitions if name is Name.EVENTS else work_partitions,
            replication,
            {
                "cleanup.policy": "delete",
                "retention.ms": str(days * _DAY_MS),
                "max.message.bytes": str(LARGEST_MESSAGE),
                "min.insync.replicas": str(max(1, replication - 1)),
            },
        )
        for name, days in RETENTION_DAYS.items()
    )


def partition_of(log: int, partitions: int) -> int:
    """Where a log's facts travel: all in one partition, so in order."""
    return log % partitions
