"""Shares: make a link to a photo or an album, and take it back."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from commands.deciding import Part, Receipt, decide
from commands.once import Once
from commands.ports import Deps, Passwords
from commands.seeing import seen_album, seen_photo
from domain import shares
from domain.errors import Forbidden, Invalid
from domain.events import ShareCreated
from domain.ids import MemberId, ShareId, slot_of
from domain.shares import PASSWORD_MOST, PHOTO, Share
from domain.visibility import AlbumSight, Sight


@dataclass(frozen=True, slots=True)
class CreateShare:
    """Make a link to a photo or an album of one's own; `kind` is `domain.shares.PHOTO` or `ALBUM`."""

    member_id: MemberId
    kind: str
    subject_id: str
    expires_at: datetime | None = None
    password: str | None = None
    show_metadata: bool = False


@dataclass(frozen=True, slots=True)
class RevokeShare:
    """Take a link back."""

    member_id: MemberId
    share_id: ShareId


async def create_share(
    command: CreateShare,
    *,
    deps: Deps,
    sight: Sight,
    shown: AlbumSight,
    passwords: Passwords,
    once: Once | None = None,
) -> Receipt[Share]:
    """Make a link; only the owner may."""
    if command.password is not None and not 1 <= len(command.password) <= PASSWORD_MOST:
        raise Invalid("invalid", f"must have 1 to {PASSWORD_MOST} characters", field="password")
    if command.kind == PHOTO:
        owner_id = (await seen_photo(sight, command.member_id, command.subject_id)).owner_id
    else:
        owner_id = (await seen_album(shown, sight, command.member_id, command.subject_id)).owner_id
    if owner_id != command.member_id:
        raise Forbidden("forbidden", f"Only the owner of {_ARTICLE[command.kind]} may share it.")
    shares.check_expiry(command.expires_at, deps.now())
    digest = "" if command.password is None else await passwords.digest(command.password)
    at = deps.now()
    share_id = deps.new_id(slot_of(command.member_id), at)
    created = ShareCreated(
        at=at,
        share_id=share_id,
        owner_id=owner_id,
        subject=f"{command.kind}:{command.subject_id}",
        expires_at=command.expires_at,
        password_hash=digest,
        show_metadata=command.show_metadata,
    )
    return await decide(deps, share_part(share_id, fresh=True), lambda _: [created], once=once)


async def revoke_share(command: RevokeShare, *, deps: Deps) -> Receipt[Share]:
    """Take a link back: it leads nowhere from now on; again it changes nothing."""
    choose = partial(shares.revoke, member_id=command.member_id, at=deps.now())
    return await decide(deps, share_part(command.share_id), choose)


_ARTICLE = {PHOTO: "a photo", shares.ALBUM: "an album"}


def share_part(share_id: ShareId, *, fresh: bool = False) -> Part[Share]:
    """A link as part of a decision."""
    return Part(shares.stream(share_id), shares.evolve, shares.NONE, fresh)
