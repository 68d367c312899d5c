"""Members: registration and the profile."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import PENDING, done, dump
from api.bodies import JsonRoute
from api.documents import command
from api.idempotency import Idempotency, IdempotencyKey
from api.identity import Member
from api.ports import Reads
from api.positions import Covered
from api.shapes import examples
from api.shapes import members as shapes
from api.showing.members import KINDS, Counts, counts_of, present
from api.standby import AWAY
from api.wiring import Writes
from commands.deciding import Receipt
from commands.errors import Conflict, Unavailable
from commands.follows import AcceptRequests
from commands.members import ChangeProfile, RegisterMember
from commands.once import Once
from domain.homes import slot_of_member
from domain.ids import MemberId
from domain.members import Member as MemberOnRecord
from domain.once import Answer
from domain.positions import merge
from domain.visibility import STRANGERS, MemberState
from projections.profiles import ProfileRow

_MOST_ACCEPTED = 1_000


def routes(writes: Writes, reads: Reads, idempotency: Idempotency) -> APIRouter:
    """Registration and the profile."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/v1/members",
        **command("Become a member", "members", 201, shapes.Member, examples.NEW_MEMBER, 409, body=True),
    )
    async def register(
        request: Request, body: shapes.Registration, covered: Covered, _key: IdempotencyKey = None
    ) -> Response:
        """Username and email address are given out once."""
        asked = RegisterMember(body.username, body.email, body.password, body.first_name, body.last_name)

        async def run(once: Once | None) -> Receipt[MemberOnRecord]:
            return await writes.register_member(asked, once=once)

        return await idempotency.answer(
            request, covered, caller=None, slot=slot_of_member(body.username), make=_registered, run=run
        )

    @router.patch(
        "/v1/me",
        **command("Change my profile", "members", 200, shapes.Member, examples.MEMBER, 404, body=True, pending=True),
    )
    async def change(request: Request, caller: Member, body: shapes.ProfileChange, covered: Covered) -> Response:
        """What is left out stays; going public accepts everyone who asked to follow."""
        asked = ChangeProfile(caller.member_id, body.first_name, body.last_name, body.bio, body.private)
        receipt = await writes.change_profile(asked)
        if receipt.pending and body.private:
            return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=PENDING)
        reached = receipt.reached
        if body.private is False:
            reached = merge((reached, await accept_all(caller.member_id, reached)))
        told = present(
            profile_of(receipt.state),
            MemberState(caller.member_id, receipt.state.private),
            STRANGERS,
            caller.member_id,
            await counts_or_none(reads, caller.member_id),
            reads.files,
        )
        return done(request, reached, covered, body=told.body)

    async def accept_all(member_id: MemberId, reached: Mapping[int, int]) -> Mapping[int, int]:
        """Let in who asked, as far as that can be told now; a reaction sees to the rest (see `streams.settling`)."""
        try:
            accepted = await writes.accept_requests(AcceptRequests(member_id, reached, _MOST_ACCEPTED))
        except (Unavailable, Conflict):
            return {}
        return accepted.reached

    return router


async def counts_or_none(reads: Reads, member_id: MemberId) -> Counts | None:
    """A member's counts, where they are known now."""
    try:
        return await counts_of(reads, [member_id], KINDS)
    except AWAY:  # what was recorded is answered, whatever else is down
        return None


def _registered(member: MemberOnRecord) -> Answer:
    state = MemberState(member.member_id, member.private)
    told = present(profile_of(member), state, STRANGERS, None, {})
    return Answer(HTTPStatus.CREATED, dump(told.body).decode())


def profile_of(member: MemberOnRecord) -> ProfileRow:
    """A member as their record says, however far the read models are."""
    assert member.registered_at is not None
    return ProfileRow(
        member.member_id,
        member.username,
        member.first_name,
        member.last_name,
        member.bio,
        member.registered_at,
        member.avatar,
    )
