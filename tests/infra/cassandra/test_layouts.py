"""Which rows hold words of members: their tables are to let go soon of what was replaced or deleted."""

import itertools
from dataclasses import replace
from typing import Any

from domain.events import event_type
from domain.recorded import Recorded
from infra.cassandra.layouts import layout_of
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


async def test_rows_that_hold_words_are_known() -> None:
    verbs = ("join", "join", "upload", *VERBS, *REACTIONS, *ALBUMS, *STANDING)
    world = World(MemoryLog()).live(*((verb, a, b, 2) for verb, (a, b) in itertools.product(verbs, ((0, 1), (1, 2)))))
    holding, rows_of_all = set(), set()
    async with sqlite_models() as models:
        for projection in CATALOGUE:
            if projection.name not in ELSEWHERE:
                model = await feed_all(models, projection, world.log, arrive=lambda facts: list(map(told, facts)))
                rows = await rows_of(models, projection, model)
                rows_of_all |= set(projection.rows)
                holding |= {type(row) for row in rows if MARK in repr(row)}
    assert holding == {cls for cls in rows_of_all if layout_of(cls).worded}
