"""Tags: the photos of a tag, and the tags that are used most."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.boards import Kept
from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Viewer
from api.paging import REFILLS, Filled, Paged, body, fill
from api.ports import Now, Reads
from api.positions import Covered, fresh
from api.problems import Problem
from api.shapes import examples
from api.shapes import photos as shapes
from api.shapes import tags as tag_shapes
from api.shortcut import Asks, paged
from api.showing.photos import MODELS, hydrate
from api.showing.prints import Print, Prints
from api.showing.sighted import is_open, sees, sighted
from domain.errors import Invalid
from domain.ids import MemberId, PhotoId, first_id
from domain.texts import tags as folded
from projections.ports import Reached
from projections.trending import hours

SPAN: Final = timedelta(days=7)
KEPT_S: Final = 10.0
"""How old the list of the tags used most may be."""
LISTED: Final = 1_000
"""So many tags are listed at most."""
_SAMPLE: Final = 8

_TAGGED: Final = (*MODELS, "tags")
Fresh = Annotated[Reached, Depends(fresh(*_TAGGED))]
FreshUses = Annotated[Reached, Depends(fresh("visibility", "tags"))]


@dataclass(frozen=True, slots=True)
class Uses:
    """The tags used most, with how many photos use each, under the name by which the list is kept."""

    name: str
    tags: Sequence[tuple[str, int]]


def routes(reads: Reads, now: Now, prints: Prints) -> APIRouter:
    """Tags."""
    router = APIRouter(route_class=JsonRoute)
    kept: Kept[Uses] = Kept(reads, now, ("tags",), kept_s=KEPT_S)

    @router.get("/v1/tags/trending", **read("Trending tags", "discovery", tag_shapes.Tags, examples.TAGS, 422))
    async def trending(request: Request, viewer: Viewer, at: FreshUses, wanted: Covered, page: Paged) -> Response:
        """By use in public photos that were published in seven days, the current hour and whole ones before it."""
        me = viewer and viewer.member_id
        held = page.after("trending-tags")
        if held is None:
            uses, place = await kept.get("uses", wanted, lambda: _uses(reads, now)), 0
        else:
            uses, place = await _again(reads, held[0]), held[1]
        items, place = await _seen(reads, now, me, uses.tags, place, page.limit)
        key = [uses.name, place] if place < len(uses.tags) else None
        if key is not None and held is None:
            await reads.walks.keep(uses.name, 0, [f"{tag} {count}" for tag, count in uses.tags])
        told = body(page, Filled(items, key), [{"tag": tag, "photos": count} for tag, count in items], "trending-tags")
        return shown(request, at, told, (*items, key is None))

    @router.get("/v1/tags/{tag}", **read("Photos with a tag", "discovery", shapes.Photos, examples.PHOTOS, 422))
    async def tagged(request: Request, tag: str, viewer: Viewer, at: Fresh, page: Paged) -> Response:
        """Those that the viewer may see, newest first; the tag is written with or without `#`, in any case."""
        me = viewer and viewer.member_id
        name = _tag(tag)
        scope = ("tag", name)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[PhotoId]:
            return await reads.tags.page(name, before=key[0] if key else None, limit=limit)

        async def choose(photos: Sequence[PhotoId]) -> list[Print | None]:
            known = await hydrate(reads, me, photos)
            rows = map(known.rows.get, photos)
            return [
                prints.of(known, photo) if row is not None and name in row.tags else None
                for photo, row in zip(photos, rows, strict=True)
            ]

        filled = await fill(page.limit, page.after(*scope), fetch=fetch, key_of=lambda photo: [photo], choose=choose)
        return paged(request.scope, Asks(request.scope), (_TAGGED, at), page, filled, *scope).response()

    return router


def _tag(text: str) -> str:
    """The tag as it is stored; 422 for what can't be one."""
    try:
        (name,) = folded((text,))
    except Invalid as error:
        raise Invalid("invalid", error.detail, field="tag") from error
    return name


async def _uses(reads: Reads, now: Now) -> Uses:
    end = now()
    counts: Counter[str] = Counter()
    for each in (await reads.tags.uses(hours(end - SPAN, end))).values():
        counts.update(each)
    ordered = sorted(counts.items(), key=lambda use: (-use[1], use[0]))
    return Uses(secrets.token_urlsafe(9), ordered[:LISTED])


async def _again(reads: Reads, name: str) -> Uses:
    """The list that a cursor leads into."""
    items = await reads.walks.kept(name, 0)
    if items is None:
        raise Problem(HTTPStatus.BAD_REQUEST, "cursor_invalid", "That cursor is past its time.")
    pairs = (item.rpartition(" ") for item in items)
    return Uses(name, [(tag, int(count)) for tag, _, count in pairs])


async def _seen(
    reads: Reads, now: Now, viewer: MemberId | None, uses: Sequence[tuple[str, int]], place: int, limit: int
) -> tuple[list[tuple[str, int]], int]:
    """The next tags of which the viewer may see a photo, and the place behind them."""
    found: list[tuple[str, int]] = []
    since = first_id(now() - SPAN)
    for _ in range(REFILLS + 1):
        some = uses[place : place + limit - len(found)]
        visible = await _visible(reads, viewer, [tag for tag, _ in some], since)
        found += [use for use in some if use[0] in visible]
        place += len(some)
        if len(found) == limit or place >= len(uses):
            break
    return found, place


async def _visible(reads: Reads, viewer: MemberId | None, tags: Sequence[str], since: PhotoId) -> set[str]:
    """Those of the tags that some public photo has which the viewer may see, however far behind the counts are."""
    visible: set[str] = set()
    places: Mapping[str, PhotoId | None] = dict.fromkeys(tags)
    for _ in range(REFILLS + 1):
        if not places:
            break
        asked = (reads.tags.page(tag, before=before, limit=_SAMPLE) for tag, before in places.items())
        pages = dict(zip(places, await asyncio.gather(*asked), strict=True))
        known = await sighted(reads, viewer, [photo for page in pages.values() for photo in page])
        for tag, page in pages.items():
            states = (sees(known, photo) for photo in page if photo >= since)
            if any(state is not None and is_open(state) for state in states):
                visible.add(tag)
        places = {
            tag: page[-1]
            for tag, page in pages.items()
            if tag not in visible and len(page) == _SAMPLE and page[-1] >= since
        }
    return visible
