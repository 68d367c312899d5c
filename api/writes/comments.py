"""Comments: write, edit, delete."""

from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import done, dump, taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.idempotency import Idempotency, IdempotencyKey
from api.identity import Member
from api.ports import Reads
from api.positions import Covered
from api.shapes import comments as shapes
from api.shapes import examples
from api.showing.comments import present
from api.showing.members import cards
from api.showing.shown import Shown
from api.wiring import Writes
from api.writes.likes import checked
from commands.comments import EditComment, RemoveComment, WriteComment
from commands.deciding import Receipt
from commands.once import Once
from domain.comments import Comment, known_comment
from domain.errors import NotFound
from domain.homes import slot_of_reactions
from domain.ids import CommentId, is_id
from domain.members import Role
from domain.once import Answer
from domain.texts import mentions
from projections.comments import CommentRow


def routes(writes: Writes, reads: Reads, idempotency: Idempotency) -> APIRouter:
    """Comments."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/v1/photos/{photo_id}/comments",
        **command("Comment on a photo", "comments", 201, shapes.Comment, examples.COMMENT, 404, 409, body=True),
    )
    async def write(
        request: Request,
        photo_id: str,
        caller: Member,
        body: shapes.NewComment,
        covered: Covered,
        _key: IdempotencyKey = None,
    ) -> Response:
        """Under a photo that the caller sees; a reply names a comment of the same photo."""
        asked = WriteComment(checked(photo_id), caller.member_id, body.text, body.reply_to)
        (author,) = await cards(reads, caller.member_id, [caller.member_id])

        async def run(once: Once | None) -> Receipt[Comment]:
            return await writes.write_comment(asked, once=once)

        def make(comment: Comment) -> Answer:
            return Answer(HTTPStatus.CREATED, dump(_shown(comment, author, None).body).decode())

        return await idempotency.answer(
            request, covered, caller=caller.member_id, slot=slot_of_reactions(photo_id), make=make, run=run
        )

    @router.patch(
        "/v1/comments/{comment_id}",
        **command("Edit a comment", "comments", 200, shapes.Comment, examples.COMMENT, 403, 404, 409, body=True),
    )
    async def edit(
        request: Request, comment_id: str, caller: Member, body: shapes.CommentChange, covered: Covered
    ) -> Response:
        """Its author may."""
        receipt = await writes.edit_comment(EditComment(_checked(comment_id), caller.member_id, body.text))
        edited_at = receipt.recorded[0].event.at if receipt.recorded else await edited(comment_id)
        (author,) = await cards(reads, caller.member_id, [caller.member_id])
        return done(request, receipt.reached, covered, body=_shown(receipt.state, author, edited_at).body)

    @router.delete(
        "/v1/comments/{comment_id}",
        **command("Delete a comment", "comments", 204, None, None, 403, 404, 409, pending=True),
    )
    async def remove(request: Request, comment_id: str, caller: Member, covered: Covered) -> Response:
        """Its author, the photo's owner and moderators may; replies stay."""
        asked = RemoveComment(_checked(comment_id), caller.member_id, moderator=Role.MODERATOR in caller.roles)
        receipt = await writes.remove_comment(asked)
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    async def edited(comment_id: CommentId) -> datetime | None:
        row = await reads.comments.get(comment_id)
        return row.edited_at if row else None

    return router


def _checked(comment_id: str) -> CommentId:
    if not is_id(comment_id):
        raise NotFound("comment_not_found", "There is no such comment.")
    return comment_id


def _shown(comment: Comment, author: Shown, edited_at: datetime | None) -> Shown:
    written = known_comment(comment)
    row = CommentRow(
        photo_id=written.photo_id,
        comment_id=written.comment_id,
        owner_id=written.owner_id,
        member_id=written.member_id,
        text=comment.text,
        reply_to=written.reply_to,
        mentions=mentions(comment.text),
        created_at=written.at,
        edited_at=edited_at,
    )
    return present(row, author)
