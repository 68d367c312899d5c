"""What happens between those who report and those who decide; a report's home is who reports, a takedown's its subject."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import CommentId, MemberId, PhotoId, ReportId


@event("report.filed.v1", subject="reporter_id", personal=("reason",))
class ReportFiled:
    """A member reported a photo, a comment or another member (`photo:…`, `comment:…`, `member:…`)."""

    at: datetime
    report_id: ReportId
    reporter_id: MemberId
    subject: str
    reason: str


@event("photo.taken_down.v1")
class PhotoTakenDown:
    """A moderator (`by`) hid a photo from everybody."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    status: str
    audience: str
    by: MemberId


@event("photo.takedown_lifted.v1")
class PhotoTakedownLifted:
    """A moderator (`by`) showed a photo again as it was before."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    status: str
    audience: str
    by: MemberId


@event("comment.taken_down.v1")
class CommentTakenDown:
    """A moderator (`by`) hid a comment from everybody."""

    at: datetime
    comment_id: CommentId
    photo_id: PhotoId
    owner_id: MemberId
    member_id: MemberId
    by: MemberId


@event("comment.takedown_lifted.v1", subject="member_id", personal=("text", "mentions"))
class CommentTakedownLifted:
    """A moderator (`by`) showed a comment again; the other fields say what it was."""

    at: datetime
    comment_id: CommentId
    photo_id: PhotoId
    owner_id: MemberId
    member_id: MemberId
    by: MemberId
    text: str
    reply_to: CommentId | None
    mentions: tuple[str, ...]
    written_at: datetime
    edited_at: datetime | None


@event("member.taken_down.v1")
class MemberTakenDown:
    """A moderator (`by`) hid a member, and all that is theirs, from everybody."""

    at: datetime
    member_id: MemberId
    private: bool
    by: MemberId


@event("member.takedown_lifted.v1")
class MemberTakedownLifted:
    """A moderator (`by`) showed a member again as they were before."""

    at: datetime
    member_id: MemberId
    private: bool
    closed: bool
    by: MemberId
