"""Notifications: say that they were seen."""

from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.documents import command
from api.idempotency import Idempotency, IdempotencyKey
from api.identity import Member
from api.ports import Limits, Reads
from api.positions import Covered
from api.showing.members import not_found
from api.showing.notifications import newest
from api.wiring import Writes
from commands.deciding import Receipt
from commands.notifications import SeeNotifications
from commands.once import Once
from domain.ids import slot_of
from domain.once import Answer


def routes(writes: Writes, reads: Reads, idempotency: Idempotency, limits: Limits) -> APIRouter:
    """What one has seen."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/v1/notifications/seen",
        **command("I have seen them", "notifications", 204, None, None, 404, 409, 422),
    )
    async def seen(request: Request, caller: Member, covered: Covered, _key: IdempotencyKey = None) -> Response:
        """All that came until now is new no more."""
        await reads.progress.wait(["notifications"], covered, timeout_s=limits.catch_up_s)
        me = (await reads.profiles.by_ids([caller.member_id])).get(caller.member_id)
        if me is None:
            raise not_found()
        last = await newest(reads, me, None, 1)
        asked = SeeNotifications(caller.member_id, last[0].at if last else None)

        async def run(once: Once | None) -> Receipt[datetime | None]:
            return await writes.see_notifications(asked, once=once)

        return await idempotency.answer(
            request,
            covered,
            caller=caller.member_id,
            slot=slot_of(caller.member_id),
            make=lambda _: Answer(HTTPStatus.NO_CONTENT, ""),
            run=run,
        )

    return router
