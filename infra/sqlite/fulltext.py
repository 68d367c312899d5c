"""Full text beside rows: an FTS5 table for each searched table, kept in step by triggers within the same transaction.

The texts are words already, so SQLite only cuts them at spaces. A table of numbers stands between a row's key and its
place in the index, because the rows themselves are replaced, and their own numbers with them.
"""

# ruff: noqa: S608 the names in these statements come from row classes, never from a caller

from collections.abc import Mapping
from typing import Final

from infra.sqlite.shapes import shape_of
from projections.search import MemberDocument, PhotoDocument, PhotoOwner

_SEARCHED: Final[Mapping[type, tuple[str, ...]]] = {
    MemberDocument: ("words",),
    PhotoOwner: ("words",),
    PhotoDocument: ("words", "tagged", "camera", "placed"),
}
"""The searched columns of each table."""


def index_statements(cls: type) -> list[str]:
    """What makes the index of a table: nothing where it isn't searched.

    `<table>_index` has the columns, `<table>_numbers` says which row is which, `<table>_vocabulary` lists the words.
    """
    if cls not in _SEARCHED:
        return []
    table = shape_of(cls).table
    name, key = table.name, ", ".join(table.key)
    columns = ", ".join(_SEARCHED[cls])
    number = f"SELECT number FROM {name}_numbers WHERE {{}}"
    new, old = (" AND ".join(f"{field} = {row}.{field}" for field in table.key) for row in ("NEW", "OLD"))
    return [
        (
            f"CREATE TABLE {name}_numbers (number INTEGER PRIMARY KEY,"
            f" {', '.join(f'{field} TEXT NOT NULL' for field in table.key)}, UNIQUE ({key})) STRICT"
        ),
        f"CREATE VIRTUAL TABLE {name}_index USING fts5({columns}, prefix='1 2 3', tokenize='unicode61 remove_diacritics 2')",
        f"CREATE VIRTUAL TABLE {name}_vocabulary USING fts5vocab({name}_index, 'col')",
        (
            f"CREATE TRIGGER {name}_put AFTER INSERT ON {name} BEGIN"
            # not OR IGNORE: within a trigger, the conflict rule of the statement that fired it holds
            f" INSERT INTO {name}_numbers ({key}) SELECT {', '.join(f'NEW.{field}' for field in table.key)}"
            f" WHERE NOT EXISTS ({number.format(new)});"
            f" DELETE FROM {name}_index WHERE rowid = ({number.format(new)});"
            f" INSERT INTO {name}_index (rowid, {columns})"
            f" VALUES (({number.format(new)}), {', '.join(f'NEW.{column}' for column in _SEARCHED[cls])});"
            " END"
        ),
        (
            f"CREATE TRIGGER {name}_drop AFTER DELETE ON {name} BEGIN"
            f" DELETE FROM {name}_index WHERE rowid = ({number.format(old)});"
            f" DELETE FROM {name}_numbers WHERE {old};"
            " END"
        ),
    ]
