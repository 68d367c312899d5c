"""Idempotency keys: a request that was answered once is answered the same again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from domain.errors import Invalid
from domain.events import Event, RequestAnswered
from domain.homes import Stream

KEPT: Final = timedelta(hours=24)
KEY_MOST: Final = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with: the HTTP status and the body."""

    status: int
    body: str


def stream(caller: str, method: str, path: str, key: str, slot: int) -> Stream:
    """Where a key is recorded; the caller is a member's id, or for anyone else the hash of the body."""
    scope = f"{caller}\0{method}\0{path}\0{key}"
    return Stream(f"once-{sha256(scope.encode()).hexdigest()[:40]}", slot)


def evolve(answered: RequestAnswered | None, event: Event) -> RequestAnswered | None:
    """What one event changes: a later answer stands for an expired one."""
    return event if isinstance(event, RequestAnswered) else answered


def recall(answered: RequestAnswered | None, body_hash: str, at: datetime) -> Answer | None:
    """The first answer, while it is kept; `Invalid` where the key came with another body."""
    if answered is None or at >= answered.expires_at:
        return None
    if answered.body_hash != body_hash:
        raise Invalid("idempotency_key_reused", "This idempotency key was used with another body.")
    return Answer(answered.status, answered.answer)
