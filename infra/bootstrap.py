"""Where ports meet adapters, by profile: everything that runs is put together below here, by hand and in the open."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from infra import embedded
from infra.core import Core
from infra.settings import Settings


def open_core(settings: Settings, *, create: bool = False) -> AbstractAsyncContextManager[Core]:
    """Open what an installation holds; with `create`, make it where there is none yet."""
    if settings.profile == "cluster":
        from infra import cluster  # its drivers come with the extra of that name

        return cluster.open_core(settings, create=create)
    return embedded.open_core(settings, create=create)


@asynccontextmanager
async def open_app(settings: Settings, *, base_url: str) -> AsyncIterator[FastAPI]:
    """The application of the settings' profile, with all that must run beside it in this process."""
    async with open_core(settings, create=True) as core:
        if settings.profile == "cluster":
            from infra import cluster

            async with cluster.open_app(core, base_url=base_url) as app:
                yield app
        else:
            async with embedded.open_app(core, base_url=base_url) as app:
                yield app
