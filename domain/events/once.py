"""That a request was answered, so that its repeat gets the same answer."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId


@event("request.answered.v1", subject="member_id", personal=("answer",))
class RequestAnswered:
    """A command that carried an idempotency key took effect; its answer is kept until `expires_at`."""

    at: datetime
    member_id: MemberId
    body_hash: str
    status: int
    answer: str
    expires_at: datetime
