"""How rows lie in an index: the document of each class of rows, and what it is indexed under.

An index holds all rows of a build. `row` is the row itself, stored and not indexed; all else is there to be found by.
A photo is a child of its owner's document and lies in the same shard, so that the owner's names are joined to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from infra.opensearch.connecting import Json
from infra.sqlite.shapes import micros, shape_of
from projections.rows import Key, Row
from projections.search import MemberDocument, PhotoDocument, PhotoOwner

_PREFIX_LETTERS: Final = 12
_KEYWORD: Final = {"type": "keyword"}
_WORDS: Final = {"type": "text", "analyzer": "words", "norms": False, "index_options": "docs"}
_BEGINNINGS: Final = {**_WORDS, "index_prefixes": {"min_chars": 1, "max_chars": _PREFIX_LETTERS}}

DEFINITION: Final[Json] = {
    "settings": {
        "analysis": {"analyzer": {"words": {"type": "custom", "tokenizer": "whitespace"}}},
        "index.gc_deletes": "1h",  # for so long, a write that comes late can't bring back what was dropped
        "index.refresh_interval": "-1",  # the store refreshes before each checkpoint
    },
    "mappings": {
        "dynamic": False,
        "properties": {
            "row": {"type": "object", "enabled": False},
            "table": _KEYWORD,
            "key": _KEYWORD,
            "id": _KEYWORD,
            "words": _BEGINNINGS,
            "tagged": _WORDS,
            "camera": _BEGINNINGS,
            "placed": _BEGINNINGS,
            "username": _KEYWORD,
            "tags": _KEYWORD,
            "owner_id": _KEYWORD,
            "created_at": {"type": "long"},
            "removed": {"type": "boolean"},
            "point": {"type": "geo_point"},
            "hidden_point": {"type": "geo_point"},
            "relation": {"type": "join", "relations": {"owner": "photo"}},
        },
    },
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the row under a key lies: the document's id and the value that tells its shard."""

    id: str
    routing: str


def address(cls: type, key: Key) -> Address:
    """Rows that begin with the same key lie in one shard."""
    return Address(f"{shape_of(cls).table.name}/{'/'.join(key)}", key[0])


def document(row: Row) -> bytes:
    """A row as it is stored; raises for what JSON can't hold."""
    cls: type = type(row)
    shape = shape_of(cls)
    key = shape.key(row)
    common = {
        "row": {"values": shape.encode(row)},
        "table": shape.table.name,
        "key": sorting(key),
        "id": key[-1],
    }
    return orjson.dumps({**common, **_FOUND_BY[cls](row)})


def row_of(cls: type, source: Mapping[str, Any]) -> Any:
    """The row behind a document."""
    return shape_of(cls).decode(source["row"]["values"])


def sorting(key: Key) -> str:
    """One text that sorts as the key does."""
    return "\0".join(key)


def _member(row: MemberDocument) -> Json:
    return {"words": row.words, "username": row.username}


def _owner(row: PhotoOwner) -> Json:
    return {"words": row.words, "relation": "owner"}


def _photo(row: PhotoDocument) -> Json:
    found: Json = {
        "words": row.words,
        "tagged": row.tagged,
        "camera": row.camera,
        "placed": row.placed,
        "tags": row.tags,
        "owner_id": row.owner_id,
        "created_at": micros(row.created_at),
        "removed": row.removed,
        "relation": {"name": "photo", "parent": address(PhotoOwner, (row.owner_id,)).id},
    }
    if row.location is not None:
        name = "point" if row.show_location else "hidden_point"
        found[name] = {"lat": row.location.latitude, "lon": row.location.longitude}
    return found


_FOUND_BY: Final[Mapping[type, Callable[[Any], Json]]] = {
    MemberDocument: _member,
    PhotoOwner: _owner,
    PhotoDocument: _photo,
}
