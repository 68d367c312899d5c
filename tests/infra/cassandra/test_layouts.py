"""Which rows hold words of members: their tables are to let go soon of what was replaced or deleted."""

import itertools
from dataclasses import replace
from typing import Any

from domain.events import event_type
from domain.recorded import Recorded
from infra.cassandra.layouts import layout_of
from infra.cassandra.tables import tables_of
from projections.catalogue import CATALOGUE
from projections.rows import Tally
from projections.search import MEMBER_SEARCH, PHOTO_SEARCH
from tests.projections.feeding import feed_all, rows_of, sqlite_models
from tests.projections.histories import ALBUMS, REACTIONS, STANDING, VERBS, World
from tests.streams.memory_log import MemoryLog

MARK = "zabaglione"
ELSEWHERE = {MEMBER_SEARCH.name, PHOTO_SEARCH.name, *(each.name for each in CATALOGUE if each.rows == (Tally,))}
"""What does not lie in Cassandra."""


def marked(value: Any) -> Any:
    """The same with a mark in every text."""
    if isinstance(value, str):
        return f"{MARK}{value}"
    return tuple(map(marked, value)) if isinstance(value, tuple) else value


def told(fact: Recorded) -> Recorded:
    """A fact of which everything personal is marked."""
    event: Any = fact.event
    personal = {name: marked(getattr(event, name)) for name in event_type(event).personal}
    return replace(fact, event=replace(event, **personal))


VERBS_OF_ALL = ("join", "join", "upload", *VERBS, *REACTIONS, *ALBUMS, *STANDING)
BUSY = [(verb, a, b, 2) for verb, (a, b) in itertools.product(VERBS_OF_ALL, ((0, 1), (1, 2)))]
CALM = [("join", 0, 0, 0), ("upload", 0, 0, 2), ("process", 0, 1, 2)]
"""A photo that anyone may see, and nothing that ends it."""


async def test_rows_and_keys_that_hold_words_are_known() -> None:
    holding, keyed, rows_of_all = set(), set(), set()
    async with sqlite_models() as models:
        for taken, projection in itertools.product((BUSY, CALM), CATALOGUE):
            if projection.name in ELSEWHERE:
                continue
            world = World(MemoryLog()).live(*taken)
            model = await feed_all(models, projection, world.log, arrive=lambda facts: list(map(told, facts)))
            rows_of_all |= set(projection.rows)
            for row in await rows_of(models, projection, model):
                if MARK in repr(row):
                    holding.add(type(row))
                tables = tables_of(model, type(row), 1)
                places = {name for table in tables.all for name in table.fields}
                if any(MARK in str(getattr(row, name)) for name in places):
                    keyed.add(type(row))
    assert holding == {cls for cls in rows_of_all if layout_of(cls).worded}
    assert keyed == {cls for cls in holding if layout_of(cls).grace_s == 86_400}
