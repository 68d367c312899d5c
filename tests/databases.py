"""Fresh PostgreSQL databases on the servers of a stack, for tests that want the server for themselves."""

from collections.abc import Sequence
from itertools import count
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

_numbers = count(1)


def fresh(servers: Sequence[str]) -> list[str]:
    """A new database on each of the servers; their DSNs."""
    made = []
    for dsn in servers:
        name = f"test_{uuid4().hex[:8]}_{next(_numbers)}"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {0}").format(Identifier(name)))
        made.append(make_conninfo(dsn, dbname=name))
    return made


def on_replica(dsn: str, database: str) -> str:
    """Where a replica of a server has a copy of one of its databases."""
    return make_conninfo(dsn, dbname=psycopg.conninfo.conninfo_to_dict(database)["dbname"])


def drop(dsns: Sequence[str]) -> None:
    """End databases, whoever is connected."""
    for dsn in dsns:
        name = str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])
        with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE IF EXISTS {0} WITH (FORCE)").format(Identifier(name)))
