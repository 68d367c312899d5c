"""The port `Search` over OpenSearch: constant scores, so that a document's rank depends on it and the query alone."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from commands.errors import Unavailable
from domain.ids import MemberId
from infra.opensearch.connecting import SEARCH_S, Json
from infra.opensearch.documents import row_of
from infra.opensearch.store import OpenSearchStore
from infra.sqlite.shapes import micros
from projections.rows import Projection
from projections.search import (
    BEGINS_USERNAME,
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
from projections.stores import Model
from projections.words import EXPANSIONS, edits, storable, terms

_LEAST_KM: Final = 1e-3


class OpenSearchSearch:
    """Members and photos by what people type; `live` says which build of a projection reads use."""

    def __init__(self, store: OpenSearchStore, live: Callable[[Projection], Awaitable[Model]]) -> None:
        self._store = store
        self._live = live

    async def members(self, query: str, *, after: Ranked | None, limit: int) -> Found:
        """By username (the exact one first), first and last name."""
        asked = terms(query)
        if not asked:
            return Found((), 0)
        username = username_asked(query)
        named = _best(
            [
                _worth(THE_USERNAME, {"term": {"username": username}}),
                _worth(BEGINS_USERNAME, {"prefix": {"username": username}}),
            ]
        )
        wanted = {"bool": {"must": [_best(_ways(term)) for term in asked], "should": [named]}}
        answer = await self._ask(MEMBER_SEARCH, wanted, "asc", after, limit)
        rows: list[MemberDocument] = [row_of(MemberDocument, hit["_source"]) for hit in answer["hits"]]
        hits = [
            Hit(row.member_id, _rank(hit), member_highlights(row, asked))
            for row, hit in zip(rows, answer["hits"], strict=True)
        ]
        return Found(hits, answer["total"]["value"])

    async def photos(self, query: str, filters: PhotoFilters, *, after: Ranked | None, limit: int) -> Found:
        """By caption, tags, alt text, shown place and owner's name; a query of no words finds all that pass."""
        asked = terms(query)
        wanted = {"bool": {"must": [_in_photo(term, filters.viewer) for term in asked], "filter": _filters(filters)}}
        answer = await self._ask(PHOTO_SEARCH, wanted, "desc", after, limit)
        rows: list[PhotoDocument] = [row_of(PhotoDocument, hit["_source"]) for hit in answer["hits"]]
        hits = [
            Hit(row.photo_id, _rank(hit), photo_highlights(row, asked, filters.viewer))
            for row, hit in zip(rows, answer["hits"], strict=True)
        ]
        return Found(hits, answer["total"]["value"])

    async def _ask(self, projection: Projection, query: Json, order: str, after: Ranked | None, limit: int) -> Json:
        body: Json = {
            "query": query,
            "sort": [{"_score": "desc"}, {"id": order}],
            "size": limit,
            "_source": ["row"],
            "track_total_hits": True,
        }
        if after is not None:
            body["search_after"] = [after.rank, after.id]
        index = self._store.index(await self._live(projection))
        params = {"allow_partial_search_results": "false"}
        _, answer = await self._store.search.ask("POST", f"/{index}/_search", body, params=params, timeout_s=SEARCH_S)
        if answer["timed_out"]:
            raise Unavailable("OpenSearch takes too long to search")
        found: Json = answer["hits"]
        return found


def _ways(term: str) -> list[Json]:
    """The ways in which a term finds a document by its words, the shorter ones included in the longer."""
    ways = [_worth(WORD, {"term": {"words": term}}), _worth(PREFIX, {"prefix": {"words": term}})]
    if slips := edits(term):
        near = {"value": term, "fuzziness": slips, "prefix_length": 1, "max_expansions": EXPANSIONS}
        ways.append(_worth(TYPO, {"fuzzy": {"words": near}}))
    return ways


def _in_photo(term: str, viewer: MemberId | None) -> Json:
    """A term in a photo's own words, in its tags, in its owner's names, or in the place that it shows to its owner."""
    owner = {"has_parent": {"parent_type": "owner", "score": True, "query": _best(_ways(term))}}
    placed = [_worth(WORD, {"term": {"placed": term}}), _worth(PREFIX, {"prefix": {"placed": term}})]
    hidden = [] if viewer is None else [{"bool": {"must": [_best(placed)], "filter": [_owned(viewer)]}}]
    return _best([*_ways(term), _worth(TAG, {"term": {"tagged": term}}), owner, *hidden])


def _filters(filters: PhotoFilters) -> list[Json]:
    wanted: list[Json] = [{"term": {"relation": "photo"}}, {"term": {"removed": False}}]
    if filters.tag is not None:
        wanted.append({"term": {"tags": storable(filters.tag)}})
    if filters.owner_id is not None:
        wanted.append(_owned(filters.owner_id))
    if filters.since is not None:
        wanted.append({"range": {"created_at": {"gte": micros(filters.since)}}})
    if filters.until is not None:
        wanted.append({"range": {"created_at": {"lt": micros(filters.until)}}})
    if filters.camera is not None:
        words = terms(filters.camera)
        wanted += [{"prefix": {"camera": word}} for word in words] or [{"match_none": {}}]
    if filters.near is not None:
        wanted.append(_within(filters.near, filters.viewer))
    return wanted


def _within(near: Near, viewer: MemberId | None) -> Json:
    point = {"lat": near.latitude, "lon": near.longitude}
    shown, hidden = (
        {"geo_distance": {"distance": f"{max(near.km, _LEAST_KM):.6f}km", field: point}}
        for field in ("point", "hidden_point")
    )
    if viewer is None:
        return shown
    own = {"bool": {"filter": [hidden, _owned(viewer)]}}
    return {"bool": {"should": [shown, own], "minimum_should_match": 1}}


def _owned(owner_id: MemberId) -> Json:
    return {"term": {"owner_id": owner_id}}


def _worth(rank: int, query: Json) -> Json:
    return {"constant_score": {"filter": query, "boost": rank}}


def _best(queries: list[Json]) -> Json:
    return {"dis_max": {"queries": queries}}


def _rank(hit: dict[str, Any]) -> int:
    """Scores are sums of small whole numbers, which floats hold exactly."""
    return int(hit["sort"][0])
