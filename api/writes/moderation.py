"""Moderation: report something; take it down and show it again, which moderators may."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import dump, stamp, taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.idempotency import Idempotency, IdempotencyKey
from api.identity import Member, Moderator
from api.positions import Covered
from api.shapes import examples
from api.shapes import moderation as shapes
from api.wiring import Writes
from commands.deciding import Receipt
from commands.moderation import FileReport, LiftTakedown, TakeDown
from commands.once import Once
from domain.errors import Invalid, NotFound
from domain.events import ReportFiled
from domain.ids import slot_of
from domain.moderation import Subject, subject_of
from domain.once import Answer


def routes(writes: Writes, idempotency: Idempotency) -> APIRouter:
    """Reports and takedowns."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/v1/reports",
        **command("Report something", "moderation", 201, shapes.Report, examples.REPORT, 404, 409, body=True),
    )
    async def report(
        request: Request, caller: Member, body: shapes.NewReport, covered: Covered, _key: IdempotencyKey = None
    ) -> Response:
        """A photo, a comment or a member that one sees; moderators read it."""
        asked = FileReport(caller.member_id, subject_of(body.subject), body.reason)

        async def run(once: Once | None) -> Receipt[ReportFiled | None]:
            return await writes.file_report(asked, once=once)

        return await idempotency.answer(
            request, covered, caller=caller.member_id, slot=slot_of(caller.member_id), make=_filed, run=run
        )

    @router.put(
        "/v1/moderation/takedowns/{subject}",
        **command("Take something down", "moderation", 204, None, None, 403, 404, 409, pending=True),
    )
    async def take_down(request: Request, subject: str, caller: Moderator, covered: Covered) -> Response:
        """`photo:…`, `comment:…` or `member:…`: nobody sees it from then on."""
        receipt = await writes.take_down(TakeDown(_subject(subject), caller.member_id))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    @router.delete(
        "/v1/moderation/takedowns/{subject}",
        **command("Show it again", "moderation", 204, None, None, 403, 404, 409, pending=True),
    )
    async def lift(request: Request, subject: str, caller: Moderator, covered: Covered) -> Response:
        """An appeal was upheld: it is shown as it was before."""
        receipt = await writes.lift_takedown(LiftTakedown(_subject(subject), caller.member_id))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    return router


def _filed(filed: ReportFiled | None) -> Answer:
    assert filed is not None
    told = {
        "report_id": filed.report_id,
        "subject": filed.subject,
        "reason": filed.reason,
        "created_at": stamp(filed.at),
    }
    return Answer(HTTPStatus.CREATED, dump(told).decode())


def _subject(text: str) -> Subject:
    try:
        return subject_of(text)
    except Invalid:
        raise NotFound("not_found", "There is no such thing.") from None
