"""A server whose projections have a hard time: `python -m tests.story.unruly serve …`.

Everything is delivered twice, batches are cut at random, and workers pause at random, some of them for long. What is
shown must not depend on any of that.
"""

import asyncio
import random
from typing import Any

from infra.cli import main
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.visibility import SqliteImmediate
from projections.stores import Fed
from streams import following

LONGEST_BATCH = 40
PAUSES = 0.03
"""How often a worker pauses before a batch."""
PAUSE_S = 0.6

dice = random.Random()


def make_unruly() -> None:
    """Patch the embedded host of this process."""
    feed, apply = SqliteReadModels.feed, SqliteImmediate.apply

    async def fed_twice(self: SqliteReadModels, *given: Any, **more: Any) -> Fed:
        if dice.random() < PAUSES:
            await asyncio.sleep(dice.random() * PAUSE_S)
        fed = await feed(self, *given, **more)
        again = await feed(self, *given, **more)
        assert again is Fed.MISMATCH, "a batch was applied twice"
        return fed

    async def applied_twice(self: SqliteImmediate, *given: Any) -> None:
        await apply(self, *given)
        await apply(self, *given)

    def cut(size: int, took: float, *, full: bool) -> int:
        del size, took, full
        return dice.randint(1, LONGEST_BATCH)

    SqliteReadModels.feed = fed_twice
    SqliteImmediate.apply = applied_twice
    following._next_size = cut


if __name__ == "__main__":
    make_unruly()
    main()
