"""What the query ports over Cassandra share: the live build's rows, through one session."""

from collections.abc import Sequence

from domain.recorded import Recorded
from infra.cassandra.reading import Reader
from infra.cassandra.store import CassandraStore
from infra.clustering import ClusterReadModels
from projections.rows import Projection


class CassandraModels:
    """The read models that lie in Cassandra, as their readers see them."""

    def __init__(self, models: ClusterReadModels, store: CassandraStore) -> None:
        self._models = models
        self._store = store

    async def live(self, projection: Projection) -> Reader:
        """The build that reads use, for one read; raises `NoLiveModelError` where there is none."""
        model, entry = await self._models.live(projection)
        return self._store.reader(model, entry.shards)

    async def apply(self, projection: Projection, facts: Sequence[Recorded]) -> None:
        """Apply facts ahead of the log to every build that is fed."""
        snapshot = await self._models.registry.snapshot()
        for model in snapshot.fed(projection.name):
            await self._store.apply(model, projection, snapshot.entry(model).shards, facts)
