"""The port `Search` over SQLite: FTS5 finds words and beginnings of words, its vocabulary gives the misspelt ones."""

# ruff: noqa: S608 the names in these statements come from here, never from a caller

import math
from dataclasses import dataclass, field
from typing import Any, Final

from domain.ids import MemberId
from infra.sqlite.connections import reading
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.readers import Reader
from infra.sqlite.shapes import micros
from projections.search import (
    BEGINS_USERNAME,
    EARTH_KM,
    MEMBER_SEARCH,
    PHOTO_SEARCH,
    PREFIX,
    TAG,
    THE_USERNAME,
    TYPO,
    WORD,
    Found,
    Hit,
    MemberDocument,
    Near,
    PhotoDocument,
    PhotoFilters,
    Ranked,
    member_highlights,
    photo_highlights,
    username_asked,
)
from projections.words import edits, misspelt, storable, terms

_CANDIDATES: Final = 20_000
"""At most so many words of the vocabulary are compared with a term."""
_LAST: Final = chr(0x10FFFF)


@dataclass(slots=True)
class _Query:
    """A statement in the making: where rows come from, what they must be, and the values for both."""

    source: str
    key: str
    rank: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    join_values: list[Any] = field(default_factory=list)
    rank_values: list[Any] = field(default_factory=list)
    wanted: list[str] = field(default_factory=lambda: ["TRUE"])
    values: list[Any] = field(default_factory=list)

    def want(self, condition: str, *values: Any) -> None:
        """Rows must be so."""
        self.wanted.append(condition)
        self.values += values

    def add(self, rank: str, *values: Any) -> None:
        """Rows rank higher by so much."""
        self.rank.append(rank)
        self.rank_values += values

    def term(self, found: str, values: list[Any]) -> None:
        """Rows must be among these, and rank by the best way in which they are."""
        name = f"term{len(self.joined)}"
        self.joined.append(
            f" JOIN (SELECT id, max(rank) AS rank FROM ({found}) GROUP BY id) AS {name} ON {name}.id = {self.key}"
        )
        self.join_values += values
        self.add(f"{name}.rank")

    def page(self, reader: Reader, after: Ranked | None, limit: int, *, up: bool) -> tuple[list[tuple[int, str]], int]:
        """Ranks and ids, the best first and ids `up` or down among equals; and how many there are in all."""
        ranked = (
            f"SELECT {' + '.join(self.rank) or '0'} AS rank, {self.key} AS id FROM {self.source}{''.join(self.joined)}"
            f" WHERE {' AND '.join(self.wanted)}"
        )
        values = (*self.rank_values, *self.join_values, *self.values)
        place = "" if after is None else f" WHERE rank < ? OR (rank = ? AND id {'>' if up else '<'} ?)"
        place_values = () if after is None else (after.rank, after.rank, after.id)
        order = f"ORDER BY rank DESC, id {'ASC' if up else 'DESC'}"
        rows = reader.values(
            f"WITH ranked AS MATERIALIZED ({ranked}), page AS (SELECT rank, id FROM ranked{place} {order} LIMIT ?)"
            f" SELECT total, rank, id FROM (SELECT count(*) AS total FROM ranked) LEFT JOIN page ON TRUE {order}",
            *values,
            *place_values,
            limit,
        )
        return [(rank, id_) for _, rank, id_ in rows if id_ is not None], rows[0][0]


class SqliteSearch:
    """Members and photos by what people type."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def members(self, query: str, *, after: Ranked | None, limit: int) -> Found:
        """By username (the exact one first), first and last name."""
        asked = terms(query)
        if not asked:
            return Found((), 0)
        return await self._models.read(
            MEMBER_SEARCH, lambda reader: _members(reader, username_asked(query), asked, after, limit)
        )

    async def photos(self, query: str, filters: PhotoFilters, *, after: Ranked | None, limit: int) -> Found:
        """By caption, tags, alt text, shown place and owner's name; a query of no words finds all that pass."""
        return await self._models.read(
            PHOTO_SEARCH, lambda reader: _photos(reader, terms(query), filters, after, limit)
        )


def _members(reader: Reader, username: str, asked: tuple[str, ...], after: Ranked | None, limit: int) -> Found:
    with reading(reader.connection):
        made = _Query("member_documents AS m", "m.member_id")
        made.add(
            f"CASE WHEN m.username = ? THEN {THE_USERNAME} WHEN m.username >= ? AND m.username < ?"
            f" THEN {BEGINS_USERNAME} ELSE 0 END",
            username,
            username,
            username + _LAST,
        )
        for term in asked:
            made.term(*_matches(reader, "member_documents", "n.member_id", term))
        found, total = made.page(reader, after, limit, up=True)
        rows = _rows(reader, MemberDocument, "member_id", [id_ for _, id_ in found])
    return Found([Hit(id_, rank, member_highlights(rows[id_], asked)) for rank, id_ in found], total)


def _photos(reader: Reader, asked: tuple[str, ...], filters: PhotoFilters, after: Ranked | None, limit: int) -> Found:
    with reading(reader.connection):
        made = _Query("photo_documents AS p", "p.photo_id")
        for term in asked:
            own, values = _matches(reader, "photo_documents", "n.photo_id", term, tagged=True)
            theirs, their_values = _matches(reader, "photo_owners", "n.owner_id", term)
            joined = (
                f"SELECT p.photo_id AS id, o.rank FROM ({theirs}) AS o JOIN photo_documents AS p ON p.owner_id = o.id"
            )
            hidden, hidden_values = _placed(term, filters.viewer)
            made.term(f"{own} UNION ALL {joined}{hidden}", values + their_values + hidden_values)
        _filter(made, filters)
        if filters.near is not None:
            _within(reader, made, filters.near, filters.viewer)
        found, total = made.page(reader, after, limit, up=False)
        rows = _rows(reader, PhotoDocument, "photo_id", [id_ for _, id_ in found])
    return Found([Hit(id_, rank, photo_highlights(rows[id_], asked, filters.viewer)) for rank, id_ in found], total)


def _matches(reader: Reader, table: str, key: str, term: str, *, tagged: bool = False) -> tuple[str, list[Any]]:
    """A statement that gives the key and the rank of every row that a term finds, once for each way in which it does."""
    ways = [(WORD, f'words : "{term}"'), (PREFIX, f'words : "{term}" *')]
    if tagged:
        ways.append((TAG, f'tagged : "{term}"'))
    if meant := misspelt(term, _vocabulary(reader, table, term)):
        ways.append((TYPO, "words : (" + " OR ".join(f'"{word}"' for word in meant) + ")"))
    one = (
        f"SELECT {key} AS id, {{}} AS rank FROM {table}_index AS i JOIN {table}_numbers AS n ON n.number = i.rowid"
        f" WHERE i.{table}_index MATCH ?"
    )
    return " UNION ALL ".join(one.format(rank) for rank, _ in ways), [match for _, match in ways]


def _placed(term: str, viewer: MemberId | None) -> tuple[str, list[Any]]:
    """What goes on the statement for a term: the viewer's own photos, by the places that they don't show."""
    if viewer is None:
        return "", []
    one = (
        " UNION ALL SELECT n.photo_id AS id, {} AS rank FROM photo_documents_index AS i"
        " JOIN photo_documents_numbers AS n ON n.number = i.rowid"
        " WHERE i.photo_documents_index MATCH ? AND n.owner_id = ?"
    )
    ways = [(WORD, f'placed : "{term}"'), (PREFIX, f'placed : "{term}" *')]
    return "".join(one.format(rank) for rank, _ in ways), [value for _, match in ways for value in (match, viewer)]


def _vocabulary(reader: Reader, table: str, term: str) -> list[str]:
    """The words that a term may have been meant for: of about its length, with its first letter."""
    slack = edits(term)
    if not slack:
        return []
    found = reader.values(
        f"SELECT DISTINCT term FROM {table}_vocabulary WHERE term >= ? AND term < ? AND col = 'words'"
        " AND length(term) BETWEEN ? AND ? LIMIT ?",
        term[0],
        term[0] + _LAST,
        len(term) - slack,
        len(term) + slack,
        _CANDIDATES,
    )
    return [word for (word,) in found]


def _filter(made: _Query, filters: PhotoFilters) -> None:
    made.want("NOT p.removed")
    if filters.tag is not None:
        made.want("EXISTS (SELECT 1 FROM json_each(p.tags) WHERE value = ?)", storable(filters.tag))
    if filters.owner_id is not None:
        made.want("p.owner_id = ?", filters.owner_id)
    if filters.since is not None:
        made.want("p.created_at >= ?", micros(filters.since))
    if filters.until is not None:
        made.want("p.created_at < ?", micros(filters.until))
    if filters.camera is not None:
        of = "SELECT n.photo_id FROM photo_documents_index AS i JOIN photo_documents_numbers AS n ON n.number = i.rowid"
        words = terms(filters.camera)
        match = " AND ".join(f'camera : "{term}" *' for term in words)
        if words:
            made.want(f"p.photo_id IN ({of} WHERE i.photo_documents_index MATCH ?)", match)
        else:
            made.want("FALSE")


def _within(reader: Reader, made: _Query, near: Near, viewer: MemberId | None) -> None:
    """SQLite's own mathematics are an option at compile time, so the distance is a function of ours."""
    reader.connection.create_function("km_between", 4, _km_between, deterministic=True)
    latitude, longitude = "p.location ->> 'latitude'", "p.location ->> 'longitude'"
    made.want("p.location IS NOT NULL AND (p.show_location OR p.owner_id = ?)", viewer or "")
    made.want(f"abs({latitude} - ?) <= ?", near.latitude, math.degrees(near.km / EARTH_KM) + 1e-6)
    made.want(f"km_between({latitude}, {longitude}, ?, ?) <= ?", near.latitude, near.longitude, near.km)


def _km_between(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """The haversine formula (Sinnott, 1984)."""
    one, other = math.radians(latitude), math.radians(to_latitude)
    half = math.radians(to_longitude - longitude) / 2
    square = math.sin((other - one) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(half) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(square)))


def _rows(reader: Reader, cls: type, key: str, ids: list[str]) -> dict[str, Any]:
    found: list[Any] = reader.rows(cls, f"WHERE {key} IN ({', '.join('?' * len(ids))})", *ids)
    return {getattr(row, key): row for row in found}
