"""The two shapes that most pages have: newest first by time and member, and newest first by photo."""

from collections.abc import Iterable
from typing import Final, TypeVar

import orjson

from domain.ids import PhotoId
from infra.sqlite.readers import Reader
from infra.sqlite.shapes import HIGHEST, LAST, micros
from projections.ports import Since

R = TypeVar("R")


def by_time(
    reader: Reader, cls: type[R], of: tuple[str, str], member: str, before: Since | None, limit: int
) -> list[R]:
    """Rows of one list (`of` is its field and value), by their `since` and the field `member`."""
    field, value = of
    end = (LAST, "") if before is None else (micros(before.since), before.member_id)
    tail = f"WHERE {field} = ? AND (since, {member}) < (?, ?) ORDER BY since DESC, {member} DESC LIMIT ?"
    return reader.rows(cls, tail, value, *end, limit)


def by_photo(reader: Reader, cls: type[R], of: tuple[str, str], before: PhotoId | None, limit: int) -> list[R]:
    """Rows of one list, by photo."""
    field, value = of
    tail = f"WHERE {field} = ? AND photo_id < ? ORDER BY photo_id DESC LIMIT ?"
    return reader.rows(cls, tail, value, HIGHEST if before is None else before, limit)


ANY_OF: Final = "IN (SELECT value FROM json_each(?))"
"""One of a list, given as JSON text: the statement stays the same for any number."""


def any_of(values: Iterable[str]) -> str:
    """The list that `ANY_OF` asks for."""
    return orjson.dumps([str(value) for value in values]).decode()
