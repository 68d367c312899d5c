"""Lists of members by time: followers, followed, requests, likes, blocks and mutes are all of this shape."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from api.caching import shown
from api.paging import Page, body, fill
from api.ports import Reads
from api.showing.members import Rule, cards
from api.showing.shown import Shown, bodies, versions
from domain.ids import MemberId
from domain.visibility import may_see_member
from projections.ports import Reached, Since


class Timed(Protocol):
    """A row that says since when."""

    @property
    def since(self) -> datetime:
        """When it came to be."""
        ...


R = TypeVar("R", bound=Timed)


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
