"""Duplicates: decide which photos of a group to keep; the others go into the trash."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.deciding import Part, Receipt, decide_together
from commands.photos import photo_part
from commands.ports import Deps
from domain import duplicates, photos
from domain.duplicates import Decision
from domain.events import Event
from domain.ids import MemberId, PhotoId


@dataclass(frozen=True, slots=True)
class DecideDuplicates:
    """Keep some of the photos that are in a group now."""

    member_id: MemberId
    group_id: PhotoId
    photo_ids: tuple[PhotoId, ...]
    keep: tuple[PhotoId, ...]


async def decide_duplicates(command: DecideDuplicates, *, deps: Deps) -> Receipt[Decision]:
    """Record the decision, and with it that the others were removed, in one transaction: they share a log."""
    at = deps.now()
    others = [photo for photo in command.photo_ids if photo not in command.keep]

    def choose(states: tuple[object, ...]) -> Sequence[Sequence[Event]]:
        decision, *rest = states
        assert isinstance(decision, Decision)
        decided = duplicates.decide(
            decision,
            member_id=command.member_id,
            group_id=command.group_id,
            photo_ids=command.photo_ids,
            keep=command.keep,
            at=at,
        )
        removed: list[list[Event]] = []
        for photo in rest:
            assert isinstance(photo, photos.Photo)
            photos.owned_by(photo, command.member_id, removed_too=True)
            removed.append(photos.remove(photo, at))
        return [decided, *removed]

    group = Part(duplicates.stream(command.group_id), duplicates.evolve, duplicates.UNDECIDED)
    receipt = await decide_together(deps, (group, *map(photo_part, others)), choose)
    return Receipt(receipt.state[0], receipt.recorded, receipt.reached, pending=receipt.pending)
