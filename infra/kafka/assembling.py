"""Where relay and workers are put together from the ports of whichever stores an installation has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias

from domain.recorded import Recorded
from infra.kafka.publishing import KafkaJobs, KafkaPublisher
from infra.kafka.topics import KafkaTopics
from infra.settings import Settings
from projections.catalogue import BY_NAME, CATALOGUE
from projections.counters import COUNTERS
from projections.ports import Waiting
from projections.processing import PROCESSING
from projections.rows import Projection
from projections.settling import SETTLING
from projections.stores import Model, ReadModels
from projections.timelines import TIMELINES
from projections.visibility import VISIBILITY
from streams.broker import Broker
from streams.celebrities import Celebrities
from streams.fanout import ChunkDispatcher, ChunkJob, Chunks, do
from streams.hosting import Hosts
from streams.ports import EventLog
from streams.relay import Leadership, Relay, RelayCheckpoints
from streams.topics import Name, Topic, named, topics
from streams.work import Dispatcher
from streams.workers import Process, Workers

Fed: TypeAlias = Callable[[Model, Sequence[Recorded]], None]
"""Is told what a build was fed."""

ALL = "all"
MEDIA = "media"


class Service(Protocol):
    """Something that runs until it is cancelled, or raises when its process had better end."""

    async def run(self) -> None:
        """Run."""
        ...


@dataclass(frozen=True, slots=True)
class Group:
    """Logs that one relay publishes, as a rule those of one database."""

    logs: Sequence[int]
    checkpoints: RelayCheckpoints
    leadership: Leadership


@dataclass(frozen=True, slots=True)
class Parts:
    """What streams are made of.

    `preview` and `process` develop a photo, where this process has the means; `settling` finishes what crashed commands
    left, `exposing` sets gates of files that they left, `sweeping` removes uploads that were given up.
    """

    log: EventLog
    models: ReadModels
    waiting: Waiting
    chunks: Chunks
    celebrities: Celebrities
    groups: Mapping[str, Group]
    leadership: Leadership
    previews: Waiting
    preview: Process | None = None
    process: Process | None = None
    settling: Service | None = None
    exposing: Service | None = None
    sweeping: Service | None = None


def all_topics(settings: Settings) -> dict[Name, Topic]:
    """Every topic, by the settings."""
    made = topics(
        partitions=settings.kafka_partitions,
        work_partitions=settings.kafka_work_partitions,
        replication=settings.kafka_replication,
        prefix=settings.kafka_prefix,
    )
    by_name = {topic.name: topic for topic in made}
    return {name: by_name[named(name, settings.kafka_prefix)] for name in Name}


def build_relays(settings: Settings, parts: Parts) -> list[Service]:
    """A relay for each group of logs."""
    publisher = KafkaPublisher(settings.kafka, all_topics(settings)[Name.EVENTS])
    return [
        Relay(
            name,
            group.logs,
            log=parts.log,
            publisher=publisher,
            checkpoints=group.checkpoints,
            leadership=group.leadership,
        )
        for name, group in parts.groups.items()
    ]


async def build_worker(settings: Settings, parts: Parts, names: Iterable[str]) -> list[Service]:
    """What a worker of these names does; one that hosts `processing` or `timelines` also hands out their work.

    Every worker that hosts anything takes part in fan-out; one that hosts `settling` or `visibility` does what commands
    left.

    Creates the topics that are missing. Raises `ValueError` for a name that nothing has.
    """
    wanted = list(dict.fromkeys(names))
    projections = chosen(wanted)
    wants = all_topics(settings)
    partitions = await KafkaTopics(settings.kafka).ensure(wants.values())
    services: list[Service] = []
    told: list[Fed] = []
    if PROCESSING in projections:
        jobs = KafkaJobs(settings.kafka, wants[Name.PHOTO_PROCESSING])
        dispatcher = Dispatcher(parts.waiting, jobs, parts.leadership, again_s=settings.work_again_s)
        jobs = KafkaJobs(settings.kafka, wants[Name.THUMBNAIL_GENERATION])
        first = Dispatcher(
            parts.previews, jobs, parts.leadership, again_s=settings.work_again_s, name="dispatch-previews"
        )
        told += [_nudging(PROCESSING, first.nudge), _nudging(PROCESSING, dispatcher.nudge)]
        services += [first, dispatcher]
    if TIMELINES in projections:
        jobs = KafkaJobs(settings.kafka, wants[Name.FANOUT])
        chunks = ChunkDispatcher(parts.chunks, jobs, parts.leadership, again_s=settings.work_again_s)
        told.append(_nudging(TIMELINES, chunks.nudge))
        services.append(chunks)
    if COUNTERS in projections:
        told.append(parts.celebrities.fed)
        services.append(parts.celebrities)
    if SETTLING in projections and parts.settling is not None:
        services.append(parts.settling)
    if VISIBILITY in projections and parts.exposing is not None:
        services.append(parts.exposing)
    if projections:
        broker = _broker(settings, wants[Name.EVENTS], partitions)
        services.append(Hosts(parts.log, parts.models, projections, broker, on_fed=_all(told)))
        broker = _broker(settings, wants[Name.FANOUT], partitions)
        again_s = settings.work_again_s
        services.append(
            Workers(broker, partial(do, parts.chunks), name="fanout", unpack=ChunkJob.unpacked, again_s=again_s)
        )
    if MEDIA in wanted:
        if parts.process is None or parts.preview is None:
            raise ValueError("photos are developed by the server itself in this profile")
        broker = _broker(settings, wants[Name.PHOTO_PROCESSING], partitions)
        hands = 2 * settings.media_workers
        services.append(Workers(broker, parts.process, concurrency=hands, again_s=settings.work_again_s))
        broker = _broker(settings, wants[Name.THUMBNAIL_GENERATION], partitions)
        again_s = settings.work_again_s
        services.append(Workers(broker, parts.preview, name="previews", concurrency=hands, again_s=again_s))
        if parts.sweeping is not None:
            services.append(parts.sweeping)
    return services


def chosen(names: Sequence[str]) -> list[Projection]:
    """The projections of these names; raises `ValueError` for a name that nothing has."""
    if unknown := [name for name in names if name not in {ALL, MEDIA, *BY_NAME}]:
        raise ValueError(f"there is no {', '.join(unknown)}; there are {', '.join((*BY_NAME, ALL, MEDIA))}")
    return list(CATALOGUE) if ALL in names else [BY_NAME[name] for name in names if name != MEDIA]


def _broker(settings: Settings, topic: Topic, partitions: Mapping[str, int]) -> Broker:
    return Broker(
        settings.kafka,
        topic.name,
        partitions[topic.name],
        group=f"{settings.kafka_prefix}filmroll-",
        session_s=settings.kafka_session_s,
        heartbeat_s=settings.kafka_session_s / 5,
        stall_s=settings.worker_stall_s,
    )


def _nudging(projection: Projection, nudge: Callable[[], None]) -> Fed:
    def fed(model: Model, _facts: Sequence[Recorded]) -> None:
        if model.projection == projection.name:
            nudge()

    return fed


def _all(told: Sequence[Fed]) -> Fed:
    def fed(model: Model, facts: Sequence[Recorded]) -> None:
        for each in told:
            each(model, facts)

    return fed
