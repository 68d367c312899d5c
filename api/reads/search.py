"""Search: members and photos by what people type, of which everyone gets what they may see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Viewer
from api.paging import Filled, Paged, body, fill
from api.ports import Now, Reads
from api.positions import fresh
from api.shapes import examples
from api.shapes import members as member_shapes
from api.shapes import photos as shapes
from api.showing.members import HIDDEN, cards, standing
from api.showing.photos import MODELS, hydrate, present
from api.showing.shown import Shown, bodies, versions
from domain.errors import Invalid
from domain.ids import MemberId
from domain.texts import USERNAME
from domain.visibility import may_see_lists
from projections.ports import Reached
from projections.search import Hit, Near, PhotoFilters, Ranked

FreshMembers = Annotated[Reached, Depends(fresh("visibility", "profiles", "member_search"))]
FreshPhotos = Annotated[Reached, Depends(fresh(*MODELS, "photo_search"))]

Asked = Annotated[str, Query(min_length=1, max_length=200, description="What is looked for.", examples=["river"])]
AskedOrNone = Annotated[
    str, Query(max_length=200, description="What is looked for; may be left out beside a filter.", examples=["river"])
]
_MOST_KM: Final = 20_038.0
"""Half way round the earth: everything is within that."""
_NEAR: Final = r"^\s*[+-]?\d{1,3}(\.\d{0,15})?\s*,\s*[+-]?\d{1,3}(\.\d{0,15})?\s*,\s*\d{1,5}(\.\d{0,15})?\s*$"


@dataclass(frozen=True, slots=True)
class Filters:
    """What photos must be besides, as it was asked."""

    tag: Annotated[str | None, Query(max_length=65, description="Has this tag.", examples=["river"])] = None
    owner: Annotated[
        str | None, Query(alias="from", max_length=30, description="Published by this member.", examples=["ana"])
    ] = None
    since: Annotated[
        datetime | None, Query(description="Published then or later.", examples=["2026-05-01T00:00:00Z"])
    ] = None
    until: Annotated[
        datetime | None, Query(description="Published before then.", examples=["2026-06-01T00:00:00Z"])
    ] = None
    camera: Annotated[
        str | None, Query(max_length=100, description="Taken with such a camera.", examples=["fujifilm x-t5"])
    ] = None
    near: Annotated[
        str | None,
        Query(
            pattern=_NEAR,
            description="Taken, as far as it is shown, near a place: latitude and longitude in degrees, kilometres.",
            examples=["46.55,15.64,5"],
        ),
    ] = None


Filtered = Annotated[Filters, Depends()]


def routes(reads: Reads, now: Now) -> APIRouter:
    """Search."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/search/members",
        **read("Search members", "search", member_shapes.MemberCards, examples.FOUND_MEMBERS, 422),
    )
    async def members(request: Request, q: Asked, viewer: Viewer, at: FreshMembers, page: Paged) -> Response:
        """By username, first and last name; words may be begun or slightly misspelt. The exact username comes first."""
        me = viewer and viewer.member_id
        scope = ("search-members", _digest(q))

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[Hit]:
            return (await reads.search.members(q, after=_after(key), limit=limit)).hits

        async def choose(hits: Sequence[Hit]) -> list[Shown | None]:
            found = await cards(reads, me, (hit.id for hit in hits))
            return [None if card is HIDDEN else card for card in found]

        filled = await fill(page.limit, page.after(*scope), fetch=fetch, key_of=_key, choose=choose)
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key))

    @router.get(
        "/v1/search/photos",
        **read("Search photos", "search", shapes.FoundPhotos, examples.FOUND_PHOTOS, 422),
    )
    async def photos(
        request: Request, asked: Filtered, viewer: Viewer, at: FreshPhotos, page: Paged, q: AskedOrNone = ""
    ) -> Response:
        """By caption, tags, alt text, shown place and owner's name; the best first, the newest among equals."""
        me = viewer and viewer.member_id
        if not q and asked == Filters():
            raise Invalid("invalid", "must have at least 1 character where no filter is given", field="q")
        wanted, scope = _wanted(asked, me), ("search-photos", _digest(q, asked))
        start = page.after(*scope)
        before: int = start[-1] if start else 0
        upper: int | None = None
        filters = await _by(reads, asked.owner, wanted, me)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[Hit]:
            nonlocal upper
            if filters is None:
                return ()
            found = await reads.search.photos(q, filters, after=_after(key), limit=limit)
            upper = found.total if upper is None else upper
            return found.hits

        async def choose(hits: Sequence[Hit]) -> list[Shown | None]:
            known = await hydrate(reads, me, (hit.id for hit in hits))
            return [_marked(present(known, hit.id, reads, now), hit) for hit in hits]

        filled = await fill(page.limit, start and start[:-1], fetch=fetch, key_of=_key, choose=choose)
        given = before + len(filled.items)
        # once everything was looked through, no more is told to exist than the viewer may see
        total = given if filled.key is None else max(upper or 0, given + 1)
        counted = Filled(filled.items, None if filled.key is None else [*filled.key, given])
        told = {**body(page, counted, bodies(filled.items), *scope), "total": total}
        return shown(request, at, told, (*versions(filled.items), counted.key, total))

    return router


async def _by(
    reads: Reads, username: str | None, filters: PhotoFilters, viewer: MemberId | None
) -> PhotoFilters | None:
    """The filters with the owner; None where there is nobody of that name whose photos the viewer may see."""
    if username is None:
        return filters
    folded = username.casefold()
    owner = await reads.profiles.by_username(folded) if USERNAME.fullmatch(folded) else None
    if owner is None or not may_see_lists(viewer, *(await standing(reads, viewer, owner.member_id))):
        return None
    return replace(filters, owner_id=owner.member_id)


def _marked(photo: Shown | None, hit: Hit) -> Shown | None:
    """A photo with the texts in which it was found, but for a place that it shows no more."""
    if photo is None:
        return None
    hidden = {"place"} if photo.body["location"] is None else set()
    highlights = {name: text for name, text in hit.highlights.items() if name not in hidden}
    return Shown({**photo.body, "highlights": highlights}, (*photo.version, *sorted(highlights.items())))


def _wanted(asked: Filters, viewer: MemberId | None) -> PhotoFilters:
    return PhotoFilters(
        tag=None if asked.tag is None else asked.tag.strip().removeprefix("#").casefold(),
        since=_utc(asked.since),
        until=_utc(asked.until),
        camera=asked.camera,
        near=None if asked.near is None else _near(asked.near),
        viewer=viewer,
    )


def _near(text: str) -> Near:
    latitude, longitude, km = map(float, text.split(","))
    if abs(latitude) > 90 or abs(longitude) > 180 or not 0 < km <= _MOST_KM:  # noqa: PLR2004 degrees
        raise Invalid(
            "invalid", f"must be a latitude to 90, a longitude to 180 and up to {_MOST_KM:.0f} km", field="near"
        )
    return Near(latitude, longitude, km)


def _utc(at: datetime | None) -> datetime | None:
    """Where no zone is said, UTC is meant."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)


def _digest(q: str, asked: Filters | None = None) -> str:
    """What a cursor is bound to, however much was asked."""
    return blake2b(repr((q, asked)).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _key(hit: Hit) -> list[Any]:
    return [hit.rank, hit.id]


def _after(key: list[Any] | None) -> Ranked | None:
    return None if key is None else Ranked(key[0], key[1])
