"""What links show, to anyone who has one: JSON for programs, a page for browsers."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Viewer
from api.opening import Opening, not_found
from api.pages import HTML, for_browsers, html, locked, origin_of, page_of
from api.paging import Page, Paged, body, fill
from api.positions import fresh
from api.problems import Problem
from api.shapes import examples
from api.shapes import shares as shapes
from api.showing.photos import MODELS
from api.showing.shares import album, photos, shared
from api.showing.shown import Shown, bodies, versions
from domain.shares import PASSWORD_MOST, PHOTO, ShareState
from projections.albums import AlbumEntryRow
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh(*MODELS, "albums"))]
Password = Annotated[
    str | None,
    Header(alias="X-Share-Password", max_length=4 * PASSWORD_MOST, description="Where the link asks for one."),
]
_SAID = read("What a link shows", "shares", shapes.Shared, examples.SHARED, 401, 404, 422)
_SAID["responses"][200]["content"][HTML] = {"example": "<!doctype html>"}


def routes(opening: Opening) -> APIRouter:
    """What links show."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/v1/shared/{token}", **_SAID)
    async def follow(
        request: Request, token: str, _: Viewer, at: Fresh, page: Paged, password: Password = None
    ) -> Response:
        """For anyone who has the link, and the password if it has one; an album's photos come in pages."""
        browser = for_browsers(request)
        try:
            share = await opening.open(request, token, password)
        except Problem as problem:
            if browser and problem.status == HTTPStatus.UNAUTHORIZED:
                return html(locked(), status=problem.status)
            raise
        if share.kind == PHOTO and page.cursor is not None:
            page.after(*_scope(share))  # there are no pages of one photo, so no cursor was given out
        told, version = await (_photo(opening, share) if share.kind == PHOTO else _album(opening, share, page))
        answer = _for_browser(request, told) if browser else _for_program(request, at, told, version)
        if answer.status_code == HTTPStatus.OK and page.cursor is None:
            await opening.reads.share_views.count(share.share_id)
        return answer

    return router


def _for_browser(request: Request, told: dict[str, Any]) -> Response:
    return html(page_of(told, str(request.url)), pictures_from=origin_of(told))


def _for_program(request: Request, at: Reached, told: dict[str, Any], version: Any) -> Response:
    answer = shown(request, at, told, [version])
    answer.headers["Vary"] = "Accept, Authorization, X-Share-Password"
    return answer


def _scope(share: ShareState) -> tuple[str, str]:
    return "shared", share.share_id


async def _photo(opening: Opening, share: ShareState) -> tuple[dict[str, Any], Any]:
    (found,) = await photos(opening.reads, share, [share.subject_id], opening.now)
    if found is None:
        raise not_found()
    return shared(share, photo=found), found.version


async def _album(opening: Opening, share: ShareState, page: Page) -> tuple[dict[str, Any], Any]:
    reads, now, scope = opening.reads, opening.now, _scope(share)
    about = await album(reads, share, now)
    if about is None:
        raise not_found()

    async def fetch(key: list[Any] | None, limit: int) -> Sequence[AlbumEntryRow]:
        return await reads.albums.page(share.subject_id, after=(key[0], key[1]) if key else None, limit=limit)

    async def choose(rows: Sequence[AlbumEntryRow]) -> list[Shown | None]:
        return await photos(reads, share, [row.photo_id for row in rows], now)

    filled = await fill(
        page.limit, page.after(*scope), fetch=fetch, key_of=lambda row: [row.rank, row.photo_id], choose=choose
    )
    listed = body(page, filled, bodies(filled.items), *scope)
    return shared(share, album=about, photos=listed), (about.version, *versions(filled.items), filled.key)
