"""Feeding builds by hand, in whatever order and size of batch a test wants."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.sqlite.models import SqliteReadModels
from projections.catalogue import CATALOGUE
from projections.rows import Projection
from projections.stores import Batch, Fed, Model, ReadModels, State
from streams.verifying import dump
from tests.streams.memory_log import MemoryLog


@asynccontextmanager
async def sqlite_models(directory: Path | None = None, catalogue=CATALOGUE) -> AsyncIterator[SqliteReadModels]:
    with TemporaryDirectory() as fresh:
        models = SqliteReadModels(directory or Path(fresh), catalogue)
        await models.open()
        try:
            yield models
        finally:
            await models.close()


async def feed_all(
    models: ReadModels,
    projection: Projection,
    log: MemoryLog,
    *,
    size: Callable[[], int] = lambda: 10_000,
    order: random.Random | None = None,
    state: State = State.READY,
    arrive=list,
    park: bool = False,
) -> Model:
    """A new build with the whole history; `order` draws which log goes next, `arrive` what becomes of a batch."""
    model = await models.create(projection, state)
    reached = dict.fromkeys(range(log.logs), 0)
    left = {number: list(facts) for number, facts in log.facts.items() if facts}
    while left:
        number = order.choice(sorted(left)) if order else min(left)
        count = size()
        facts, left[number] = left[number][:count], left[number][count:]
        batch = Batch(number, reached[number], facts[-1].position.number, arrive(facts))
        assert await models.feed(model, projection, batch, park=park) is Fed.APPLIED
        assert await models.feed(model, projection, batch, park=park) is Fed.MISMATCH
        reached[number] = batch.last
        if not left[number]:
            del left[number]
    return model


async def rows_of(models: ReadModels, projection: Projection, model: Model) -> list:
    return await dump(projection, model, models=models)
