"""Avatars: choose an uploaded file as one, or be without."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from commands.deciding import Receipt, decide, decide_together, look
from commands.members import member_part
from commands.ports import Deps, Objects
from commands.uploads import check_arrived, upload_part
from domain import avatars, uploads
from domain.errors import Contradicted
from domain.events import Event
from domain.ids import MemberId, UploadId
from domain.members import Member


@dataclass(frozen=True, slots=True)
class ChooseAvatar:
    """Make an uploaded file one's avatar."""

    member_id: MemberId
    upload_id: UploadId


@dataclass(frozen=True, slots=True)
class RemoveAvatar:
    """Be without an avatar."""

    member_id: MemberId


async def choose_avatar(command: ChooseAvatar, *, deps: Deps, objects: Objects) -> Receipt[Member]:
    """Choose an upload whose bytes have arrived; the same again changes nothing."""
    upload = await look(deps, upload_part(command.upload_id))
    requested = uploads.owned(upload, command.member_id)
    if upload.photo_id is None:
        await check_arrived(objects, requested)
    at = deps.now()

    def choose(states: tuple[Any, ...]) -> Sequence[Sequence[Event]]:
        member, upload = states
        if upload.photo_id == command.upload_id:
            return [], []  # it is one already, or was
        if upload.photo_id is not None:
            raise Contradicted("upload_used", "The upload was made a photo; an avatar needs one of its own.")
        used = uploads.use(upload, command.member_id, command.upload_id, at)
        return avatars.choose(member, requested, at), used

    parts = (member_part(command.member_id), upload_part(command.upload_id))
    receipt = await decide_together(deps, parts, choose)
    return Receipt(receipt.state[0], receipt.recorded, receipt.reached, pending=receipt.pending)


async def remove_avatar(command: RemoveAvatar, *, deps: Deps, objects: Objects) -> Receipt[Member]:
    """Nobody sees it from now on; its files are removed."""
    part = member_part(command.member_id)
    before = await look(deps, part)
    receipt = await decide(deps, part, partial(avatars.remove, at=deps.now()))
    await objects.remove(avatars.files(before))
    return receipt
