"""Replay: history up to a moment into a scratch store, by the very code that feeds the live read models."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from domain.recorded import Recorded
from projections.rows import Projection
from projections.stores import Model, ReadModels, State
from streams.ports import EventLog, Page, Stored
from streams.rebuild import Outlook, rebuild


@dataclass(frozen=True, slots=True)
class Until:
    """The port `EventLog` onto a log as it was: it ends at a number of each log, `through`, for ever.

    Without `personal`, personal fields come as erased, whoever asks.
    """

    source: EventLog
    through: Mapping[int, int]
    personal: bool = True

    @property
    def logs(self) -> int:
        """How many logs the installation has."""
        return self.source.logs

    async def head(self, log: int) -> int:
        """The number at which the log ends here."""
        return min(self.through[log], await self.source.head(log))

    async def read(
        self, log: int, after: int, limit: int, names: frozenset[str] | None = None, *, personal: bool = True
    ) -> Page:
        """Facts in order, up to the end."""
        end = self.through[log]
        if after >= end:
            return Page((), after, more=False)
        page = await self.source.read(log, after, limit, names, personal=personal and self.personal)
        if page.last < end:
            return page
        return Page(tuple(fact for fact in page.facts if fact.position.number <= end), end, more=False)

    async def read_stored(self, log: int, after: int, limit: int) -> tuple[Stored, ...]:
        """The same facts in their stored form."""
        found = await self.source.read_stored(log, after, limit)
        return tuple(stored for stored in found if stored.number <= self.through[log])

    async def decode(self, stored: Iterable[Stored], *, personal: bool = True) -> tuple[Recorded, ...]:
        """The facts behind stored forms."""
        return await self.source.decode(stored, personal=personal and self.personal)

    async def stream(self, log: int, name: str) -> tuple[Recorded, ...]:
        """All facts of one stream, up to the end."""
        found = await self.source.stream(log, name)
        return tuple(fact for fact in found if fact.position.number <= self.through[log])

    async def wait(self, after: Mapping[int, int], timeout: float) -> bool:  # noqa: ASYNC109 - the port's word
        """Nothing is ever committed here: False, when the time went by."""
        del after
        await self.source.wait(self.through, timeout)
        return False


async def replay(
    projections: Iterable[Projection],
    *,
    log: EventLog,
    models: ReadModels,
    report: Callable[[Outlook], None] = lambda _: None,
) -> list[Model]:
    """Build these projections in a scratch store from a log as it was, and let reads there use them.

    What an earlier run finished is left alone, what it left unfinished is gone on with. Raises what `rebuild` raises.
    """
    done = {status.model.projection: status.model for status in await models.status() if status.state is State.LIVE}
    built = []
    for projection in projections:
        model = done.get(projection.name)
        if model is None:
            model = await rebuild(projection, log=log, models=models, report=report)
            await models.switch(model)
        built.append(model)
    return built
