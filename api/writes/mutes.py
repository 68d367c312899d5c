"""Mutes: see less of someone, and take it back."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.positions import Covered
from api.wiring import Writes
from api.writes.names import named
from commands.mutes import MuteMember, UnmuteMember


def routes(writes: Writes) -> APIRouter:
    """Mutes."""
    router = APIRouter(route_class=JsonRoute)

    @router.put(
        "/v1/members/{username}/mute",
        **command("Mute a member", "follows", 204, None, None, 404, 409, 422, pending=True),
    )
    async def mute(request: Request, username: str, caller: Member, covered: Covered) -> Response:
        """Hides them from the caller's feed and notifications, and from nothing else; they are not told."""
        receipt = await writes.mute_member(MuteMember(caller.member_id, await named(writes, username)))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    @router.delete(
        "/v1/members/{username}/mute",
        **command("Unmute a member", "follows", 204, None, None, 404, 409, pending=True),
    )
    async def unmute(request: Request, username: str, caller: Member, covered: Covered) -> Response:
        """What they published meanwhile is in the caller's feed again too."""
        receipt = await writes.unmute_member(UnmuteMember(caller.member_id, await named(writes, username)))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    return router
