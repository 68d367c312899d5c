"""Comments: write, edit, delete."""

from dataclasses import dataclass
from functools import partial

from commands.deciding import Part, Receipt, decide, look
from commands.once import Once
from commands.ports import Deps
from commands.seeing import seen_photo
from domain import comments, texts
from domain.comments import TEXT_MOST, Comment
from domain.errors import Invalid
from domain.events import PhotoCommented
from domain.homes import slot_of_reactions
from domain.ids import CommentId, MemberId, PhotoId, is_id
from domain.visibility import MemberState, Sight, may_see_member


@dataclass(frozen=True, slots=True)
class WriteComment:
    """Write under a photo."""

    photo_id: PhotoId
    member_id: MemberId
    text: str
    reply_to: CommentId | None = None


@dataclass(frozen=True, slots=True)
class EditComment:
    """Change one's own comment."""

    comment_id: CommentId
    member_id: MemberId
    text: str


@dataclass(frozen=True, slots=True)
class RemoveComment:
    """Delete a comment."""

    comment_id: CommentId
    member_id: MemberId
    moderator: bool = False


async def write_comment(
    command: WriteComment, *, deps: Deps, sight: Sight, once: Once | None = None
) -> Receipt[Comment]:
    """Write under a photo that one may see; a reply answers a comment of the same photo."""
    text = texts.block(command.text, "text", least=1, most=TEXT_MOST)
    photo = await seen_photo(sight, command.member_id, command.photo_id)
    if command.reply_to is not None:
        await _check_reply(deps, sight, command, photo.photo_id)
    at = deps.now()
    comment_id = deps.new_id(slot_of_reactions(photo.photo_id), at)
    written = PhotoCommented(
        at=at,
        comment_id=comment_id,
        photo_id=photo.photo_id,
        owner_id=photo.owner_id,
        member_id=command.member_id,
        text=text,
        reply_to=command.reply_to,
        mentions=texts.mentions(text),
    )
    return await decide(deps, comment_part(comment_id, fresh=True), lambda _: [written], once=once)


async def edit_comment(command: EditComment, *, deps: Deps, sight: Sight) -> Receipt[Comment]:
    """Change the text of one's own comment, under a photo that one may still see."""
    text = texts.block(command.text, "text", least=1, most=TEXT_MOST)
    comment = comments.known_comment(await look(deps, comment_part(command.comment_id)))
    await seen_photo(sight, command.member_id, comment.photo_id)
    choose = partial(comments.edit, member=command.member_id, text=text, at=deps.now())
    return await decide(deps, comment_part(command.comment_id), choose)


async def remove_comment(command: RemoveComment, *, deps: Deps, sight: Sight) -> Receipt[Comment]:
    """Delete a comment; its author may even where the photo is no longer shown to them."""
    comment = comments.known_comment(await look(deps, comment_part(command.comment_id)), removed_too=True)
    if command.member_id not in {comment.member_id, comment.owner_id} and not command.moderator:
        await seen_photo(sight, command.member_id, comment.photo_id)
    choose = partial(comments.remove, by=command.member_id, at=deps.now(), moderator=command.moderator)
    return await decide(deps, comment_part(command.comment_id), choose)


async def _check_reply(deps: Deps, sight: Sight, command: WriteComment, photo_id: PhotoId) -> None:
    """A reply answers what its author can read: words of someone whom they may not see are none to them."""
    reply_to = command.reply_to
    answered = await look(deps, comment_part(reply_to)) if reply_to is not None and is_id(reply_to) else comments.NONE
    written = answered.written
    if (
        written is None
        or answered.removed
        or written.photo_id != photo_id
        or not await _readable(sight, command, written)
    ):
        raise Invalid("invalid", "must be a comment of the same photo", field="reply_to")


async def _readable(sight: Sight, command: WriteComment, written: PhotoCommented) -> bool:
    viewer, author = command.member_id, written.member_id
    if viewer == author:
        return True
    owner = (await sight.members([author])).get(author, MemberState(author))
    return may_see_member(viewer, owner, (await sight.relations(viewer, [author]))[author])


def comment_part(comment_id: CommentId, *, fresh: bool = False) -> Part[Comment]:
    """A comment as part of a decision."""
    return Part(comments.stream(comment_id), comments.evolve, comments.NONE, fresh)
