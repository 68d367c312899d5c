"""Similar: public photos that look like one."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.answers import dump
from api.bodies import JsonRoute
from api.documents import read
from api.identity import Viewer
from api.paging import Paged, fill
from api.ports import Reads
from api.positions import fresh
from api.shapes import duplicates as shapes
from api.shapes import examples
from api.shortcut import Asks, paged
from api.showing.photos import MODELS, Hydrated, hydrate, seen
from api.showing.prints import Print, Prints
from domain.ids import PhotoId
from domain.visibility import is_public
from projections.ports import Reached

_MODELS: Final = (*MODELS, "similar")
Fresh = Annotated[Reached, Depends(fresh(*_MODELS))]
MOST: Final = 500
"""So many of the nearest are looked at, whoever may see them."""

Near = tuple[PhotoId, float]


def routes(reads: Reads, prints: Prints) -> APIRouter:
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

        async def choose(found: Sequence[Near]) -> list[Print | None]:
            known = await hydrate(reads, me, [photo for photo, _ in found])
            return [None if photo == photo_id else told(known, photo, similarity) for photo, similarity in found]

        filled = await fill(
            page.limit, page.after(*scope), fetch=fetch, key_of=lambda one: [one[1], one[0]], choose=choose
        )
        return paged(request.scope, Asks(request.scope), (_MODELS, at), page, filled, *scope).response()

    def told(known: Hydrated, photo_id: PhotoId, similarity: float) -> Print | None:
        state = known.states.get(photo_id)
        if state is None or not is_public(state, known.owner(state)):
            return None
        made = prints.of(known, photo_id)
        if made is None:
            return None
        rounded = dump(round(similarity, 4))
        return Print(made.body, b'%b,"similarity":%b}' % (made.tail[:-1], rounded), made.version + rounded)

    return router
