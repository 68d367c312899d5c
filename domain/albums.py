"""Albums: their words and audience in one small stream each, and each photo's place in one of its own."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.errors import Forbidden, Invalid, NotFound
from domain.events import (
    AlbumAudienceChanged,
    AlbumCreated,
    AlbumDescribed,
    AlbumPhotoPlaced,
    AlbumPhotoTakenOut,
    AlbumRemoved,
    Event,
)
from domain.homes import Stream
from domain.ids import AlbumId, MemberId, PhotoId, slot_of
from domain.visibility import Audience

TITLE_MOST: Final = 200
DESCRIPTION_MOST: Final = 2_200
FIRST: Final = ""
"""Stands for the photo behind which the first one lies."""


@dataclass(frozen=True, slots=True)
class Album:
    """What is true of an album now."""

    created: AlbumCreated | None = None
    title: str = ""
    description: str = ""
    audience: Audience = Audience.PUBLIC
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Whether a photo lies in an album, and behind which it was put."""

    placed: bool = False
    after: PhotoId | None = None


NONE: Final = Album()
NO_ENTRY: Final = Entry()


def stream(album_id: AlbumId) -> Stream:
    """Where an album is recorded: with its owner."""
    return Stream(f"album-{album_id}", slot_of(album_id))


def entry_stream(album_id: AlbumId, photo_id: PhotoId) -> Stream:
    """Where a photo's place in an album is recorded: with the album."""
    return Stream(f"entry-{album_id}-{photo_id}", slot_of(album_id))


def evolve(album: Album, event: Event) -> Album:
    """What one event changes."""
    match event:
        case AlbumCreated() as made:
            return Album(made, made.title, made.description, Audience(made.audience))
        case AlbumDescribed(title=title, description=description):
            return replace(album, title=title, description=description)
        case AlbumAudienceChanged(audience=audience):
            return replace(album, audience=Audience(audience))
        case AlbumRemoved():
            return replace(album, removed=True)
        case _:
            return album


def evolve_entry(entry: Entry, event: Event) -> Entry:
    """What one event changes."""
    match event:
        case AlbumPhotoPlaced(after=after):
            return Entry(placed=True, after=after)
        case AlbumPhotoTakenOut():
            return NO_ENTRY
        case _:
            return entry


@dataclass(frozen=True, slots=True)
class Words:
    """What an owner says about an album; None leaves a field as it is."""

    title: str | None = None
    description: str | None = None


def describe(album: Album, words: Words, at: datetime) -> list[Event]:
    """Change the words; the same words again record nothing."""
    made = known_album(album)
    title = album.title if words.title is None else words.title
    description = album.description if words.description is None else words.description
    if (title, description) == (album.title, album.description):
        return []
    return [AlbumDescribed(at=at, album_id=made.album_id, owner_id=made.owner_id, title=title, description=description)]


def change_audience(album: Album, audience: Audience, at: datetime) -> list[Event]:
    """Open the album to more people, or to fewer."""
    made = known_album(album)
    if album.audience == audience:
        return []
    return [
        AlbumAudienceChanged(
            at=at, album_id=made.album_id, owner_id=made.owner_id, before=album.audience, audience=audience
        )
    ]


def remove(album: Album, at: datetime) -> list[Event]:
    """Delete the album; again it changes nothing."""
    made = known_album(album, removed_too=True)
    return [] if album.removed else [AlbumRemoved(at=at, album_id=made.album_id, owner_id=made.owner_id)]


def place(
    entry: Entry, made: AlbumCreated, photo_id: PhotoId, after: PhotoId | None, at: datetime, *, there: bool
) -> list[Event]:
    """Put a photo into an album, or move it; `there` says that a photo of the album already lies where it is to be."""
    if entry.placed and (after is None or there):
        return []
    return [AlbumPhotoPlaced(at=at, album_id=made.album_id, photo_id=photo_id, owner_id=made.owner_id, after=after)]


def take_out(entry: Entry, made: AlbumCreated, photo_id: PhotoId, at: datetime) -> list[Event]:
    """Take a photo out of an album; again it changes nothing."""
    if not entry.placed:
        return []
    return [AlbumPhotoTakenOut(at=at, album_id=made.album_id, photo_id=photo_id, owner_id=made.owner_id)]


def known_album(album: Album, *, removed_too: bool = False) -> AlbumCreated:
    """How the album began, or the refusal that there is none."""
    if album.created is None or (album.removed and not removed_too):
        raise NotFound("album_not_found", "There is no such album.")
    return album.created


def owned_by(album: Album, member_id: MemberId, *, removed_too: bool = False) -> AlbumCreated:
    """How the album began, if the member owns it."""
    made = known_album(album, removed_too=removed_too)
    if made.owner_id != member_id:
        raise Forbidden("forbidden", "Only the owner of an album may do that.")
    return made


def to_be_filled_by(album: Album, member_id: MemberId) -> AlbumCreated:
    """How the album began, where a photo that is just being published is to lie in it; it has to be the member's."""
    if album.created is None or album.removed or album.created.owner_id != member_id:
        raise Invalid("invalid", "must be albums of yours", field="album_ids")
    return album.created
