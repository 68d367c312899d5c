"""Blocks: have nothing more to do with someone, and take it back."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.positions import Covered
from api.wiring import Writes
from api.writes.names import named
from commands.blocks import BlockMember, UnblockMember


def routes(writes: Writes) -> APIRouter:
    """Blocks."""
    router = APIRouter(route_class=JsonRoute)

    @router.put(
        "/v1/members/{username}/block",
        **command("Block a member", "follows", 204, None, None, 404, 409, 422, pending=True),
    )
    async def block(request: Request, username: str, caller: Member, covered: Covered) -> Response:
        """Ends following both ways, and hides each from the other, from the next read on."""
        receipt = await writes.block_member(BlockMember(caller.member_id, await named(writes, username)))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    @router.delete(
        "/v1/members/{username}/block",
        **command("Unblock a member", "follows", 204, None, None, 404, 409, pending=True),
    )
    async def unblock(request: Request, username: str, caller: Member, covered: Covered) -> Response:
        """Each may see the other again; follows that the block ended stay ended."""
        receipt = await writes.unblock_member(UnblockMember(caller.member_id, await named(writes, username)))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    return router
