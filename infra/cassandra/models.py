"""What the query ports over Cassandra share: the live build's rows, through one session."""

from collections.abc import Sequence

from domain.recorded import Recorded
from infra.cassandra.reading import Reader
from infra.cassandra.store import CassandraStore
from infra.cassandra.stored import Dated
from infra.clustering import ClusterReadModels
from projections.rows import Key, Projection
from projections.stores import Model, State


class CassandraModels:
    """The read models that lie in Cassandra, as their readers see them."""

    def __init__(self, models: ClusterReadModels, store: CassandraStore) -> None:
        self._models = models
        self._store = store

    async def live(self, projection: Projection) -> Reader:
        """The build that reads use, for one read; raises `NoLiveModelError` where there is none."""
        model, entry = await self._models.live(projection)
        return self._store.reader(model, entry.shards)

    async def builds(self, projection: Projection) -> list[Model]:
        """All builds of this code that are not set aside."""
        entries = (await self._models.registry.snapshot()).entries
        return [
            model
            for model, entry in entries.items()
            if model.projection == projection.name
            and entry.code_version == projection.version
            and entry.state is not State.STALE
        ]

    async def one(self, model: Model) -> Reader:
        """A certain build; `ValueError` where there is none."""
        return self._store.reader(model, (await self._models.registry.snapshot()).entry(model).shards)

    async def reached(self, model: Model, log: int) -> int:
        """How far a build has come in a log."""
        return (await self._store.checkpoints(model, [log])).get(log, 0)

    async def change(self, model: Model, changes: Sequence[tuple[type, Key, Dated]]) -> None:
        """Write or end rows beside the log; classes without orders only."""
        shards = (await self._models.registry.snapshot()).entry(model).shards
        await self._store.change(model, shards, changes)

    async def apply(self, projection: Projection, facts: Sequence[Recorded]) -> None:
        """Apply facts ahead of the log to every build that is fed."""
        snapshot = await self._models.registry.snapshot()
        for model in snapshot.fed(projection.name):
            await self._store.apply(model, projection, snapshot.entry(model).shards, facts)
