"""Similar: public photos that look like one."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Viewer
from api.paging import Paged, body, fill
from api.ports import Now, Reads
from api.positions import fresh
from api.shapes import duplicates as shapes
from api.shapes import examples
from api.showing.photos import MODELS, Hydrated, hydrate, present, seen
from api.showing.shown import Shown, bodies, versions
from domain.ids import PhotoId
from domain.visibility import is_public
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh(*MODELS, "similar"))]
MOST: Final = 500
"""So many of the nearest are looked at, whoever may see them."""

Near = tuple[PhotoId, float]


def routes(reads: Reads, now: Now) -> APIRouter:
    """What looks alike."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/photos/{photo_id}/similar",
        **read("Similar photos", "photos", shapes.SimilarPhotos, examples.SIMILAR, 404, 422),
    )
    async def similar(request: Request, photo_id: str, viewer: Viewer, at: Fresh, page: Paged) -> Response:
        """Public photos that the viewer may see, the most similar first, for anyone who sees the photo."""
        me = viewer and viewer.member_id
        await seen(reads, me, photo_id)
        asked = await reads.similar.descriptor(photo_id)
        near = [] if asked is None else await reads.similar.nearest(asked, limit=MOST)
        scope = ("similar", photo_id)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[Near]:
            behind = near if key is None else [one for one in near if (one[1], one[0]) < (key[0], key[1])]
            return behind[:limit]

        async def choose(found: Sequence[Near]) -> list[Shown | None]:
            known = await hydrate(reads, me, [photo for photo, _ in found])
            return [None if photo == photo_id else told(known, photo, similarity) for photo, similarity in found]

        filled = await fill(
            page.limit, page.after(*scope), fetch=fetch, key_of=lambda one: [one[1], one[0]], choose=choose
        )
        return shown(
            request,
            at,
            body(page, filled, bodies(filled.items), *scope),
            (*versions(filled.items), filled.key),
        )

    def told(known: Hydrated, photo_id: PhotoId, similarity: float) -> Shown | None:
        state = known.states.get(photo_id)
        if state is None or not is_public(state, known.owner(state)):
            return None
        made = present(known, photo_id, reads, now)
        if made is None:
            return None
        rounded = round(similarity, 4)
        return Shown({**made.body, "similarity": rounded}, (*made.version, rounded))

    return router
