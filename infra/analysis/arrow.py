"""Tables of events as Arrow knows them: schemas from the types of the fields, batches from facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.recorded import Recorded
from infra.analysis.columns import EventTable
from infra.analysis.extras import extra
from infra.analysis.hints import Mapped


def schema_of(table: EventTable) -> Any:
    """The `pyarrow.Schema` of a table; times are microseconds in UTC."""
    pa = extra("pyarrow")
    types = _types(pa)
    columns = [pa.field(column.name, *types.of(column.hint)) for column in table.columns]
    meaning = {} if table.of is None else {"event_type": table.of.name, "description": table.of.cls.__doc__ or ""}
    return pa.schema(columns, metadata=meaning)


def batch_of(table: EventTable, schema: Any, facts: Sequence[Recorded]) -> Any:
    """Facts as a `pyarrow.RecordBatch` of that schema."""
    pa = extra("pyarrow")
    arrays = [
        pa.array([column.take(fact) for fact in facts], type=field.type)
        for column, field in zip(table.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _types(pa: Any) -> Mapped[tuple[Any, bool]]:
    """To Arrow's types, each with whether it may be null."""
    plain = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        datetime: pa.timestamp("us", tz="UTC"),
    }

    def made(_: type, parts: Mapping[str, tuple[Any, bool]]) -> tuple[Any, bool]:
        return pa.struct([pa.field(name, *part) for name, part in parts.items()]), False

    return Mapped(
        leaf=lambda kind: (plain[kind], False),
        optional=lambda inner: (inner[0], True),
        several=lambda inner: (pa.list_(pa.field("item", *inner)), False),
        made=made,
    )
