"""The parts of relay and workers over an installation's own stores; the embedded ones may be streamed from as well."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.bootstrap import open_core
from infra.core import celebrities, settling
from infra.kafka.assembling import Group, Parts
from infra.kafka.checkpoints import SqliteRelayCheckpoints
from infra.kafka.leadership import FileLeadership
from infra.settings import Settings


@asynccontextmanager
async def open_parts(settings: Settings, *, media: bool = False, detection: bool = False) -> AsyncIterator[Parts]:
    """Everything that streams need of an installation; what develops photos, and what looks at them, where asked."""
    async with open_core(settings) as core:
        if settings.profile == "cluster":
            from infra import cluster

            async with cluster.open_parts(core, media=media, detection=detection) as parts:
                yield parts
            return
        leadership = FileLeadership(settings.data / "leaders")
        checkpoints = SqliteRelayCheckpoints(settings.data / "events.db")
        yield Parts(
            log=core.store,
            models=core.models,
            waiting=core.queries.waiting,
            chunks=core.queries.chunks,
            celebrities=celebrities(core),
            previews=core.queries.previews,
            detections=core.queries.detections,
            groups={"all": Group(range(core.store.logs), checkpoints, leadership)},
            leadership=leadership,
            settling=settling(core, leadership),
        )
