"""How far counters in Redis had come, remembered in Cassandra: there it survives what Redis loses."""

from collections.abc import Mapping
from typing import Final

from infra.cassandra.connecting import Cassandra
from infra.cassandra.schema import LANES
from infra.cassandra.store import REACHED
from projections.stores import Model

_SAVE: Final = "UPDATE checkpoints SET number = ? WHERE projection = ? AND build = ? AND lane = ? AND log = ?"


class CassandraMarks:
    """Remembered checkpoints of builds whose rows lie elsewhere."""

    def __init__(self, cassandra: Cassandra) -> None:
        self._cassandra = cassandra

    async def save(self, model: Model, log: int, number: int) -> None:
        """Remember a checkpoint."""
        await self._cassandra.fetch(_SAVE, number, model.projection, model.build, log % LANES, log)

    async def load(self, model: Model) -> Mapping[int, int]:
        """What was last remembered of each log."""
        found = await self._cassandra.fetch(REACHED, model.projection, model.build, list(range(LANES)))
        return dict(found)
