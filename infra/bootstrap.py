"""Where ports meet adapters: everything that runs is put together here, by hand and in the open."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from commands.ports import Deps
from domain.ids import new_id
from infra.eventstore.keys import SqliteKeys
from infra.eventstore.opening import open_sqlite_store
from infra.eventstore.store import LibraryEventStore
from infra.installation import Installation, open_installation
from infra.settings import Settings
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.visibility import SqliteImmediate
from projections.catalogue import CATALOGUE
from streams.following import prepare


@dataclass(frozen=True, slots=True)
class Core:
    """The event store and the read models of an installation, as every process and every tool needs them."""

    settings: Settings
    installation: Installation
    store: LibraryEventStore
    models: SqliteReadModels
    deps: Deps


@asynccontextmanager
async def open_core(settings: Settings, *, create: bool = False) -> AsyncIterator[Core]:
    """Open what an installation holds; with `create`, make it where there is none yet."""
    installation = open_installation(settings, create=create)
    async with AsyncExitStack() as stack:
        keys = SqliteKeys(settings.data / "keys.db", installation.key("members"))
        stack.callback(keys.close)
        store = open_sqlite_store(
            settings.data / "events.db",
            logs=installation.logs,
            keys=keys,
            now=utc_now,
            synchronous=settings.synchronous,
        )
        stack.push_async_callback(store.close)
        models = SqliteReadModels(settings.data / "models", CATALOGUE)
        await models.open()
        stack.push_async_callback(models.close)
        await prepare(models, CATALOGUE)
        deps = Deps(store=store, now=utc_now, new_id=new_id, immediate=SqliteImmediate(models))
        yield Core(settings, installation, store, models, deps)


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)
