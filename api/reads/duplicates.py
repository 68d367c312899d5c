"""Duplicates: groups of the caller's photos that are alike, and about which nothing was decided yet."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Member
from api.paging import Paged, body, fill
from api.ports import Now, Reads
from api.positions import fresh
from api.shapes import duplicates as shapes
from api.shapes import examples
from api.showing.photos import MODELS, Hydrated, hydrate, present
from api.showing.shown import Shown, bodies, versions
from domain.ids import PhotoId
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh(*MODELS, "duplicates"))]
_FEWEST: Final = 2


def routes(reads: Reads, now: Now) -> APIRouter:
    """Groups of duplicates."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/me/duplicates",
        **read("My duplicates", "photos", shapes.DuplicateGroups, examples.DUPLICATES, 422),
    )
    async def groups(request: Request, caller: Member, at: Fresh, page: Paged) -> Response:
        """The oldest group first; deleted photos don't count, and a group that was decided comes back if it grows."""
        me = caller.member_id
        scope = ("duplicates", me)
        decided = await reads.duplicates.decided(me)
        photos_of: dict[PhotoId, list[PhotoId]] = {}
        for row in await reads.duplicates.groups(me):
            photos_of.setdefault(row.group_id, []).append(row.photo_id)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[tuple[PhotoId, list[PhotoId]]]:
            after = key[0] if key else ""
            return [each for each in photos_of.items() if each[0] > after][:limit]

        async def choose(found: Sequence[tuple[PhotoId, list[PhotoId]]]) -> list[Shown | None]:
            known = await hydrate(reads, me, [photo for _, photos in found for photo in photos])
            return [group(known, one, photos, decided.get(one, frozenset())) for one, photos in found]

        filled = await fill(page.limit, page.after(*scope), fetch=fetch, key_of=lambda one: [one[0]], choose=choose)
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key))

    def group(
        known: Hydrated, group_id: PhotoId, photos: Sequence[PhotoId], decided: frozenset[PhotoId]
    ) -> Shown | None:
        there = {photo: seen for photo in photos if (seen := present(known, photo, reads, now)) is not None}
        if len(there) < _FEWEST or there.keys() <= decided:
            return None
        made = list(there.values())
        return Shown({"group_id": group_id, "photos": bodies(made)}, (group_id, *versions(made)))

    return router
