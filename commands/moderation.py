"""Moderation: report something, take it down, show it again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from commands.comments import comment_part
from commands.deciding import Part, Receipt, decide, look
from commands.members import member_part
from commands.once import Once
from commands.photos import photo_part
from commands.ports import Deps
from commands.seeing import seen_photo
from domain import comments, members, moderation, texts
from domain.errors import NotFound
from domain.events import Event, ReportFiled
from domain.ids import MemberId, slot_of
from domain.moderation import COMMENT, MEMBER, PHOTO, REASON_MOST, Subject
from domain.visibility import STRANGERS, MemberState, Sight, may_see_profile


@dataclass(frozen=True, slots=True)
class FileReport:
    """Report something to the moderators."""

    member_id: MemberId
    subject: Subject
    reason: str


@dataclass(frozen=True, slots=True)
class TakeDown:
    """Hide something from everybody."""

    subject: Subject
    by: MemberId


@dataclass(frozen=True, slots=True)
class LiftTakedown:
    """Show it again."""

    subject: Subject
    by: MemberId


async def file_report(
    command: FileReport, *, deps: Deps, sight: Sight, once: Once | None = None
) -> Receipt[ReportFiled | None]:
    """Report what one sees."""
    reason = texts.block(command.reason, "reason", least=1, most=REASON_MOST)
    await _check_seen(command, deps, sight)
    at = deps.now()
    report_id = deps.new_id(slot_of(command.member_id), at)
    filed = ReportFiled(
        at=at, report_id=report_id, reporter_id=command.member_id, subject=str(command.subject), reason=reason
    )
    part: Part[ReportFiled | None] = Part(moderation.report_stream(report_id), _evolve, None, fresh=True)
    return await decide(deps, part, lambda _: [filed], once=once)


async def take_down(command: TakeDown, *, deps: Deps) -> Receipt[Any]:
    """Nobody sees it from the next read on; again it changes nothing."""
    part, choose, _ = _KINDS[command.subject.kind](command.subject.id)
    return await decide(deps, part, partial(choose, by=command.by, at=deps.now()))


async def lift_takedown(command: LiftTakedown, *, deps: Deps) -> Receipt[Any]:
    """It is shown again as it was; again it changes nothing."""
    part, _, choose = _KINDS[command.subject.kind](command.subject.id)
    return await decide(deps, part, partial(choose, by=command.by, at=deps.now()))


_Choose = Callable[..., Sequence[Event]]
_Way = tuple[Part[Any], _Choose, _Choose]
_KINDS: Final[dict[str, Callable[[str], _Way]]] = {
    PHOTO: lambda photo: (photo_part(photo), moderation.take_photo_down, moderation.show_photo),
    COMMENT: lambda comment: (comment_part(comment), moderation.take_comment_down, moderation.show_comment),
    MEMBER: lambda member: (member_part(member), moderation.take_member_down, moderation.show_member),
}


def _evolve(filed: ReportFiled | None, event: Event) -> ReportFiled | None:
    return event if isinstance(event, ReportFiled) else filed


async def _check_seen(command: FileReport, deps: Deps, sight: Sight) -> None:
    subject, me = command.subject, command.member_id
    if subject.kind == PHOTO:
        await seen_photo(sight, me, subject.id)
    elif subject.kind == COMMENT:
        written = comments.known_comment(await look(deps, comment_part(subject.id)))
        await seen_photo(sight, me, written.photo_id)
    else:
        members.known_member(await look(deps, member_part(subject.id)))
        state = (await sight.members([subject.id])).get(subject.id, MemberState(subject.id))
        relation = STRANGERS if subject.id == me else (await sight.relations(me, [subject.id]))[subject.id]
        if not may_see_profile(me, state, relation):
            raise NotFound("member_not_found", "There is no such member.")
