"""Duplicates: photos of one member that are alike, and what the member decided about them, for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from domain.errors import Invalid
from domain.events import DuplicatesDecided, Event
from domain.homes import Stream
from domain.ids import MemberId, PhotoId, slot_of

HASH_BITS: Final = 64
NEAR: Final = 5
"""Perceptual hashes that differ in so many bits at the most belong to copies of one picture."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided last: about which photos, and which of them were kept."""

    photo_ids: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()


UNDECIDED: Final = Decision()


def stream(group_id: PhotoId) -> Stream:
    """Where decisions about a group are recorded: with the member, whose oldest photo of the group names it."""
    return Stream(f"duplicates-{group_id}", slot_of(group_id))


def evolve(decision: Decision, event: Event) -> Decision:
    """What one event changes."""
    match event:
        case DuplicatesDecided(photo_ids=photos, keep=keep):
            return Decision(frozenset(photos), frozenset(keep))
        case _:
            return decision


def decide(
    decision: Decision,
    *,
    member_id: MemberId,
    group_id: PhotoId,
    photo_ids: Sequence[PhotoId],
    keep: Sequence[PhotoId],
    at: datetime,
) -> list[Event]:
    """Keep some of a group, one at the least; the same again records nothing."""
    if not keep:
        raise Invalid("invalid", "must name one photo at the least", field="keep")
    if not set(keep) <= set(photo_ids):
        raise Invalid("invalid", "must name photos of this group only", field="keep")
    if decision.photo_ids == frozenset(photo_ids) and decision.keep == frozenset(keep):
        return []
    return [
        DuplicatesDecided(
            at=at,
            member_id=member_id,
            group_id=group_id,
            photo_ids=tuple(sorted(set(photo_ids))),
            keep=tuple(sorted(set(keep))),
        )
    ]


def far(one: str, other: str) -> int:
    """In how many bits two perceptual hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def bands(perceptual_hash: str) -> tuple[str, ...]:
    """The hash in one part more than near ones differ in bits: two that are near have a part in common."""
    number, parts = int(perceptual_hash, 16), NEAR + 1
    edges = [HASH_BITS * at // parts for at in range(parts + 1)]
    return tuple(f"{at}:{number >> low & (1 << high - low) - 1:x}" for at, (low, high) in enumerate(pairwise(edges)))
