"""The shapes of reports."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from api.bodies import Body, Text
from api.shapes.members import HiddenMember, MemberCard
from domain.moderation import REASON_MOST


class NewReport(Body):
    """What is reported to the moderators, and why."""

    subject: str = Field(
        pattern=r"^(photo|comment|member):[0-7][0-9a-hjkmnp-tv-z]{12}$", examples=["photo:01m5z3k9qw8rt"]
    )
    reason: Annotated[
        Text, Field(max_length=REASON_MOST, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", examples=["Not their picture."])
    ]


class Report(BaseModel):
    """What was reported."""

    report_id: str
    subject: str
    reason: str
    created_at: AwareDatetime


class FiledReport(Report):
    """What was reported, by whom, and whether it is taken down now."""

    reporter: MemberCard | HiddenMember
    taken_down: bool


class Reports(BaseModel):
    """A page of reports."""

    items: list[FiledReport]
    next_cursor: str | None
