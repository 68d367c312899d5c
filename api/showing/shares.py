"""What a link shows: the same pictures as to anyone, but for the audience, which its maker has passed over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from api.answers import stamp_or_none
from api.ports import Now, Reads
from api.showing.albums import Content
from api.showing.albums import present as present_album
from api.showing.images import SIGNED_FOR, image
from api.showing.members import card
from api.showing.photos import hydrate, present
from api.showing.shown import Shown
from domain.ids import AlbumId, PhotoId
from domain.shares import ShareState, shows
from domain.visibility import Audience, MemberState, is_public

_PAGE: Final = 500
_METADATA: Final = ("camera", "taken_at", "location")


async def photos(reads: Reads, share: ShareState, photo_ids: Sequence[PhotoId], now: Now) -> list[Shown | None]:
    """Photos as the link shows them; None for what it doesn't show."""
    known = await hydrate(reads, None, photo_ids)
    owner = (await reads.sight.members([share.owner_id])).get(share.owner_id, MemberState(share.owner_id))
    opened = {
        photo_id: replace(state, audience=Audience.PUBLIC)
        for photo_id, state in known.states.items()
        if state.owner_id == share.owner_id and shows(state, owner)
    }
    by_all = replace(known, states=opened, owners={owner.member_id: replace(owner, private=False)})
    until = reads.files.expiry(now() + SIGNED_FOR)
    told: list[Shown | None] = []
    for photo_id in photo_ids:
        found = present(by_all, photo_id, reads, now)
        if found is None:
            told.append(None)
            continue
        state, rendition = known.states[photo_id], known.rows[photo_id].rendition
        body = {**found.body, "audience": state.audience}
        if not share.show_metadata:
            body |= dict.fromkeys(_METADATA)
        ends: datetime | None = None
        if rendition is not None and not is_public(state, owner):
            body["image"], ends = image(rendition, reads.files, until=until), until
        told.append(Shown(body, (*found.version, state.audience, share.show_metadata, ends)))
    return told


async def album(reads: Reads, share: ShareState, now: Now) -> Shown | None:
    """An album as the link shows it; None where it is gone."""
    album_id = share.subject_id
    row = await reads.albums.get(album_id)
    state = (await reads.albums.albums([album_id])).get(album_id)
    if row is None or state is None or state.owner_id != share.owner_id:
        return None
    owner = card((await reads.profiles.by_ids([share.owner_id])).get(share.owner_id), reads.files)
    return present_album(row, state.audience, owner, await _content(reads, share, album_id, now))


async def _content(reads: Reads, share: ShareState, album_id: AlbumId, now: Now) -> Content:
    count, cover, version = 0, None, ()
    after: tuple[str, PhotoId] | None = None
    owner = (await reads.sight.members([share.owner_id])).get(share.owner_id, MemberState(share.owner_id))
    while rows := await reads.albums.page(album_id, after=after, limit=_PAGE):
        states = await reads.sight.photos([row.photo_id for row in rows])
        shown = [row.photo_id for row in rows if row.photo_id in states and shows(states[row.photo_id], owner)]
        if shown and count == 0:
            (first,) = await photos(reads, share, shown[:1], now)
            if first is not None:
                cover, version = first.body["image"], first.version
        count += len(shown)
        after = (rows[-1].rank, rows[-1].photo_id)
    return Content(count, cover, (count, *version))


def shared(
    share: ShareState, *, photo: Shown | None = None, album: Shown | None = None, photos: Any = None
) -> dict[str, Any]:
    """What a link answers."""
    return {
        "kind": share.kind,
        "photo": photo and photo.body,
        "album": album and album.body,
        "photos": photos,
        "expires_at": stamp_or_none(share.expires_at),
    }
