"""Moderation: reports, and takedowns of photos, comments and members that can be lifted again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import comments, members
from domain.comments import Comment
from domain.errors import Invalid, NotFound
from domain.events import (
    CommentTakedownLifted,
    CommentTakenDown,
    Event,
    MemberTakedownLifted,
    MemberTakenDown,
    PhotoTakedownLifted,
    PhotoTakenDown,
)
from domain.homes import Stream
from domain.ids import MemberId, ReportId, is_id, slot_of
from domain.members import Member
from domain.photos import Photo
from domain.texts import mentions
from domain.visibility import Status

REASON_MOST: Final = 2_000
PHOTO: Final = "photo"
COMMENT: Final = "comment"
MEMBER: Final = "member"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is reported or taken down; printed as `photo:01m5…`."""

    kind: str
    id: str

    def __str__(self) -> str:
        """The form in which clients write it."""
        return f"{self.kind}:{self.id}"


def subject_of(text: str) -> Subject:
    """The subject that a client wrote; `Invalid` for what can't be one."""
    kind, _, identifier = text.partition(":")
    if kind not in {PHOTO, COMMENT, MEMBER} or not is_id(identifier):
        raise Invalid("invalid", "must be photo:, comment: or member: and an id", field="subject")
    return Subject(kind, identifier)


def report_stream(report_id: ReportId) -> Stream:
    """Where a report is recorded: with who reports."""
    return Stream(f"report-{report_id}", slot_of(report_id))


def take_photo_down(photo: Photo, by: MemberId, at: datetime) -> list[Event]:
    """Hide a photo that others could see; again it changes nothing."""
    made = photo.uploaded
    if made is None or photo.removed_at is not None or photo.status != Status.READY:
        raise NotFound("photo_not_found", "There is no such photo.")
    if photo.taken_down:
        return []
    return [
        PhotoTakenDown(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            status=photo.status,
            audience=photo.audience,
            by=by,
        )
    ]


def show_photo(photo: Photo, by: MemberId, at: datetime) -> list[Event]:
    """Lift a photo's takedown, if there is one."""
    made = photo.uploaded
    if made is None:
        raise NotFound("photo_not_found", "There is no such photo.")
    if not photo.taken_down or photo.erased:
        return []
    return [
        PhotoTakedownLifted(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            status=photo.status,
            audience=photo.audience,
            by=by,
        )
    ]


def take_comment_down(comment: Comment, by: MemberId, at: datetime) -> list[Event]:
    """Hide a comment; again it changes nothing."""
    if comment.taken_down:
        return []
    made = comments.known_comment(comment)
    return [
        CommentTakenDown(
            at=at,
            comment_id=made.comment_id,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            member_id=made.member_id,
            by=by,
        )
    ]


def show_comment(comment: Comment, by: MemberId, at: datetime) -> list[Event]:
    """Lift a comment's takedown, if there is one."""
    made = comment.written
    if made is None:
        raise NotFound("comment_not_found", "There is no such comment.")
    if not comment.taken_down or comment.removed:
        return []
    return [
        CommentTakedownLifted(
            at=at,
            comment_id=made.comment_id,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            member_id=made.member_id,
            by=by,
            text=comment.text,
            reply_to=made.reply_to,
            mentions=mentions(comment.text),
            written_at=made.at,
            edited_at=comment.edited_at,
        )
    ]


def take_member_down(member: Member, by: MemberId, at: datetime) -> list[Event]:
    """Hide a member; again it changes nothing."""
    if member.taken_down:
        return []
    known = members.known_member(member)
    return [MemberTakenDown(at=at, member_id=known.member_id, private=known.private, by=by)]


def show_member(member: Member, by: MemberId, at: datetime) -> list[Event]:
    """Lift a member's takedown, if there is one."""
    if not member.exists:
        raise members.no_member()
    if not member.taken_down:
        return []
    return [
        MemberTakedownLifted(at=at, member_id=member.member_id, private=member.private, closed=member.closed, by=by)
    ]
