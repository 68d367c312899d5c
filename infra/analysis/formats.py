"""The three formats of an export, each as a sheet that takes facts and ends as one file.

Files depend on the facts alone: rows are grouped by count, never by when they came.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol, get_args

import orjson

from domain.recorded import Recorded
from infra.analysis.arrow import batch_of, schema_of
from infra.analysis.columns import EventTable
from infra.analysis.extras import extra

ROWS: Final = 16_384
"""Rows of one group; a sheet keeps no more in memory."""


class Format(StrEnum):
    """How an export is written; the value is also the files' ending."""

    PARQUET = "parquet"
    ARROW = "arrow"
    JSONL = "jsonl"


class Sheet(Protocol):
    """A file on its way."""

    def write(self, facts: Sequence[Recorded]) -> None:
        """Add a group of rows."""
        ...

    def close(self) -> None:
        """End the file."""
        ...


def open_sheet(path: Path, table: EventTable, kind: Format) -> Sheet:
    """A new file for rows of a table."""
    match kind:
        case Format.PARQUET:
            parquet, schema = extra("pyarrow.parquet"), schema_of(table)
            return _ArrowSheet(table, schema, parquet.ParquetWriter(path, schema, compression="zstd"))
        case Format.ARROW:
            arrow, schema = extra("pyarrow"), schema_of(table)
            return _ArrowSheet(table, schema, arrow.ipc.new_file(path, schema))
        case Format.JSONL:
            return _Lines(table, path)


class _ArrowSheet:
    """Parquet (row groups, zstd) or Arrow IPC."""

    def __init__(self, table: EventTable, schema: Any, writer: Any) -> None:
        self._table = table
        self._schema = schema
        self._writer = writer

    def write(self, facts: Sequence[Recorded]) -> None:
        """Add a group of rows."""
        self._writer.write_batch(batch_of(self._table, self._schema, facts))

    def close(self) -> None:
        """End the file."""
        self._writer.close()


class _Lines:
    """JSON lines; times as RFC 3339 text, documents as they are."""

    def __init__(self, table: EventTable, path: Path) -> None:
        self._table = table
        self._file = path.open("wb")

    def write(self, facts: Sequence[Recorded]) -> None:
        """Add a group of rows."""
        self._file.writelines(self._line(fact) for fact in facts)

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def _line(self, fact: Recorded) -> bytes:
        row = {column.name: column.take(fact) for column in self._table.columns}
        for column in self._table.columns:
            if column.document:
                row[column.name] = orjson.Fragment(row[column.name])
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def lines_as_arrow(table: EventTable, paths: Sequence[Path]) -> Any:
    """JSON lines of a table as a `pyarrow.Table`, all in memory."""
    times = [column.name for column in table.columns if datetime in (column.hint, *get_args(column.hint))]
    rows = []
    for path in paths:
        for line in path.read_bytes().splitlines():
            row = orjson.loads(line)
            row |= {name: datetime.fromisoformat(row[name]) for name in times if row[name] is not None}
            row |= {each.name: orjson.dumps(row[each.name]).decode() for each in table.columns if each.document}
            rows.append(row)
    return extra("pyarrow").Table.from_pylist(rows, schema_of(table))
