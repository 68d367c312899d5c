"""The keyspace and the tables that every build shares; a build's own tables are made with it."""

import re
from collections.abc import Sequence
from typing import Final

from infra.cassandra.connecting import Cassandra, outages

LANES: Final = 32
"""Conditional writes to one partition wait for each other, so a build's checkpoints lie in so many partitions."""

_TABLES: Final = (
    (
        "CREATE TABLE IF NOT EXISTS models (realm text, projection text, build int, code_version int, state text,"
        " shards int, since bigint, paused boolean, live int, PRIMARY KEY ((realm), projection, build))"
    ),
    (
        "CREATE TABLE IF NOT EXISTS checkpoints (projection text, build int, lane int, log int, number bigint,"
        " PRIMARY KEY ((projection, build, lane), log))"
    ),
    (
        "CREATE TABLE IF NOT EXISTS dead_letters (projection text, build int, log int, number bigint, stream text,"
        " event_name text, error text, trace text, parked_at bigint, PRIMARY KEY ((projection, build), log, number))"
    ),
    "CREATE TABLE IF NOT EXISTS leases (name text PRIMARY KEY, holder text)",
)


def migrate(points: Sequence[tuple[str, int]], keyspace: str, *, replication: int) -> None:
    """Make what is missing; blocking, to be run by one process at a time, again after every upgrade."""
    if not re.fullmatch(r"[a-z]\w{0,47}", keyspace):
        raise ValueError(f"{keyspace!r} can't be the name of a keyspace")
    made = Cassandra.connect(points, keyspace)
    try:
        with outages():
            made.session.execute(
                f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication ="
                f" {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replication}}}"
            )
        for statement in _TABLES:
            made.execute(statement)
    finally:
        made.session.cluster.shutdown()
