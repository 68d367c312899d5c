"""Albums: make, change and delete them, and put photos into them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from commands.deciding import Part, Receipt, decide, decide_together, look
from commands.errors import Unavailable
from commands.once import Once
from commands.ports import Deps
from commands.seeing import seen_album, seen_photo
from domain import albums, texts
from domain.albums import DESCRIPTION_MOST, TITLE_MOST, Album, Entry, Words
from domain.errors import Forbidden, Invalid, NotFound
from domain.events import AlbumCreated, Event
from domain.ids import AlbumId, MemberId, PhotoId, is_id, slot_of
from domain.visibility import AlbumSight, Audience, Sight

Behind = Callable[[AlbumId, PhotoId], Awaitable[PhotoId | None]]
"""Behind which photo one lies in an album; `FIRST` for the first one, None where it is not known to be there."""


@dataclass(frozen=True, slots=True)
class CreateAlbum:
    """Make an album."""

    member_id: MemberId
    title: str
    description: str = ""
    audience: Audience = Audience.PUBLIC


@dataclass(frozen=True, slots=True)
class ChangeAlbum:
    """Change what is said of an album, or for whom it is."""

    member_id: MemberId
    album_id: AlbumId
    words: Words
    audience: Audience | None = None


@dataclass(frozen=True, slots=True)
class RemoveAlbum:
    """Delete an album; its photos stay."""

    member_id: MemberId
    album_id: AlbumId


@dataclass(frozen=True, slots=True)
class PlacePhoto:
    """Put a photo into an album or move it there: behind `after`, first where that is `FIRST`, by default last."""

    member_id: MemberId
    album_id: AlbumId
    photo_id: PhotoId
    after: PhotoId | None = None


@dataclass(frozen=True, slots=True)
class TakePhotoOut:
    """Take a photo out of an album; the photo stays."""

    member_id: MemberId
    album_id: AlbumId
    photo_id: PhotoId


async def create_album(command: CreateAlbum, *, deps: Deps, once: Once | None = None) -> Receipt[Album]:
    """Make an album of one's own."""
    said = _checked(Words(command.title, command.description))
    at = deps.now()
    album_id = deps.new_id(slot_of(command.member_id), at)
    created = AlbumCreated(
        at=at,
        album_id=album_id,
        owner_id=command.member_id,
        title=said.title or "",
        description=said.description or "",
        audience=command.audience,
    )
    return await decide(deps, album_part(album_id, fresh=True), lambda _: [created], once=once)


async def change_album(command: ChangeAlbum, *, deps: Deps, sight: Sight, shown: AlbumSight) -> Receipt[Album]:
    """Change words and audience in one step; only the owner may."""
    await _own(deps, sight, shown, command.member_id, command.album_id)
    said = _checked(command.words)
    at = deps.now()

    def choose(album: Album) -> Sequence[Event]:
        albums.owned_by(album, command.member_id)
        audience = [] if command.audience is None else albums.change_audience(album, command.audience, at)
        return [*albums.describe(album, said, at), *audience]

    return await decide(deps, album_part(command.album_id), choose)


async def remove_album(command: RemoveAlbum, *, deps: Deps, sight: Sight, shown: AlbumSight) -> Receipt[Album]:
    """Gone from every read at once; only the owner may, and again changes nothing."""
    await _own(deps, sight, shown, command.member_id, command.album_id, removed_too=True)
    return await decide(deps, album_part(command.album_id), partial(albums.remove, at=deps.now()))


async def place_photo(
    command: PlacePhoto, *, deps: Deps, sight: Sight, shown: AlbumSight, behind: Behind
) -> Receipt[tuple[Any, ...]]:
    """Put a photo of one's own into an album of one's own; again it changes nothing."""
    await _own(deps, sight, shown, command.member_id, command.album_id)
    photo = await seen_photo(sight, command.member_id, command.photo_id)
    if photo.owner_id != command.member_id:
        raise Forbidden("forbidden", "Only photos of one's own go into an album.")
    parts: list[Part[Any]] = [
        album_part(command.album_id),
        entry_part(command.album_id, command.photo_id),
    ]
    if command.after:
        if command.after == command.photo_id or not is_id(command.after):
            raise _not_of_the_album()
        parts.append(entry_part(command.album_id, command.after))
    there = command.after is not None and await behind(command.album_id, command.photo_id) == command.after
    at = deps.now()

    def choose(states: tuple[Any, ...]) -> Sequence[Sequence[Event]]:
        made = albums.owned_by(states[0], command.member_id)
        if command.after and not states[2].placed:
            raise _not_of_the_album()
        placed = albums.place(states[1], made, command.photo_id, command.after, at, there=there)
        return [[], placed, *([] for _ in parts[2:])]

    return await decide_together(deps, parts, choose)


async def take_photo_out(
    command: TakePhotoOut, *, deps: Deps, sight: Sight, shown: AlbumSight
) -> Receipt[tuple[Any, ...]]:
    """Take a photo out of an album of one's own; again it changes nothing."""
    await _own(deps, sight, shown, command.member_id, command.album_id)
    at = deps.now()
    return await decide_together(
        deps,
        (album_part(command.album_id), entry_part(command.album_id, command.photo_id)),
        lambda states: (
            [],
            albums.take_out(states[1], albums.owned_by(states[0], command.member_id), command.photo_id, at),
        ),
    )


def album_part(album_id: AlbumId, *, fresh: bool = False) -> Part[Album]:
    """An album as part of a decision."""
    return Part(albums.stream(album_id), albums.evolve, albums.NONE, fresh)


def entry_part(album_id: AlbumId, photo_id: PhotoId) -> Part[Entry]:
    """A photo's place in an album as part of a decision."""
    return Part(albums.entry_stream(album_id, photo_id), albums.evolve_entry, albums.NO_ENTRY)


def to_be_filled(member_id: MemberId, album_ids: Sequence[AlbumId]) -> list[AlbumId]:
    """The albums that a new photo is to lie in, each once; `Invalid` for what can't be an album of the member's."""
    if any(not is_id(album_id) or slot_of(album_id) != slot_of(member_id) for album_id in album_ids):
        albums.to_be_filled_by(albums.NONE, member_id)
    return list(dict.fromkeys(album_ids))


def filled(album: Album, member_id: MemberId, photo_id: PhotoId, at: Any) -> Sequence[Event]:
    """A new photo put last into an album."""
    made = albums.to_be_filled_by(album, member_id)
    return albums.place(albums.NO_ENTRY, made, photo_id, None, at, there=False)


def _not_of_the_album() -> Invalid:
    return Invalid("invalid", "must be another photo of the album", field="after")


async def _own(
    deps: Deps,
    sight: Sight,
    shown: AlbumSight,
    member_id: MemberId,
    album_id: AlbumId,
    *,
    removed_too: bool = False,
) -> None:
    """Refuse anyone but the owner: 404 to those who don't see the album, 403 to those who do.

    While the read store is down, and for one just made, the record itself tells the owner.
    """
    try:
        seen = await seen_album(shown, sight, member_id, album_id)
    except (NotFound, Unavailable):
        album = await look(deps, album_part(album_id))
        if album.created is None or album.created.owner_id != member_id or (album.removed and not removed_too):
            raise
        return
    if seen.owner_id != member_id:
        raise Forbidden("forbidden", "Only the owner of an album may do that.")


def _checked(words: Words) -> Words:
    return Words(
        title=None if words.title is None else texts.line(words.title, "title", least=1, most=TITLE_MOST),
        description=None
        if words.description is None
        else texts.block(words.description, "description", most=DESCRIPTION_MOST),
    )
