"""Where relay and workers are put together from the ports of whichever stores an installation has."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple, Protocol, TypeAlias

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
DETECTION = "detection"
_WORK: Final = (MEDIA, DETECTION)


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

    `preview` and `process` develop a photo, and `label` lets a model look at one, as many at once as it `looks` at,
    where this process has the means; `settling` finishes what crashed commands left, `exposing` sets gates of files
    that they left, `moving` gives files of photos that went private other keys, `sweeping` removes uploads that were
    given up.
    """

    log: EventLog
    models: ReadModels
    waiting: Waiting
    chunks: Chunks
    celebrities: Celebrities
    groups: Mapping[str, Group]
    leadership: Leadership
    previews: Waiting
    detections: Waiting
    preview: Process | None = None
    process: Process | None = None
    label: Process | None = None
    looks: int = 0
    settling: Service | None = None
    exposing: Service | None = None
    moving: Service | None = None
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
        stages = _stages(settings, parts, wants)
        told += [_nudging(PROCESSING, stage.nudge) for stage in stages]
        services += stages
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
    if VISIBILITY in projections:
        services += [each for each in (parts.exposing, parts.moving) if each is not None]
    if projections:
        broker = _broker(settings, wants[Name.EVENTS], partitions)
        services.append(Hosts(parts.log, parts.models, projections, broker, on_fed=_all(told)))
        broker = _broker(settings, wants[Name.FANOUT], partitions)
        again_s = settings.work_again_s
        services.append(
            Workers(broker, partial(do, parts.chunks), name="fanout", unpack=ChunkJob.unpacked, again_s=again_s)
        )
    for name, hands in _hands(settings, parts, wanted):
        broker = _broker(settings, wants[name], partitions)
        again_s = settings.work_again_s
        services.append(Workers(broker, hands.process, name=hands.name, concurrency=hands.concurrency, again_s=again_s))
    if MEDIA in wanted and parts.sweeping is not None:
        services.append(parts.sweeping)
    return services


def chosen(names: Sequence[str]) -> list[Projection]:
    """The projections of these names; raises `ValueError` for a name that nothing has."""
    if unknown := [name for name in names if name not in {ALL, *_WORK, *BY_NAME}]:
        raise ValueError(f"there is no {', '.join(unknown)}; there are {', '.join((*BY_NAME, ALL, *_WORK))}")
    return list(CATALOGUE) if ALL in names else [BY_NAME[name] for name in names if name not in _WORK]


def _stages(settings: Settings, parts: Parts, wants: Mapping[Name, Topic]) -> list[Dispatcher]:
    """What hands out photos, stage by stage; to a model only where there is one."""
    stages = [
        (parts.previews, Name.THUMBNAIL_GENERATION, "dispatch-previews"),
        (parts.waiting, Name.PHOTO_PROCESSING, "dispatch"),
        (parts.detections, Name.OBJECT_DETECTION, "dispatch-detections"),
    ]
    return [
        Dispatcher(
            waiting,
            KafkaJobs(settings.kafka, wants[name]),
            parts.leadership,
            again_s=settings.work_again_s,
            name=called,
        )
        for waiting, name, called in stages
        if name is not Name.OBJECT_DETECTION or settings.detect_model
    ]


class _Hands(NamedTuple):
    """So many hands that take the work of a topic, and what they are called."""

    process: Process
    name: str
    concurrency: int


def _hands(settings: Settings, parts: Parts, wanted: Sequence[str]) -> Iterator[tuple[Name, _Hands]]:
    """Who takes the work of which topic in a worker of these names."""
    if MEDIA in wanted:
        if parts.process is None or parts.preview is None:
            raise ValueError("photos are developed by the server itself in this profile")
        hands = 2 * settings.media_workers
        yield Name.PHOTO_PROCESSING, _Hands(parts.process, "media", hands)
        yield Name.THUMBNAIL_GENERATION, _Hands(parts.preview, "previews", hands)
    if DETECTION in wanted:
        if parts.label is None:
            raise ValueError("photos are looked at by the server itself in this profile")
        yield Name.OBJECT_DETECTION, _Hands(parts.label, "detections", parts.looks)


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
