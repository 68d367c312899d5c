"""Follows: follow, unfollow, and what a private account does with those who ask."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import PENDING, done, taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.positions import Covered
from api.shapes import members as shapes
from api.wiring import Writes
from api.writes.names import named
from commands.follows import AcceptFollower, EndFollow, FollowMember
from domain.follows import Following


def routes(writes: Writes) -> APIRouter:
    """Follows and requests."""
    router = APIRouter(route_class=JsonRoute)

    @router.put(
        "/v1/members/{username}/follow",
        **command("Follow a member", "follows", 200, shapes.Follow, {"state": "yes"}, 404, 409, 422),
    )
    async def follow(request: Request, username: str, caller: Member, covered: Covered) -> Response:
        """At once, or as a request where the account is private; again it changes nothing."""
        receipt = await writes.follow_member(FollowMember(caller.member_id, await named(writes, username)))
        return done(request, receipt.reached, covered, body={"state": receipt.state.state.value})

    @router.delete(
        "/v1/members/{username}/follow",
        **command("Unfollow a member", "follows", 200, shapes.Follow, {"state": "no"}, 404, 409, pending=True),
    )
    async def unfollow(request: Request, username: str, caller: Member, covered: Covered) -> Response:
        """Withdraws a request too."""
        receipt = await writes.end_follow(
            EndFollow(caller.member_id, await named(writes, username), by=caller.member_id)
        )
        if receipt.pending:
            return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=PENDING)
        return done(request, receipt.reached, covered, body={"state": receipt.state.state.value})

    @router.put(
        "/v1/me/follow-requests/{username}",
        **command("Accept a follower", "follows", 204, None, None, 404, 409),
    )
    async def accept(request: Request, username: str, caller: Member, covered: Covered) -> Response:
        """Whoever asked follows from now on."""
        receipt = await writes.accept_follower(AcceptFollower(await named(writes, username), caller.member_id))
        return done(request, receipt.reached, covered, status=HTTPStatus.NO_CONTENT)

    @router.delete(
        "/v1/me/follow-requests/{username}",
        **command("Decline a follower", "follows", 204, None, None, 404, 409, pending=True),
    )
    async def decline(request: Request, username: str, caller: Member, covered: Covered) -> Response:
        """The request is gone; one who follows already goes on."""
        return await ended(request, username, caller, covered, Following.REQUESTED)

    @router.delete(
        "/v1/me/followers/{username}",
        **command("Remove a follower", "follows", 204, None, None, 404, 409, pending=True),
    )
    async def remove(request: Request, username: str, caller: Member, covered: Covered) -> Response:
        """They don't follow me any more, from the next read on."""
        return await ended(request, username, caller, covered, Following.YES)

    async def ended(request: Request, username: str, caller: Member, covered: Covered, only: Following) -> Response:
        asked = EndFollow(await named(writes, username), caller.member_id, by=caller.member_id, only=only)
        receipt = await writes.end_follow(asked)
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    return router
