"""The parts of relay and workers over an installation's own stores; the embedded ones may be streamed from as well."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.bootstrap import open_core
from infra.kafka.assembling import Group, Parts
from infra.kafka.checkpoints import SqliteRelayCheckpoints
from infra.kafka.leadership import FileLeadership
from infra.settings import Settings
from infra.sqlite.processing import SqliteWaiting


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Everything that streams need of an installation."""
    async with open_core(settings) as core:
        leadership = FileLeadership(settings.data / "leaders")
        checkpoints = SqliteRelayCheckpoints(settings.data / "events.db")
        yield Parts(
            log=core.store,
            models=core.models,
            waiting=SqliteWaiting(core.models),
            groups={"all": Group(range(core.store.logs), checkpoints, leadership)},
            leadership=leadership,
        )
