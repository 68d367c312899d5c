"""Lists of members by time: followers, followed, requests, likes, blocks and mutes are all of this shape."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Member
from api.paging import Page, Paged, body, fill
from api.ports import Reads
from api.positions import fresh
from api.shapes import examples
from api.shapes import members as shapes
from api.showing.members import Rule, cards
from api.showing.shown import Shown, bodies, versions
from domain.ids import MemberId
from domain.visibility import may_see_member, may_see_profile
from projections.ports import Reached, Since


class Timed(Protocol):
    """A row that says since when."""

    @property
    def since(self) -> datetime:
        """When it came to be."""
        ...


R = TypeVar("R", bound=Timed)
R_co = TypeVar("R_co", bound=Timed, covariant=True)


class PageOf(Protocol[R_co]):
    """A page of what belongs to a member, newest first."""

    async def __call__(self, member_id: MemberId, /, *, before: Since | None, limit: int) -> Sequence[R_co]:
        """The next rows."""
        ...


async def listed(
    request: Request,
    at: Reached,
    reads: Reads,
    viewer: MemberId | None,
    page: Page,
    *scope: str,
    fetch: Callable[[Since | None, int], Awaitable[Sequence[R]]],
    who: Callable[[R], MemberId],
    seen: Rule = may_see_member,
) -> Response:
    """A page of member cards, newest first; nobody is left out, so that the list is as long as its count."""

    async def rows(key: list[Any] | None, limit: int) -> Sequence[R]:
        return await fetch(None if key is None else Since(datetime.fromisoformat(key[0]), key[1]), limit)

    async def all_of(found: Sequence[R]) -> list[Shown]:
        return await cards(reads, viewer, map(who, found), seen=seen)

    def key_of(row: R) -> list[Any]:
        return [row.since.isoformat(), who(row)]

    filled = await fill(page.limit, page.after(*scope), fetch=rows, key_of=key_of, choose=all_of)
    told = body(page, filled, bodies(filled.items), *scope)
    return shown(request, at, told, (*versions(filled.items), filled.key))


def own_list(reads: Reads, name: str, summary: str, *, page: PageOf[R], who: Callable[[R], MemberId]) -> APIRouter:
    """The route to whom the caller blocks or mutes: shown by name whatever they did, so that it can be taken back."""
    router = APIRouter(route_class=JsonRoute)
    at_hand = fresh("visibility", "profiles", name)

    @router.get(f"/v1/me/{name}", **read(summary, "follows", shapes.MemberCards, examples.CARDS, 422))
    async def of_mine(
        request: Request, caller: Member, at: Annotated[Reached, Depends(at_hand)], paged: Paged
    ) -> Response:
        """Newest first, by name, so that it can be taken back."""
        mine = caller.member_id
        return await listed(
            request,
            at,
            reads,
            mine,
            paged,
            name,
            mine,
            fetch=lambda before, limit: page(mine, before=before, limit=limit),
            who=who,
            seen=may_see_profile,
        )

    return router
