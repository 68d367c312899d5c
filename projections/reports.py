"""Reports: what members told the moderators, in one list."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from domain.events import MemberErased, ReportFiled
from domain.ids import MemberId, ReportId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row

ALL: Final = "all"


@row("reports", key=("list", "report_id"))
class ReportRow:
    """One report; all lie in one list."""

    list: str
    report_id: ReportId
    reporter_id: MemberId
    subject: str
    reason: str
    created_at: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row for each report, until who made it is erased."""
    match fact.event:
        case MemberErased(member_id=member):
            mine = (row for row in look.list(ReportRow, ALL) if row.reporter_id == member)
            yield from [Drop(ReportRow, (ALL, row.report_id)) for row in mine]
        case ReportFiled() as filed:
            yield Put(ReportRow(ALL, filed.report_id, filed.reporter_id, filed.subject, filed.reason, filed.at))


REPORTS = Projection(name="reports", version=1, handles=(ReportFiled, MemberErased), rows=(ReportRow,), project=project)
