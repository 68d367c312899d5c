"""Comments: one small stream each, at the home of the photo's reactions."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.errors import Forbidden, NotFound
from domain.events import (
    CommentEdited,
    CommentRemoved,
    CommentTakedownLifted,
    CommentTakenDown,
    Event,
    PhotoCommented,
)
from domain.homes import Stream
from domain.ids import CommentId, MemberId, slot_of
from domain.texts import mentions

TEXT_MOST: Final = 2_200


@dataclass(frozen=True, slots=True)
class Comment:
    """What is true of a comment now."""

    written: PhotoCommented | None = None
    text: str = ""
    edited_at: datetime | None = None
    removed: bool = False
    taken_down: bool = False


NONE: Final = Comment()


def stream(comment_id: CommentId) -> Stream:
    """Where a comment is recorded: its id carries the slot of the photo's reactions."""
    return Stream(f"comment-{comment_id}", slot_of(comment_id))


def evolve(comment: Comment, event: Event) -> Comment:
    """What one event changes."""
    match event:
        case PhotoCommented() as written:
            return Comment(written=written, text=written.text)
        case CommentEdited(text=text, at=at):
            return replace(comment, text=text, edited_at=at)
        case CommentRemoved():
            return replace(comment, removed=True)
        case CommentTakenDown():
            return replace(comment, taken_down=True)
        case CommentTakedownLifted():
            return replace(comment, taken_down=False)
        case _:
            return comment


def edit(comment: Comment, member: MemberId, text: str, at: datetime) -> list[Event]:
    """Change the text; only its author may."""
    written = known_comment(comment)
    if written.member_id != member:
        raise Forbidden("forbidden", "Only the author of a comment may edit it.")
    if comment.text == text:
        return []
    return [
        CommentEdited(
            at=at,
            comment_id=written.comment_id,
            photo_id=written.photo_id,
            owner_id=written.owner_id,
            member_id=member,
            text=text,
            mentions=mentions(text),
        )
    ]


def remove(comment: Comment, by: MemberId, at: datetime, *, moderator: bool = False) -> list[Event]:
    """Delete a comment: its author, the photo's owner or a moderator may; deleting twice changes nothing."""
    written = known_comment(comment, removed_too=True)
    if by not in {written.member_id, written.owner_id} and not moderator:
        raise Forbidden("forbidden", "Only its author, the photo's owner or a moderator may delete a comment.")
    if comment.removed:
        return []
    return [
        CommentRemoved(
            at=at,
            comment_id=written.comment_id,
            photo_id=written.photo_id,
            owner_id=written.owner_id,
            member_id=written.member_id,
            by=by,
        )
    ]


def known_comment(comment: Comment, *, removed_too: bool = False) -> PhotoCommented:
    """How the comment began, or the refusal that there is none."""
    if comment.written is None or comment.taken_down or (comment.removed and not removed_too):
        raise NotFound("comment_not_found", "There is no such comment.")
    return comment.written
