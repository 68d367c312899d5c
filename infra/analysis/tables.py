"""Events as Arrow, polars or pandas tables, and under SQL: what a notebook imports.

    from pathlib import Path
    from infra.analysis.tables import of_export, of_installation

    with of_installation(Path("filmroll-data")) as events:       # straight from the log of an installation
        likes = events.polars("photo_liked")
        busiest = likes.group_by("photo_id").len().sort("len", descending=True).head(10)

    events = of_export(Path("export"))                           # or from what `filmroll events export` wrote
    events.names()                                               # ['events', 'comment_edited', …]
    events.arrow("photo_liked").schema                           # typed: times in UTC, ids as text, lists, structs
    daily = events.sql('''
        select date_trunc('day', recorded_at) as day, count(*) as likes
        from photo_liked group by day order by day
    ''').to_pandas()

There is one table for each event, named like its class in snake case, and one, `events`, of all; the reference in
`domain/events/REFERENCE.md` says what their columns mean. `at` is called `happened_at`.
"""

import asyncio
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.analysis.arrow import schema_of
from infra.analysis.columns import EVENTS, EventTable, tables
from infra.analysis.exporting import export
from infra.analysis.extras import extra
from infra.analysis.formats import Format, lines_as_arrow
from infra.analysis.manifest import Content, ExportError, Manifest, load
from streams.ports import EventLog


class Tables:
    """The tables of an export."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._directory = directory
        self._tables = tables(personal=manifest.content.personal)

    def names(self) -> list[str]:
        """Every table, `events` first; those of events that never happened are there, and empty."""
        types = self.manifest.content.types
        return [name for name, table in self._tables.items() if not types or not table.of or table.of.name in types]

    def arrow(self, name: str) -> Any:
        """A table as a `pyarrow.Table`; raises `KeyError` for a name that no table has."""
        source = self._source(name)
        return source.to_table() if hasattr(source, "to_table") else source

    def polars(self, name: str) -> Any:
        """A table as a `polars.DataFrame`."""
        return extra("polars").from_arrow(self.arrow(name))

    def pandas(self, name: str) -> Any:
        """A table as a `pandas.DataFrame`."""
        extra("pandas", "pip install pandas")
        return self.arrow(name).to_pandas()

    def sql(self, query: str) -> Any:
        """What a query of DuckDB's SQL gives, as a `pyarrow.Table` (empty for a statement that gives nothing)."""
        duckdb = extra("duckdb")
        with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name in mentioned(query, self.names()):
                connection.register(name, self._source(name))
            found = connection.sql(query)
            return extra("pyarrow").table({}) if found is None else found.to_arrow_table()

    def _source(self, name: str) -> Any:
        """What holds a table: a dataset that is read as far as it is asked for, or a table in memory."""
        table = self._tables[name]
        paths = [self._directory / path for path in self.manifest.files(name)]
        if not paths:
            return schema_of(table).empty_table()
        kind = self.manifest.content.format
        if kind is Format.JSONL:
            return lines_as_arrow(table, paths)
        return extra("pyarrow.dataset").dataset(paths, schema=schema_of(table), format=str(kind))


def of_export(directory: Path) -> Tables:
    """The tables of what `filmroll events export` wrote; raises `ExportError` where the folder holds no export."""
    manifest = load(directory)
    if manifest is None:
        raise ExportError(f"there is no export in {directory}")
    return Tables(directory, manifest)


@contextmanager
def of_installation(data: Path, *, names: Collection[str] = (), personal: bool = False) -> Iterator[Tables]:
    """The tables of an installation's log as it stands; `names` spares those that are not needed.

    They are written into a temporary folder first, so memory does not grow with the log.
    """
    from infra.bootstrap import open_core
    from infra.settings import Settings

    async def take(directory: Path) -> Tables:
        async with open_core(Settings(data=data)) as core:
            return await of_log(core.store, directory, names=names, personal=personal)

    with tempfile.TemporaryDirectory(prefix="filmroll-") as directory:
        yield asyncio.run(take(Path(directory)))


async def of_log(log: EventLog, directory: Path, *, names: Collection[str] = (), personal: bool = False) -> Tables:
    """The tables of a log as it stands, written into a folder that the caller keeps as long as it reads them."""
    content = Content(Format.PARQUET, types_behind(names), personal)
    through = {number: await log.head(number) for number in range(log.logs)}
    return Tables(directory, await export(log, directory, content, after={}, through=through))


def mentioned(query: str, names: Collection[str]) -> list[str]:
    """Those of the names that a query speaks of; all of them where it speaks of none."""
    words = set(re.findall(r"\w+", query.lower()))
    return [name for name in names if name in words] or list(names)


def types_behind(names: Collection[str]) -> tuple[str, ...] | None:
    """The stored names of the events in these tables; None, which is all, where `events` is among them or none is."""
    known: Mapping[str, EventTable] = tables(personal=False)
    if not names or EVENTS in names:
        return None
    return tuple(sorted(table.of.name for table in map(known.__getitem__, names) if table.of))
