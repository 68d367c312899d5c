"""A process of the cluster profile that has a hard time, as `tests.story.unruly` gives it to the embedded one.

The relay sends everything twice, through Kafka, in parcels that are cut at random; every batch is offered to its store
twice, and hosts pause at random before one; work is handed out twice.
"""

import asyncio
import random
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.cassandra.visibility import CassandraImmediate
from infra.cli import main
from infra.clustering import ClusterReadModels
from infra.kafka.publishing import KafkaHand, KafkaSender
from projections.stores import Fed
from streams.packing import Parcel
from streams.ports import Stored
from streams.relay import Relay

ROOT = Path(__file__).parents[2]
LONGEST_PARCEL = 40
PAUSES = 0.01
"""How often a host pauses before a batch."""
PAUSE_S = 0.6

dice = random.Random()


def make_unruly() -> None:
    """Patch whatever runs in this process."""
    send, read, give = KafkaSender.send, Relay._read, KafkaHand.give
    feed, apply = ClusterReadModels.feed, CassandraImmediate.apply

    async def sent_twice(self: KafkaSender, parcels: Sequence[Parcel]) -> None:
        await send(self, parcels)
        await send(self, parcels)

    async def cut(self: Relay, after: Mapping[int, int]) -> Mapping[int, Sequence[Stored]]:
        self._page = dice.randint(1, LONGEST_PARCEL)
        return await read(self, after)

    async def given_twice(self: KafkaHand, jobs: Iterable[bytes]) -> None:
        known = list(jobs)
        await give(self, known)
        await give(self, known)

    async def fed_twice(self: ClusterReadModels, *given: Any, **more: Any) -> Fed:
        if dice.random() < PAUSES:
            await asyncio.sleep(dice.random() * PAUSE_S)
        fed = await feed(self, *given, **more)
        again = await feed(self, *given, **more)
        assert fed is not Fed.APPLIED or again is Fed.MISMATCH, "a batch was applied twice"
        return fed

    async def applied_twice(self: CassandraImmediate, *given: Any) -> None:
        await apply(self, *given)
        await apply(self, *given)

    KafkaSender.send, Relay._read, KafkaHand.give = sent_twice, cut, given_twice
    ClusterReadModels.feed, CassandraImmediate.apply = fed_twice, applied_twice


def program(folder: Path) -> str:
    """A program in place of `filmroll`, which `filmroll up` starts its children with as well."""
    made = folder / "filmroll-unruly"
    made.write_text(
        f"#!{sys.executable}\n"
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "if __name__ == '__main__':  # processes that this one spawns read this file again\n"
        "    from tests.story.unruly_cluster import main, make_unruly\n"
        "    make_unruly()\n"
        "    main()\n"
    )
    made.chmod(made.stat().st_mode | stat.S_IXUSR)
    return str(made)


__all__ = ["main", "make_unruly", "program"]
