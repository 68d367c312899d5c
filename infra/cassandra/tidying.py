"""Emptying the files of Cassandra of what was deleted or replaced, as far as clients can ask for it."""

import asyncio
from typing import Final

from infra.cassandra.connecting import Cassandra

_MADE: Final = "CREATE TABLE IF NOT EXISTS emptied (id int PRIMARY KEY) WITH allow_auto_snapshot = false"
_DROPPED: Final = "DROP TABLE IF EXISTS emptied"


async def write_out(cassandra: Cassandra) -> None:
    """Have every node write to files what it holds in memory, and end its log of writes, as if `nodetool` asked.

    A node does both when a table is dropped, for all tables: the log may hold writes to the one that goes. What files
    held of replaced or deleted rows is merged away after that, by itself and within seconds where tables are small.
    """
    await asyncio.to_thread(cassandra.execute, _MADE)
    await asyncio.to_thread(cassandra.execute, _DROPPED)
