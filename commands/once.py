"""Idempotency: an answer is recorded in the same transaction as the events that it tells of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from commands.ports import Write
from domain.events import RequestAnswered
from domain.homes import Stream
from domain.ids import MemberId
from domain.once import KEPT, Answer


@dataclass(frozen=True, slots=True)
class Once:
    """A request that carries an idempotency key.

    `answer` makes the response from the state after the command; `member_id` says whose key encrypts it.
    """

    stream: Stream
    member_id: MemberId
    body_hash: str
    answer: Callable[[Any], Answer]

    def by(self, member_id: MemberId) -> "Once":
        """The same request, once it is known who the member will be."""
        return replace(self, member_id=member_id)

    def of_first(self) -> "Once":
        """The same request, its answer made from the first of several states."""
        return replace(self, answer=lambda states: self.answer(states[0]))

    def write(self, expected: int, state: Sequence[Any], at: datetime) -> Write:
        """What is appended beside the command's own events."""
        answer = self.answer(state)
        event = RequestAnswered(
            at=at,
            member_id=self.member_id,
            body_hash=self.body_hash,
            status=answer.status,
            answer=answer.body,
            expires_at=at + KEPT,
        )
        return Write(self.stream, expected, (event,))
