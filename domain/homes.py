"""Homes and logs: which log a stream lies in, decided by its home alone and for ever.

A home hashes to one of 1,024 slots, and slot modulo the installation's number of logs is the log. The domain speaks of
slots only, so the same ids and streams serve one log or a thousand.
"""

from dataclasses import dataclass
from hashlib import blake2b

from domain.ids import SLOTS, PhotoId


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream's name and the slot of its home."""

    name: str
    slot: int

    def log(self, logs: int) -> int:
        """The log that holds this stream in an installation of so many logs."""
        return self.slot % logs


def slot_of_home(home: str) -> int:
    """Where a home lies: a hash that is stable across processes, platforms and versions."""
    return int.from_bytes(blake2b(home.encode(), digest_size=8).digest(), "big") % SLOTS


def slot_of_member(username: str) -> int:
    """A member's slot is that of the case-folded username: claim, member and idempotency record share a log."""
    return slot_of_home(f"member:{username.casefold()}")


def slot_of_reactions(photo_id: PhotoId) -> int:
    """Likes and comments live with the photo's id, not with its owner, so one loved author fills no single log."""
    return slot_of_home(f"photo:{photo_id}")


def slot_of_email(fingerprint: str) -> int:
    """An email claim lies where its fingerprint hashes to."""
    return slot_of_home(f"email:{fingerprint}")
